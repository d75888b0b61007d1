package directory_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

func TestSuspension(t *testing.T) {
	t.Parallel()
	s := open(t)
	suspended, err := s.Directory.Suspend(s.Ctx, s.because("spam"), s.id)
	s.Must(err)
	coretest.Equal(t, account.StatusSuspended, suspended.Status)
	if s.Alive(s.signedIn) {
		t.Error("a session has outlived the suspension")
	}
	if s.Announced.Of(core.SubjectUser, s.id) == 0 || s.Announced.Of(core.SubjectSession, s.caller.SessionID) == 0 {
		t.Error("the replicas were not told")
	}
	letter := s.Letter(mail.KindSuspended, ada)
	if letter.IP != "" || letter.Device != "" {
		t.Errorf("the letter tells where the administrator was: %+v", letter)
	}
	_, err = s.Enter(ada, house.Passphrase)
	s.Refused(err, signin.ErrSuspended)
	restored, err := s.Directory.Restore(s.Ctx, s.by(), s.id)
	s.Must(err)
	coretest.Equal(t, account.StatusActive, restored.Status)
	coretest.Equal(t, 1, s.Letters(mail.KindReinstated, ada))
	s.Login(ada)
	_, err = s.Directory.Restore(s.Ctx, s.by(), s.id)
	s.Refused(err, core.ErrConflict)
}

func TestOneOfManySuspends(t *testing.T) {
	t.Parallel()
	s := open(t)
	house.OneWins(t, house.Race(t, 32, func(int) error {
		_, err := s.Directory.Suspend(s.Ctx, s.because("spam"), s.id)
		return err
	}), core.ErrConflict)
	coretest.Equal(t, 1, s.Letters(mail.KindSuspended, ada))
	house.OneWins(t, house.Race(t, 32, func(int) error {
		_, err := s.Directory.Restore(s.Ctx, s.by(), s.id)
		return err
	}), core.ErrConflict)
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Must(s.TokenRows.Put(s.Ctx, apitokentest.NewToken(s.id, s.Clock.Now())))
	deleted := s.deleted()
	coretest.Equal(t, s.Clock.Now().Add(account.DefaultDeletionGrace), deleted.PurgeAt)
	if s.Alive(s.signedIn) {
		t.Error("a session has outlived the deletion")
	}
	tokens, err := s.TokenRows.List(s.Ctx, s.id, s.Clock.Now(), core.Page{Limit: 10})
	s.Must(err)
	coretest.Equal(t, 0, len(tokens))
	_, err = s.Directory.Delete(s.Ctx, s.by(), s.id)
	s.Refused(err, core.ErrConflict)
	s.Must(s.Account.Restore(s.Ctx, s.Letter(mail.KindDeleted, ada).Token))
	s.Login(ada)

	token := func() string { return s.Letter(mail.KindDeleted, ada).Token }
	s.deleted()
	restored, err := s.Directory.Restore(s.Ctx, s.by(), s.id)
	s.Must(err)
	coretest.Equal(t, time.Time{}, restored.PurgeAt)
	s.Refused(s.Account.Restore(s.Ctx, token()), verification.ErrLink)
	coretest.Equal(t, 2, s.Letters(mail.KindRestored, ada))
	s.deleted()
	s.Later(account.DefaultDeletionGrace)
	_, err = s.Directory.Restore(s.Ctx, directory.Caller(s.Session(s.admin.UserID), ""), s.id)
	s.Refused(err, core.ErrConflict)
}

// A suspension is not lifted by the link of a deletion, nor by those who may delete alone.
func TestDeletionOfTheSuspended(t *testing.T) {
	t.Parallel()
	s := open(t)
	deleter := s.holder(t, "deleter@example.com", acts["delete"].needs)
	s.suspended()
	_, err := s.Directory.Delete(s.Ctx, directory.Caller(deleter, ""), s.id)
	s.Refused(err, errForbidden())
	_, err = s.Directory.Restore(s.Ctx, directory.Caller(deleter, ""), s.id)
	s.Refused(err, errForbidden())
	s.deleted()
	coretest.Equal(t, "", s.Letter(mail.KindDeleted, ada).Token)
	suspender := s.holder(t, "suspender@example.com", acts["suspend"].needs)
	_, err = s.Directory.Restore(s.Ctx, directory.Caller(suspender, ""), s.id)
	s.Refused(err, errForbidden())
}

// Who may restore nobody does not learn by which permission is missing what became of an account.
func TestRefusedRestoresAreAlike(t *testing.T) {
	t.Parallel()
	s := open(t)
	told := make(map[string]bool)
	try := func(id core.ID) {
		_, err := s.Directory.Restore(s.Ctx, directory.Caller(s.caller, ""), id)
		told[core.AsError(err).Message] = true
	}
	try(s.admin.UserID)
	try(s.IDs.New())
	other := s.Member("other@example.com", "other")
	_, err := s.Directory.Delete(s.Ctx, s.by(), other.User.ID)
	s.Must(err)
	try(other.User.ID)
	coretest.Equal(t, 1, len(told))
}

func TestForcedReset(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Must(s.TokenRows.Put(s.Ctx, apitokentest.NewToken(s.id, s.Clock.Now())))
	s.Must(s.Directory.ForceReset(s.Ctx, s.by(), s.id))
	if s.Alive(s.signedIn) {
		t.Error("a session has outlived the reset")
	}
	tokens, err := s.TokenRows.List(s.Ctx, s.id, s.Clock.Now(), core.Page{Limit: 10})
	s.Must(err)
	coretest.Equal(t, 0, len(tokens))
	_, err = s.Enter(ada, house.Passphrase)
	s.Refused(err, signin.ErrResetRequired)
	letter := s.Letter(mail.KindPasswordResetForced, ada)
	coretest.Equal(t, s.Clock.Now().Add(directory.ResetLinkTTL), letter.LinkExpiresAt)
	const fresh = "plums in a tin bowl"
	s.Must(s.Password.Reset(s.Ctx, credential.ResetRequest{Token: letter.Token, NewPassword: fresh}))
	_, err = s.Enter(ada, fresh)
	s.Must(err)
	s.suspended()
	s.Refused(s.Directory.ForceReset(s.Ctx, s.by(), s.id), core.ErrConflict)
}

func TestUnlocking(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 5 {
		_, err := s.Enter(ada, "not the passphrase")
		s.Refused(err, signin.ErrInvalidCredentials)
	}
	for range verification.MaxFailures/verification.MaxTries + 1 {
		receipt, err := s.Password.Forgot(s.Ctx, ada)
		s.Must(err)
		s.Work()
		for range verification.MaxTries {
			_, err = s.Prover.Try(s.Ctx, receipt.ID, verification.PurposePasswordReset, "")
			s.Refused(err, verification.ErrCode)
		}
		s.Later(time.Hour)
	}
	receipt, err := s.Password.Forgot(s.Ctx, ada)
	s.Must(err)
	s.Work()
	code := s.Letter(mail.KindPasswordReset, ada).Code
	_, err = s.Prover.Try(s.Ctx, receipt.ID, verification.PurposePasswordReset, code)
	s.Refused(err, verification.ErrCode) // the account's budget is spent
	s.Must(s.Directory.Unlock(s.Ctx, s.by(), s.id))
	_, err = s.Prover.Try(s.Ctx, receipt.ID, verification.PurposePasswordReset, code)
	s.Must(err)
	s.Login(ada)
}

func TestFactors(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Must(s.Directory.RequireFactor(s.Ctx, s.by(), s.id, true))
	if user := s.User(s.id); !user.Protection.Required || user.Protection.EnrolBy.IsZero() {
		t.Errorf("%+v", user.Protection)
	}
	s.Enrol(s.caller)
	s.Must(s.Directory.RemoveFactors(s.Ctx, s.by(), s.id))
	coretest.Equal(t, 1, s.Letters(mail.KindFactorRemoved, ada))
	coretest.Equal(t, "", s.Letter(mail.KindFactorRemoved, ada).IP)
	if s.Alive(s.signedIn) {
		t.Error("a session has outlived the factors")
	}
	s.Login(ada)
	s.deleted()
	s.Refused(s.Directory.RemoveFactors(s.Ctx, s.by(), s.id), core.ErrConflict)
	s.Refused(s.Directory.RequireFactor(s.Ctx, s.by(), s.id, true), core.ErrConflict)
}

// TestADemandThatIsTakenBackLeavesThatOfTheRole wants nobody to gain time by a demand that comes and goes beside the one of
// a role.
func TestADemandThatIsTakenBackLeavesThatOfTheRole(t *testing.T) {
	t.Parallel()
	s := open(t)
	catalogue, err := s.Access.Catalogue(s.Ctx)
	s.Must(err)
	role, _ := catalogue.RoleNamed(account.RoleUser)
	role.SecondFactorSince = s.Clock.Now()
	s.Must(s.Access.PutRole(s.Ctx, role))
	asked := s.Login(ada).EnrolBy
	coretest.Equal(t, false, asked.IsZero())
	for _, demanded := range []bool{true, false} {
		s.Later(time.Hour)
		s.Must(s.Directory.RequireFactor(s.Ctx, directory.Operator(""), s.id, demanded))
		coretest.Equal(t, account.Protection{Required: demanded, EnrolBy: asked}, s.User(s.id).Protection)
	}
}

func TestSessionsOfOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	second := s.Login(ada)
	sessions, next, err := s.Directory.Sessions(s.Ctx, s.id, core.Page{Limit: 1})
	s.Must(err)
	coretest.Equal(t, []core.ID{s.Principal(second).SessionID}, []core.ID{sessions[0].ID})
	coretest.Equal(t, false, next.IsZero())
	s.Must(s.Directory.EndSession(s.Ctx, s.by(), s.id, sessions[0].ID))
	coretest.Equal(t, false, s.Alive(second))
	coretest.Equal(t, true, s.Alive(s.signedIn))
	s.Must(s.Directory.EndSessions(s.Ctx, s.by(), s.id))
	coretest.Equal(t, false, s.Alive(s.signedIn))
	_, _, err = s.Directory.Sessions(s.Ctx, s.IDs.New(), core.Page{})
	s.Refused(err, core.ErrNotFound)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := open(t)
	updated, err := s.Directory.Update(s.Ctx, s.by(), s.id, directory.Change{
		Profile: account.ProfileChange{Name: text("Grace"), Username: text("grace"), Bio: text("x")},
		Country: text("nz"), ExternalID: text("4711"),
	})
	s.Must(err)
	want := s.User(s.id)
	coretest.Equal(t, want, updated)
	coretest.Equal(t, []string{"Grace", "grace", "x", "NZ", "4711"},
		[]string{want.Profile.Name, want.Username, want.Profile.Bio, want.Country, want.ExternalID})
	coretest.Equal(t, 1, s.Letters(mail.KindUsernameChanged, ada))
	cleared, err := s.Directory.Update(s.Ctx, s.by(), s.id, directory.Change{
		Profile: account.ProfileChange{Username: text("")}, Country: text(""), ExternalID: text(""),
	})
	s.Must(err)
	coretest.Equal(t, []string{"", "", ""}, []string{cleared.Username, cleared.Country, cleared.ExternalID})
	_, err = s.Directory.Update(s.Ctx, s.by(), s.id, directory.Change{
		Profile: account.ProfileChange{Name: text("")}, Country: text("Germany"), ExternalID: text("a\nb"),
	})
	var fields []string
	for _, field := range core.AsError(err).Fields {
		fields = append(fields, field.Field)
	}
	coretest.Equal(t, []string{"name", "country", "external_id"}, fields)
	s.deleted()
	_, err = s.Directory.Update(s.Ctx, s.by(), s.id, directory.Change{Country: text("DE")})
	s.Refused(err, core.ErrConflict)
}

// TestNothingIsHalfDone lets every act fail at each of its steps.
func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	type act = func(ctx context.Context) error
	for name, what := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house.Stumble(t, func(t *testing.T) (act, act) {
				s := open(t)
				again := func(ctx context.Context) error {
					s.Ctx = ctx
					return what.do(s, s.because("why"), s.id)
				}
				return again, again
			})
		})
	}
	t.Run("create", func(t *testing.T) {
		t.Parallel()
		house.Stumble(t, func(t *testing.T) (act, act) {
			s := open(t)
			again := func(ctx context.Context) error {
				_, err := s.Directory.Create(ctx, s.by(), directory.NewUser{
					Email: grace, Profile: account.Profile{Name: "Grace"}, Invite: true,
				})
				return err
			}
			return again, again
		})
	})
}
