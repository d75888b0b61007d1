package house

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/session"
)

// Session opens a session of somebody who is active, without a sign-in, and gives them as the caller who has it.
func (h *House) Session(user core.ID) core.Principal {
	h.t.Helper()
	now := h.Clock.Now()
	opened := session.Session{
		ID: h.IDs.New(), UserID: user, AuthTime: now, CreatedAt: now, LastUsedAt: now,
		IdleExpiresAt: now.Add(session.DefaultConfig().IdleTTL), ExpiresAt: now.Add(session.DefaultConfig().MaxTTL),
		Chain: session.Chain{Branches: 1, RotatedAt: now}, Rev: 1,
	}
	opening := session.Opening{Session: opened, UserRev: h.User(user).Rev, Limit: session.DefaultConfig().Limit}
	_, err := h.SessionRows.Open(h.Ctx, opening)
	h.Must(err)
	return core.Principal{UserID: user, SessionID: opened.ID, AuthTime: now}
}

// Program makes a personal token of somebody, of whatever scopes, and gives the program that has it.
func (h *House) Program(user core.ID, scopes ...string) core.Principal {
	h.t.Helper()
	token := apitokentest.NewToken(user, h.Clock.Now())
	token.Scopes = scopes
	h.Must(h.TokenRows.Put(h.Ctx, token))
	return core.Principal{Means: core.ByToken, UserID: user, TokenID: token.ID, Scopes: scopes}
}

// Machine opens a service account with a key that lasts, and gives it as a caller.
func (h *House) Machine(name string, scopes ...string) core.Principal {
	h.t.Helper()
	now, id := h.Clock.Now(), h.IDs.New()
	h.Must(h.Machines.Create(h.Ctx, apitoken.ServiceAccount{ID: id, Name: name, Scopes: scopes, CreatedAt: now, UpdatedAt: now}))
	key := apitokentest.NewKey(id, now)
	key.ExpiresAt = time.Time{}
	h.Must(h.Machines.Keys().Put(h.Ctx, key))
	return core.Principal{Means: core.ByService, ServiceID: id, TokenID: key.ID, Scopes: scopes}
}
