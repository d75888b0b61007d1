package account

import (
	"context"

	"github.com/doorward/doorward/core"
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

// UpdateProfile changes the caller's profile and username, and gives the user as they are then. Errors:
// KindInvalid with every field that breaks a rule, ErrUsernameTaken.
func (s *Service) UpdateProfile(ctx context.Context, principal core.Principal, change ProfileChange) (User, error) {
	user, saved, err := Edit(ctx, s.deps.Users, principal.UserID, func(user *User) error {
		user.UpdatedAt = s.deps.Clock.Now()
		return change.apply(user)
	})
	if err != nil {
		return User{}, err
	}
	s.deps.Announcer.Announce(ctx, saved)
	return user, nil
}

func (c ProfileChange) apply(user *User) error {
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
