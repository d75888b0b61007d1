package directory

import (
	"context"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// Change is a partial update of an account: nil leaves a field as it is, a pointer to the empty text clears it. There
// is no address in it: whoever could set another one could take the account over by a reset.
type Change struct {
	Profile    account.ProfileChange
	Country    *string
	ExternalID *string
}

// Update changes an account, one's own too, and gives it as it is then. A change of the username, by which the person
// signs in, is told by mail. KindInvalid with every field that breaks a rule; account.ErrUsernameTaken,
// account.ErrExternalIDTaken; core.ErrConflict when the account is deleted; and those of access.Warden.Permit.
func (s *Service) Update(ctx context.Context, by By, id core.ID, change Change) (updated account.User, err error) {
	err = s.act(ctx, by, id, act{
		action: audit.ActionUserUpdate, needs: access.UsersWrite, own: true,
		do: func(ctx context.Context, before account.User, event *audit.Event) ([]core.Change, error) {
			event.Metadata["fields"] = change.names()
			var saved core.Change
			updated, saved, err = s.edit(ctx, id, kept, change.apply)
			if err == nil && updated.Username != before.Username {
				err = s.deps.Post.Post(ctx, s.letter(mail.KindUsernameChanged, updated))
			}
			return []core.Change{saved}, err
		},
	})
	return updated, err
}

func (c Change) apply(user *account.User) error {
	var violations core.Violations
	if err := c.Profile.Apply(user); err != nil {
		violations.AddFields(core.AsError(err).Fields...)
	}
	if c.Country != nil {
		violations.Add("country", setCountry(user, *c.Country))
	}
	if c.ExternalID != nil {
		violations.Add("external_id", setExternalID(user, *c.ExternalID))
	}
	return violations.Err()
}

// names lists the fields that are written, as the API calls them.
func (c Change) names() string {
	names := c.Profile.Names()
	if c.Country != nil {
		names += " country"
	}
	if c.ExternalID != nil {
		names += " external_id"
	}
	return strings.TrimSpace(names)
}

// setCountry takes a code of ISO 3166-1 alpha-2, in whatever case; empty for none.
func setCountry(user *account.User, code string) error {
	code = strings.ToUpper(code)
	foreign := func(r rune) bool { return r < 'A' || r > 'Z' }
	if code != "" && (len(code) != 2 || strings.ContainsFunc(code, foreign)) {
		return core.InvalidField("country", core.CodeInvalidFormat, "A country is written as two letters (ISO 3166-1 alpha-2).")
	}
	user.Country = code
	return nil
}

// setExternalID takes the id of another system as it is; empty for none.
func setExternalID(user *account.User, id string) error {
	err := account.CheckExternalID(id)
	if err == nil {
		user.ExternalID = id
	}
	return err
}
