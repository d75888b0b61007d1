package directory_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

func invited() directory.NewUser {
	return directory.NewUser{
		Email: "Grace@Example.com", Username: "Amazing", Profile: account.Profile{Name: "Grace Hopper", Locale: "en-us"},
		Country: "us", ExternalID: "crm-4711", Invite: true,
	}
}

// TestInvitation opens an account for somebody, who sets their password by the link of the mail, and signs in.
func TestInvitation(t *testing.T) {
	t.Parallel()
	s := open(t)
	created, err := s.Directory.Create(s.Ctx, s.by(), invited())
	s.Must(err)
	coretest.Equal(t, s.User(created.ID), created)
	coretest.Equal(t, account.SourceInvited, created.Source)
	coretest.Equal(t, []string{account.RoleUser}, created.Roles)
	coretest.Equal(t, []string{"US", "crm-4711", "en-US"}, []string{created.Country, created.ExternalID, created.Profile.Locale})
	coretest.Equal(t, false, created.EmailVerified)
	_, err = s.Enter(grace, "")
	s.Refused(err, signin.ErrInvalidCredentials)
	letter := s.Letter(mail.KindInvitation, created.Email)
	coretest.Equal(t, s.Clock.Now().Add(directory.DefaultInvitationTTL), letter.LinkExpiresAt)
	s.Later(directory.DefaultInvitationTTL - 1)
	s.Must(s.Password.CheckReset(s.Ctx, letter.Token))
	s.Must(s.Password.Reset(s.Ctx, credential.ResetRequest{Token: letter.Token, NewPassword: house.Passphrase}))
	s.Refused(s.Password.CheckReset(s.Ctx, letter.Token), verification.ErrLink)
	s.Login("amazing")
	coretest.Equal(t, true, s.User(created.ID).EmailVerified)
}

// Whoever lets an invitation lapse is invited again by a reset.
func TestInvitedAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	created, err := s.Directory.Create(s.Ctx, s.by(), invited())
	s.Must(err)
	s.Later(directory.DefaultInvitationTTL)
	s.Refused(s.Password.CheckReset(s.Ctx, s.Letter(mail.KindInvitation, created.Email).Token), verification.ErrLink)
	s.Must(s.Directory.ForceReset(s.Ctx, s.by(), created.ID))
	coretest.Equal(t, 2, s.Letters(mail.KindInvitation, created.Email))
	coretest.Equal(t, false, s.User(created.ID).MustReset)
	s.Must(s.Password.CheckReset(s.Ctx, s.Letter(mail.KindInvitation, created.Email).Token))
}

func TestOpeningWithoutInvitation(t *testing.T) {
	t.Parallel()
	s := open(t)
	asked := invited()
	asked.Invite, asked.EmailVerified = false, true
	created, err := s.Directory.Create(s.Ctx, s.by(), asked)
	s.Must(err)
	coretest.Equal(t, account.SourceCreated, created.Source)
	coretest.Equal(t, true, created.EmailVerified)
	coretest.Equal(t, 0, len(s.Post.All(created.Email)))
}

func TestOpeningRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(asked *directory.NewUser)
		field  string
		code   core.Code
	}{
		"no address":         {func(a *directory.NewUser) { a.Email = "" }, "email", core.CodeInvalidFormat},
		"no name":            {func(a *directory.NewUser) { a.Profile.Name = " " }, "name", core.CodeRequired},
		"a bad username":     {func(a *directory.NewUser) { a.Username = "a b" }, "username", core.CodeTooShort},
		"a bad locale":       {func(a *directory.NewUser) { a.Profile.Locale = "?" }, "locale", core.CodeInvalidFormat},
		"a bad phone":        {func(a *directory.NewUser) { a.Profile.Phone = "1" }, "phone", core.CodeInvalidFormat},
		"a bad country":      {func(a *directory.NewUser) { a.Country = "1A" }, "country", core.CodeInvalidFormat},
		"a long external id": {func(a *directory.NewUser) { a.ExternalID = strings.Repeat("é", 256) }, "external_id", core.CodeTooLong},
		"no such role":       {func(a *directory.NewUser) { a.Roles = []string{"USER", "NOBODY"} }, "roles.1", core.CodeUnknownValue},
		"one of many roles":  {func(a *directory.NewUser) { a.Roles = []string{"USER", "USER", "NOBODY"} }, "roles.2", core.CodeUnknownValue},
		"no such group":      {func(a *directory.NewUser) { a.Groups = []string{"nobody"} }, "groups.0", core.CodeUnknownValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			asked := invited()
			c.change(&asked)
			_, err := s.Directory.Create(s.Ctx, s.by(), asked)
			s.Refused(err, core.Invalid())
			if field := core.AsError(err).Fields[0]; field.Field != c.field || field.Code != c.code && name != "a bad username" {
				t.Errorf("%+v", field)
			}
		})
	}
}

// TestNobodyGivesMoreThanTheyHold opens accounts with roles and groups.
func TestNobodyGivesMoreThanTheyHold(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Must(s.Access.PutGroup(s.Ctx, access.Group{
		ID: s.IDs.New(), Name: "readers", Permissions: []string{access.UsersRead.Key()}, CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now(),
	}))
	writer := s.holder(t, "writer@example.com", access.UsersWrite)
	giver := s.holder(t, "giver@example.com", access.UsersWrite, access.AccessWrite)
	reader := s.holder(t, "reader@example.com", access.UsersRead, access.AccessWrite)
	owner := s.Admin("owner@example.com", account.RoleOwner)
	for name, c := range map[string]struct {
		by            core.Principal
		roles, groups []string
		want          error
	}{
		"plainly":                        {by: writer},
		"a role of nothing by a writer":  {by: writer, roles: []string{account.RoleUser}},
		"a role by a writer":             {by: writer, roles: []string{account.RoleAdmin}, want: access.ErrExceeds},
		"a group by a writer":            {by: writer, groups: []string{"readers"}, want: access.ErrExceeds},
		"more than one holds":            {by: giver, groups: []string{"readers"}, want: access.ErrExceeds},
		"without the right to open":      {by: reader, groups: []string{"readers"}, want: errForbidden()},
		"what one holds":                 {by: s.admin, roles: []string{account.RoleAdmin}, groups: []string{"readers"}},
		"ownership by an administrator":  {by: s.admin, roles: []string{account.RoleOwner}, want: access.ErrExceeds},
		"ownership by an owner":          {by: owner, roles: []string{account.RoleOwner, account.RoleOwner}},
		"by somebody who holds nothing":  {by: s.caller, want: errForbidden()},
		"own role by a writer, no grant": {by: writer, roles: []string{"ROLE_OF_writer@example.com"}, want: errForbidden()},
	} {
		asked := directory.NewUser{
			Email: strings.ReplaceAll(name, " ", "-") + "@example.org", Profile: account.Profile{Name: "Grace"},
			Roles: c.roles, Groups: c.groups,
		}
		asked.Email = strings.ReplaceAll(asked.Email, ",", "")
		created, err := s.Directory.Create(s.Ctx, directory.Caller(c.by, ""), asked)
		if c.want != nil {
			s.Refused(err, c.want)
			continue
		}
		s.Must(err)
		held, err := s.Access.Of(s.Ctx, created.ID, access.KindRole)
		s.Must(err)
		if held[0].By != c.by.UserID {
			t.Errorf("%s: assigned by %v", name, held[0].By)
		}
		coretest.Equal(t, len(c.groups), len(created.Groups))
	}
}

func TestOneOfManyOpens(t *testing.T) {
	t.Parallel()
	s := open(t)
	house.OneWins(t, house.Race(t, 32, func(int) error {
		_, err := s.Directory.Create(s.Ctx, s.by(), invited())
		return err
	}), account.ErrEmailTaken)
	coretest.Equal(t, 1, s.Letters(mail.KindInvitation, "Grace@example.com"))
	for want, change := range map[error]func(asked *directory.NewUser){
		account.ErrUsernameTaken:   func(asked *directory.NewUser) { asked.ExternalID = "" },
		account.ErrExternalIDTaken: func(asked *directory.NewUser) { asked.Username = "" },
	} {
		asked := invited()
		asked.Email = "other@example.com"
		change(&asked)
		_, err := s.Directory.Create(s.Ctx, s.by(), asked)
		s.Refused(err, want)
	}
}
