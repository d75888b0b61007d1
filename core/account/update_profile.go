package account

import (
	"context"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// ProfileChange is a partial update of a profile: nil leaves a field as it is, a pointer to the empty
// string clears it (JSON null).
type ProfileChange struct {
	Name     *string
	Username *string
	Bio      *string
	ImageURL *string
	Locale   *string
	Phone    *string
}

// UpdateProfile changes the caller's profile and username, and gives the user as they are then. A change of the
// username, which is a way to sign in, is told by mail; it wants no recent sign-in, because the address goes on
// to sign in as well. Errors: KindInvalid with every field that breaks a rule, ErrUsernameTaken.
func (s *Service) UpdateProfile(
	ctx context.Context, principal core.Principal, change ProfileChange,
) (user User, err error) {
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		var before User
		var saved core.Change
		user, saved, err = Edit(ctx, s.deps.Users, principal.UserID, func(user *User) error {
			before = *user
			err := change.Apply(user)
			if user.Profile != before.Profile || user.Username != before.Username {
				user.UpdatedAt = s.deps.Clock.Now()
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		event := told(own(audit.ActionProfileUpdate, principal), "fields", change.Names())
		if err = s.deps.Trail.Record(ctx, event); err == nil && user.Username != before.Username {
			err = s.deps.Post.Post(ctx, s.letter(ctx, mail.KindUsernameChanged, user))
		}
		return []core.Change{saved}, err
	})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// Apply makes the change of the user. Errors: KindInvalid with every field that breaks a rule.
func (c ProfileChange) Apply(user *User) error {
	replace(&user.Profile.Name, c.Name)
	replace(&user.Profile.Bio, c.Bio)
	replace(&user.Profile.ImageURL, c.ImageURL)
	replace(&user.Profile.Locale, c.Locale)
	replace(&user.Profile.Phone, c.Phone)
	var violations core.Violations
	violations.AddFields(user.Profile.Validate("")...)
	if c.Username != nil {
		violations.Add("username", user.rename(*c.Username))
	}
	return violations.Err()
}

// Names lists the fields that are written, as the API calls them.
func (c ProfileChange) Names() string {
	var names []string
	for _, field := range []struct {
		name  string
		value *string
	}{
		{"name", c.Name},
		{"username", c.Username},
		{"bio", c.Bio},
		{"image_url", c.ImageURL},
		{"locale", c.Locale},
		{"phone", c.Phone},
	} {
		if field.value != nil {
			names = append(names, field.name)
		}
	}
	return strings.Join(names, " ")
}

func replace(field, with *string) {
	if with != nil {
		*field = *with
	}
}

func (u *User) rename(username string) (err error) {
	if username == "" {
		u.Username, u.UsernameKey = "", ""
		return nil
	}
	u.Username, u.UsernameKey, err = NormalizeUsername(username)
	return err
}
