package directory_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
)

// written is an act, and the events that tell of it.
var written = map[string]struct {
	prepare func(s setting)
	act     func(s setting)
	want    []string
}{
	"a change": {act: func(s setting) {
		_, err := s.Directory.Update(s.Ctx, s.by(), s.id, directory.Change{
			Profile: account.ProfileChange{Name: text("Ada Lovelace")}, Country: text("DE"), ExternalID: text("4711"),
		})
		s.Must(err)
	}, want: []string{"user.update success by person fields=name country external_id"}},
	"a suspension": {act: func(s setting) { s.suspended() }, want: []string{
		"session.end success account_suspended by system sessions=all", "user.suspend success by person reason=spam",
	}},
	"a second suspension": {prepare: func(s setting) { s.suspended() }, act: func(s setting) {
		_, err := s.Directory.Suspend(s.Ctx, s.because("spam"), s.id)
		s.Refused(err, core.ErrConflict)
	}, want: []string{"user.suspend refused conflict by person reason=spam"}},
	"the end of a suspension": {prepare: func(s setting) { s.suspended() }, act: func(s setting) {
		_, err := s.Directory.Restore(s.Ctx, s.because("a mistake"), s.id)
		s.Must(err)
	}, want: []string{"user.restore success by person from=suspended reason=a mistake"}},
	"a deletion": {act: func(s setting) { s.deleted() }, want: []string{
		"session.end success account_deleted by system sessions=all", "user.delete success by person",
	}},
	"the end of a deletion": {prepare: func(s setting) { s.deleted() }, act: func(s setting) {
		_, err := s.Directory.Restore(s.Ctx, s.by(), s.id)
		s.Must(err)
	}, want: []string{"user.restore success by person from=deleted"}},
	"unlocking": {act: func(s setting) { s.Must(s.Directory.Unlock(s.Ctx, directory.Operator("called"), s.id)) }, want: []string{
		"user.unlock success by operator reason=called",
	}},
	"a proof of the address": {act: func(s setting) {
		_, err := s.Directory.VerifyEmail(s.Ctx, s.by(), s.id)
		s.Must(err)
	}, want: []string{"user.verify_email success by person"}},
	"a forced reset": {act: func(s setting) { s.Must(s.Directory.ForceReset(s.Ctx, s.because("leaked"), s.id)) }, want: []string{
		"session.end success password_reset_forced by system sessions=all", "user.force_password_reset success by person reason=leaked",
	}},
	"a demand": {act: func(s setting) { s.Must(s.Directory.RequireFactor(s.Ctx, s.by(), s.id, true)) }, want: []string{
		"account.require_second_factor success by person required=on",
	}},
	"the end of a demand": {act: func(s setting) {
		s.Must(s.Directory.RequireFactor(s.Ctx, directory.Operator(""), s.id, false))
	}, want: []string{"account.require_second_factor success by operator required=off"}},
	"factors that are removed": {prepare: func(s setting) { s.Enrol(s.caller) }, act: func(s setting) {
		s.Must(s.Directory.RemoveFactors(s.Ctx, s.because("lost"), s.id))
	}, want: []string{
		"session.end success second_factor_removed by system sessions=all", "factor.remove success by person factor=totp reason=lost",
	}},
	"all sessions": {act: func(s setting) { s.Must(s.Directory.EndSessions(s.Ctx, s.because("left"), s.id)) }, want: []string{
		"session.end success revoked by person reason=left sessions=all",
	}},
	"one session": {act: func(s setting) {
		s.Must(s.Directory.EndSession(s.Ctx, s.by(), s.id, s.caller.SessionID))
	}, want: []string{"session.end success revoked by person"}},
	"a session of another": {act: func(s setting) {
		s.Refused(s.Directory.EndSession(s.Ctx, s.by(), s.id, s.admin.SessionID), core.ErrNotFound)
	}, want: []string{"session.end refused not_found by person"}},
	"an act without the permission": {act: func(s setting) {
		_, err := s.Directory.Suspend(s.Ctx, directory.Caller(s.caller, "why not"), s.id)
		s.Refused(err, errForbidden())
	}, want: []string{"user.suspend refused forbidden by person reason=why not"}},
	"a name that breaks a rule": {act: func(s setting) {
		_, err := s.Directory.Update(s.Ctx, s.by(), s.id, directory.Change{Profile: account.ProfileChange{Name: text("")}})
		s.Refused(err, core.Invalid())
	}},
}

// TestActsAreWrittenDown goes through what administrators do, and what they are refused.
func TestActsAreWrittenDown(t *testing.T) {
	t.Parallel()
	for name, c := range written {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if c.prepare != nil {
				c.prepare(s)
			}
			s.Tells(s.id, func() { c.act(s) }, c.want...)
		})
	}
}

func TestOpeningIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := open(t)
	var created account.User
	before := len(s.Log.All())
	created, err := s.Directory.Create(s.Ctx, s.because("new here"), directory.NewUser{
		Email: grace, Profile: account.Profile{Name: "Grace"},
	})
	s.Must(err)
	events := s.Log.All()[before:]
	if len(events) != 1 || events[0].Subject != created.ID || events[0].Actor != s.admin.UserID || events[0].Metadata["reason"] != "new here" {
		t.Errorf("events: %+v", events)
	}
	coretest.Equal(t, 1, len(events[0].Metadata)) // what everybody has is not told
	s.Tells(core.ID{}, func() {
		_, err := s.Directory.Create(s.Ctx, s.by(), directory.NewUser{Email: grace, Profile: account.Profile{Name: "Grace"}})
		s.Refused(err, account.ErrEmailTaken)
	}, "user.create refused email_taken by person")
}

// TestWhatANewAccountIsGivenIsWrittenDown opens accounts with roles and groups.
func TestWhatANewAccountIsGivenIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Must(s.Access.PutGroup(s.Ctx, access.Group{ID: s.IDs.New(), Name: "readers", CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now()}))
	asked := directory.NewUser{
		Email: grace, Profile: account.Profile{Name: "Grace"}, Groups: []string{"readers"},
		Roles: []string{account.RoleUser, account.RoleAdmin, account.RoleUser},
	}
	s.Tells(core.ID{}, func() {
		_, err := s.Directory.Create(s.Ctx, s.because("new here"), asked)
		s.Must(err)
		_, err = s.Directory.Create(s.Ctx, s.because("new here"), asked)
		s.Refused(err, account.ErrEmailTaken)
	},
		"user.create success by person of another added=ADMIN USER readers reason=new here",
		"user.create refused email_taken by person reason=new here")
}
