package apitokentest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

// Beside are the stores of the same database that tell who callers are.
type Beside struct {
	Admissions access.Admissions
	Sessions   session.Store
	Ender      session.Ender
	Access     access.Lookup
	Catalogues access.Catalogues
	Log        audit.Log
	History    audit.History
}

// Admissions is access.Admissions in memory: it asks the fakes that hold what callers come by.
type Admissions struct {
	Sessions session.Lookup
	Tokens   apitoken.Tokens
	Keys     apitoken.Keys
}

var _ access.Admissions = Admissions{}

// Stands implements access.Admissions.
func (a Admissions) Stands(ctx context.Context, caller core.Principal, now time.Time) (bool, error) {
	switch caller.Means {
	case core.ByToken:
		tokens, err := a.Tokens.List(ctx, caller.UserID, now, core.Page{Limit: apitoken.MaxTokens})
		return slices.ContainsFunc(tokens, func(held apitoken.Token) bool { return held.ID == caller.TokenID }), err
	case core.ByService:
		keys, err := a.Keys.List(ctx, caller.ServiceID, now)
		return slices.ContainsFunc(keys, func(held apitoken.Key) bool { return held.ID == caller.TokenID }), err
	case core.BySession, core.ByImpersonation:
	}
	held, err := a.Sessions.Session(ctx, caller.SessionID)
	if errors.Is(err, core.ErrNotFound) {
		return false, nil
	}
	return held.UserID == caller.ID() && held.Live(now), err
}

// TestAdmissions is the contract of access.Admissions.
func TestAdmissions(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"a session, until it is over":     admitsSession,
		"who impersonates, by their own":  admitsImpersonation,
		"a token, until it is gone":       admitsToken,
		"a key, until it is gone":         admitsKey,
		"nothing is good for another":     admitsNoOther,
		"sees what its transaction does":  admitsInTransaction,
		"an answer that cannot be had":    admitsNobodyUnasked,
		"a key without an end stays good": admitsLastingKey,
	})
}

// idle is how long a session of this suite lives without being used.
const idle = time.Hour

// session opens one of the user, who has just proven who they are.
func (s Stores) session(t *testing.T, user core.ID) core.Principal {
	t.Helper()
	owner, err := s.Accounts.Find(t.Context(), user)
	coretest.Must(t, err)
	opened := session.Session{
		ID: accounttest.NewID(), UserID: user, AuthTime: at(0), CreatedAt: at(0), LastUsedAt: at(0),
		IdleExpiresAt: at(idle), ExpiresAt: at(life), Rev: 1,
		Chain: session.Chain{Nonce: session.Nonce(secret.Random(16)), Branches: 1, RotatedAt: at(0)},
	}
	_, err = s.Beside.Sessions.Open(t.Context(), session.Opening{Session: opened, UserRev: owner.Rev, Limit: 100})
	coretest.Must(t, err)
	return core.Principal{UserID: user, SessionID: opened.ID, AuthTime: at(0)}
}

// stands wants the caller to stand, or not, so long after the epoch.
func (s Stores) stands(t *testing.T, want bool, caller core.Principal, after time.Duration) {
	t.Helper()
	got, err := s.Beside.Admissions.Stands(t.Context(), caller, at(after))
	coretest.Must(t, err)
	if got != want {
		t.Errorf("%+v after %s: %v", caller, after, got)
	}
}

func (s Stores) ends(ctx context.Context, caller core.Principal) error {
	_, err := s.Beside.Ender.End(ctx, caller.UserID, caller.SessionID, session.EndSignedOut, at(0))
	return err
}

func admitsSession(t *testing.T, s Stores) {
	user := s.user(t)
	caller, other := s.session(t, user), s.session(t, user)
	s.stands(t, true, caller, idle-time.Microsecond)
	s.stands(t, false, caller, idle)
	coretest.Must(t, s.ends(t.Context(), caller))
	s.stands(t, false, caller, 0)
	s.stands(t, true, other, 0)
}

func admitsImpersonation(t *testing.T, s Stores) {
	person, administrator := s.user(t), s.user(t)
	own := s.session(t, administrator)
	caller := core.Principal{Means: core.ByImpersonation, UserID: person, Actor: administrator, SessionID: own.SessionID}
	s.stands(t, true, caller, 0)
	theirs := caller
	theirs.SessionID = s.session(t, person).SessionID
	s.stands(t, false, theirs, 0)
	coretest.Must(t, s.ends(t.Context(), own))
	s.stands(t, false, caller, 0)
}

func admitsToken(t *testing.T, s Stores) {
	user := s.user(t)
	gone, kept := s.put(t, NewToken(user, at(0))), s.put(t, NewToken(user, at(0)))
	byGone := core.Principal{Means: core.ByToken, UserID: user, TokenID: gone.ID}
	byKept := core.Principal{Means: core.ByToken, UserID: user, TokenID: kept.ID}
	s.stands(t, true, byGone, life-time.Microsecond)
	s.stands(t, false, byGone, life)
	coretest.Must(t, s.Tokens.Remove(t.Context(), user, gone.ID))
	s.stands(t, false, byGone, 0)
	s.stands(t, true, byKept, 0)
}

func admitsKey(t *testing.T, s Stores) {
	service := s.service(t, at(0)).ID
	gone, kept := s.key(t, service, at(0)), s.key(t, service, at(0))
	byGone := core.Principal{Means: core.ByService, ServiceID: service, TokenID: gone.ID}
	byKept := core.Principal{Means: core.ByService, ServiceID: service, TokenID: kept.ID}
	s.stands(t, true, byGone, life-time.Microsecond)
	s.stands(t, false, byGone, life)
	coretest.Must(t, s.Keys.Remove(t.Context(), service, gone.ID))
	s.stands(t, false, byGone, 0)
	s.stands(t, true, byKept, 0)
	coretest.Must(t, s.Services.Remove(t.Context(), service))
	s.stands(t, false, byKept, 0)
}

func admitsLastingKey(t *testing.T, s Stores) {
	lasting := NewKey(s.service(t, at(0)).ID, at(0))
	lasting.ExpiresAt = time.Time{}
	coretest.Must(t, s.Keys.Put(t.Context(), lasting))
	s.stands(t, true, core.Principal{Means: core.ByService, ServiceID: lasting.ServiceID, TokenID: lasting.ID}, 1000*life)
}

// admitsNoOther lets everybody come by what somebody else has, and by what there is not.
func admitsNoOther(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	service, another := s.service(t, at(0)).ID, s.service(t, at(0)).ID
	held, token, key := s.session(t, user), s.put(t, NewToken(user, at(0))), s.key(t, service, at(0))
	for _, caller := range []core.Principal{
		{UserID: other, SessionID: held.SessionID},
		{UserID: user},
		{UserID: user, SessionID: token.ID},
		{Means: core.ByToken, UserID: other, TokenID: token.ID},
		{Means: core.ByToken, UserID: user},
		{Means: core.ByToken, UserID: user, TokenID: key.ID, SessionID: held.SessionID},
		{Means: core.ByService, ServiceID: another, TokenID: key.ID},
		{Means: core.ByService, ServiceID: service},
		{Means: core.ByImpersonation, UserID: user, Actor: other, SessionID: held.SessionID},
	} {
		s.stands(t, false, caller, 0)
	}
}

func admitsInTransaction(t *testing.T, s Stores) {
	caller := s.session(t, s.user(t))
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.ends(ctx, caller))
		stands, err := s.Beside.Admissions.Stands(ctx, caller, at(0))
		coretest.Must(t, err)
		coretest.Equal(t, false, stands)
		return errRollback
	}), errRollback)
	s.stands(t, true, caller, 0)
}

// admitsNobodyUnasked takes no fault for an answer.
func admitsNobodyUnasked(t *testing.T, s Stores) {
	user, service := s.user(t), s.service(t, at(0)).ID
	held, token, key := s.session(t, user), s.put(t, NewToken(user, at(0))), s.key(t, service, at(0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, caller := range []core.Principal{
		held, {Means: core.ByToken, UserID: user, TokenID: token.ID}, {Means: core.ByService, ServiceID: service, TokenID: key.ID},
	} {
		stands, err := s.Beside.Admissions.Stands(ctx, caller, at(0))
		coretest.Equal(t, false, stands)
		coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	}
}
