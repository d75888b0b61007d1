package signin_test

import (
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
)

func TestLoginJudges(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		alter                func(user *account.User)
		identifier, password string
		want                 error
	}{
		"right, by email":       {nil, "ADA@EXAMPLE.COM", house.Passphrase, nil},
		"right, by username":    {nil, "Countess", house.Passphrase, nil},
		"wrong password":        {nil, ada, house.Passphrase + " ", signin.ErrInvalidCredentials},
		"not a password":        {nil, ada, "\xff", signin.ErrInvalidCredentials},
		"empty password":        {nil, ada, "", signin.ErrInvalidCredentials},
		"unknown email":         {nil, "grace@example.com", house.Passphrase, signin.ErrInvalidCredentials},
		"unknown username":      {nil, "grace", house.Passphrase, signin.ErrInvalidCredentials},
		"nonsense":              {nil, "@", house.Passphrase, signin.ErrInvalidCredentials},
		"without a password":    {func(u *account.User) { u.Password = "" }, ada, "", signin.ErrInvalidCredentials},
		"deleted":               {func(u *account.User) { u.Status = account.StatusDeleted }, ada, house.Passphrase, signin.ErrInvalidCredentials},
		"suspended":             {func(u *account.User) { u.Status = account.StatusSuspended }, ada, house.Passphrase, signin.ErrSuspended},
		"suspended, wrong":      {func(u *account.User) { u.Status = account.StatusSuspended }, ada, "wrong", signin.ErrInvalidCredentials},
		"unverified":            {func(u *account.User) { u.EmailVerified = false }, ada, house.Passphrase, signin.ErrUnverified},
		"unverified, wrong":     {func(u *account.User) { u.EmailVerified = false }, ada, "wrong", signin.ErrInvalidCredentials},
		"must reset":            {func(u *account.User) { u.MustReset = true }, ada, house.Passphrase, signin.ErrResetRequired},
		"must reset, wrong":     {func(u *account.User) { u.MustReset = true }, ada, "wrong", signin.ErrInvalidCredentials},
		"deactivated, wrong":    {func(u *account.User) { u.Status = account.StatusDeactivated }, ada, "wrong", signin.ErrInvalidCredentials},
		"deactivated and right": {func(u *account.User) { u.Status = account.StatusDeactivated }, ada, house.Passphrase, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			member := h.Member(ada, "countess")
			if c.alter != nil {
				h.Alter(member.User.ID, c.alter)
			}
			signedIn, err := h.Enter(c.identifier, c.password)
			h.Refused(err, c.want)
			if got := h.Hasher.Verified.Load(); got != 1 {
				t.Errorf("%d hashes were compared, want exactly one", got)
			}
			if c.want == nil && !h.Alive(signedIn) {
				t.Error("the session does not live")
			}
		})
	}
}

func TestLoginIgnoresPendingRegistrations(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Register(ada, "")
	_, err := h.Enter(ada, house.Passphrase)
	h.Refused(err, signin.ErrInvalidCredentials)
}

func TestLoginWithoutVerification(t *testing.T) {
	t.Parallel()
	h := house.OpenWith(t, signin.Config{})
	_, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
	h.Must(err)
	if user := h.Login(ada).User; user.EmailVerified {
		t.Error("signing in proves no mailbox")
	}
}

func TestLoginBringsADeactivatedAccountBack(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Must(h.Account.Deactivate(h.Ctx, h.Principal(member)))
	announced := h.Announced.Of(core.SubjectUser, member.User.ID)
	signedIn := h.Login(ada)
	if h.User(member.User.ID).Status != account.StatusActive || signedIn.User.Status != account.StatusActive {
		t.Error("the account is not active")
	}
	if h.Announced.Of(core.SubjectUser, member.User.ID) != announced+1 {
		t.Error("the change was not announced")
	}
	if h.Alive(member) {
		t.Error("a session of before came back as well")
	}
}

func TestLoginUpgradesStaleHashes(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	old := h.User(member.User.ID)
	h.Hasher.Strength.Store(1)
	h.Login(ada)
	fresh := h.User(member.User.ID)
	if fresh.Password == old.Password || fresh.Rev != old.Rev {
		t.Errorf("hash changed: %v, Rev from %d to %d", fresh.Password != old.Password, old.Rev, fresh.Rev)
	}
	hashed := h.Hasher.Hashed.Load()
	if h.Login(ada); h.Hasher.Hashed.Load() != hashed {
		t.Error("a fresh hash was upgraded again")
	}
}

func TestLoginJudgesAgainWhatHasChanged(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(user *account.User)
		want   error
	}{
		"a profile":   {func(u *account.User) { u.Profile.Name = "Grace" }, nil},
		"a password":  {func(u *account.User) { u.PasswordChangedAt = u.PasswordChangedAt.Add(1000) }, signin.ErrInvalidCredentials},
		"a status":    {func(u *account.User) { u.Status = account.StatusSuspended }, signin.ErrSuspended},
		"a deletion":  {func(u *account.User) { u.Status = account.StatusDeleted }, signin.ErrInvalidCredentials},
		"a must":      {func(u *account.User) { u.MustReset = true }, signin.ErrResetRequired},
		"a departure": {func(u *account.User) { u.Status = account.StatusDeactivated }, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			member := h.Member(ada, "")
			var once sync.Once
			h.Hasher.Between = func() { once.Do(func() { h.Alter(member.User.ID, c.change) }) }
			_, err := h.Enter(ada, house.Passphrase)
			h.Refused(err, c.want)
		})
	}
}

func TestManyLoginsAtOnceStayWithinTheLimit(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	for range 8 { // as many at once as there are tries
		for _, err := range house.Race(t, lockout.DefaultTries, func(int) error {
			_, err := h.Enter(ada, house.Passphrase)
			return err
		}) {
			h.Must(err)
		}
	}
	sessions, _, err := h.Sessions.List(h.Ctx, member.User.ID, core.Page{})
	h.Must(err)
	if limit := session.DefaultConfig().Limit; len(sessions) != limit {
		t.Errorf("%d sessions, want %d", len(sessions), limit)
	}
}

func TestOverloadIsPassedOn(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	caller := h.Principal(h.Member(ada, ""))
	h.Hasher.Err = core.NewError(core.KindUnavailable, core.CodeOverloaded, "full")
	_, err := h.Enter(ada, house.Passphrase)
	h.Refused(err, h.Hasher.Err)
	_, err = h.SignIn.Reauthenticate(h.Ctx, caller, signin.Confirmation{Password: house.Passphrase})
	h.Refused(err, h.Hasher.Err)
}

func TestReauthenticate(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Later(time.Hour)
	member, err := h.SignIn.Refresh(h.Ctx, member.Tokens.Refresh)
	h.Must(err)
	caller := h.Principal(member)
	h.Refused(caller.RequireRecent(h.Clock.Now(), time.Minute), recentError())

	_, err = h.SignIn.Reauthenticate(h.Ctx, caller, signin.Confirmation{Password: "wrong"})
	h.Refused(err, signin.ErrInvalidCredentials)
	proven, err := h.SignIn.Reauthenticate(h.Ctx, caller, signin.Confirmation{Password: house.Passphrase})
	h.Must(err)
	if proven.Session.ID != member.Session.ID || proven.Tokens.Refresh != member.Tokens.Refresh {
		t.Error("a proof of identity is of the session that asked for it")
	}
	caller = h.Principal(proven)
	h.Must(caller.RequireRecent(h.Clock.Now(), time.Minute))
	if len(caller.Factors) != 1 || caller.Factors[0] != signin.FactorPassword {
		t.Errorf("factors %v", caller.Factors)
	}

	h.Must(h.SignIn.Logout(h.Ctx, caller))
	_, err = h.SignIn.Reauthenticate(h.Ctx, caller, signin.Confirmation{Password: house.Passphrase})
	h.Refused(err, session.ErrEnded)
	h.Alter(member.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
	_, err = h.SignIn.Reauthenticate(h.Ctx, caller, signin.Confirmation{Password: house.Passphrase})
	h.Refused(err, signin.ErrInvalidCredentials)
	_, err = h.SignIn.Reauthenticate(h.Ctx, core.Principal{UserID: h.IDs.New()}, signin.Confirmation{Password: house.Passphrase})
	h.Refused(err, core.ErrNotFound)
}

func recentError() error { return core.NewError(core.KindForbidden, core.CodeReauthentication, "") }

func TestRefreshAndLogout(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Later(14 * time.Minute)
	renewed, err := h.SignIn.Refresh(h.Ctx, member.Tokens.Refresh)
	h.Must(err)
	if renewed.Session.ID != member.Session.ID || renewed.Tokens.Refresh == member.Tokens.Refresh {
		t.Error("refreshing did not rotate within the session")
	}
	h.Later(2 * time.Minute)
	_, err = h.SignIn.Authenticate(h.Ctx, member.Tokens.Access)
	h.Refused(err, token.ErrExpired)
	_, err = h.SignIn.Authenticate(h.Ctx, "nonsense")
	h.Refused(err, token.ErrInvalid)

	h.Must(h.SignIn.Logout(h.Ctx, h.Principal(renewed)))
	_, err = h.SignIn.Authenticate(h.Ctx, renewed.Tokens.Access)
	h.Refused(err, session.ErrEnded)
	_, err = h.SignIn.Refresh(h.Ctx, renewed.Tokens.Refresh)
	h.Refused(err, session.ErrEnded)

	again := h.Login(ada)
	h.Later(time.Hour)
	h.Must(h.SignIn.LogoutByRefresh(h.Ctx, again.Tokens.Refresh))
	h.Must(h.SignIn.LogoutByRefresh(h.Ctx, again.Tokens.Refresh))
	_, err = h.SignIn.Refresh(h.Ctx, again.Tokens.Refresh)
	h.Refused(err, session.ErrEnded)
	h.Refused(h.SignIn.LogoutByRefresh(h.Ctx, "nonsense"), session.ErrReference)
}

func TestRightsComeFromTheStore(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Alter(member.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
	_, err := h.SignIn.Authenticate(h.Ctx, member.Tokens.Access)
	h.Refused(err, session.ErrEnded)
	_, err = h.SignIn.Refresh(h.Ctx, member.Tokens.Refresh)
	h.Refused(err, session.ErrEnded)
}

func TestLoginJudgesADeactivatedAccountAgain(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "")
	h.Must(h.Account.Deactivate(h.Ctx, h.Principal(member)))
	h.Hasher.Between = func() {
		h.Alter(member.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
	}
	_, err := h.Enter(ada, house.Passphrase)
	h.Refused(err, signin.ErrSuspended)
	if got := h.User(member.User.ID).Status; got != account.StatusSuspended {
		t.Errorf("the account is %s", got)
	}
}

func TestLoginDoesWithoutAnUpgrade(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	old := h.User(h.Member(ada, "").User.ID)
	h.Hasher.Strength.Store(1)
	h.Hasher.HashErr = core.NewError(core.KindUnavailable, core.CodeOverloaded, "full")
	h.Login(ada)
	if h.User(old.ID).Password != old.Password {
		t.Error("the hash changed")
	}
}

func TestWithoutASigningKeyNobodyGetsIn(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Member(ada, "")
	h.Signer.Err = core.Unavailable(nil)
	_, err := h.Enter(ada, house.Passphrase)
	h.Refused(err, h.Signer.Err)
}
