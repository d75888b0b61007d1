package apitokentest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

// TestRaces proves that no personal token outlives what takes all tokens of a person away, whoever is making some at
// that moment.
func TestRaces(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"tokens made beside a reset": takesTokens(func(user *account.User) {
			user.PasswordChangedAt = user.PasswordChangedAt.Add(time.Second)
		}),
		"tokens made beside a forced reset":   takesTokens(func(user *account.User) { user.MustReset = true }),
		"tokens made beside a deletion":       takesTokens(func(user *account.User) { user.Bury(at(0), life) }),
		"tokens made beside an undone change": takesTokens(func(user *account.User) { user.MustReset, user.EmailVerified = true, true }),
	})
}

// The races of a case: so often, so many make so many tokens each, which are fewer than apitoken.MaxTokens.
const (
	rounds = 10
	makers = 12
	each   = 4
)

// takesTokens lets tokens be made while an act takes all of them away and ends all sessions, as every such act does, and
// brings the account back then.
func takesTokens(change func(user *account.User)) func(t *testing.T, s Stores) {
	return func(t *testing.T, s Stores) {
		tokens := s.useCases()
		gone := core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "")
		for range rounds {
			caller := s.session(t, s.user(t))
			coretest.Race(t, 1+makers, gone, func(ctx context.Context, i int) error {
				if i == 0 {
					return s.takeAway(ctx, caller.UserID, change)
				}
				for range each {
					draft := apitoken.Draft{Name: "x", Scopes: []string{access.MeRead.Key()}}
					if _, _, err := tokens.Create(ctx, caller, draft); err != nil {
						return err
					}
				}
				return nil
			})
			_, _, err := account.Edit(t.Context(), s.Accounts, caller.UserID, func(user *account.User) error {
				user.Revive(at(0))
				user.MustReset = false
				return nil
			})
			coretest.Must(t, err)
			coretest.Equal(t, 0, len(s.list(t, caller.UserID, at(0))))
		}
	}
}

// takeAway changes the account first, so that it is locked, as all do who take tokens away.
func (s Stores) takeAway(ctx context.Context, id core.ID, change func(user *account.User)) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		_, _, err := account.Edit(ctx, s.Accounts, id, func(user *account.User) error {
			change(user)
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.Tokens.RemoveAll(ctx, id); err != nil {
			return err
		}
		_, err = s.Beside.Ender.EndAll(ctx, id, core.ID{}, session.EndPassword, at(0))
		return err
	})
}

// useCases are those of tokens on the stores.
func (s Stores) useCases() *apitoken.Service {
	clock := coretest.NewClock()
	ids, nowhere := core.NewIDs(clock), origin.NewReader(noDevices{}, origin.Nowhere{})
	return apitoken.NewService(apitoken.Deps{
		Tokens: s.Tokens, Accounts: s.Services, Keys: s.Keys, Users: s.Accounts, Access: s.Beside.Access,
		Warden: access.NewWarden(s.Beside.Catalogues, s.Accounts, s.Services, s.Beside.Admissions, clock), Post: noPost{},
		Trail: audit.NewTrail(audit.Deps{
			Log: s.Beside.Log, History: s.Beside.History, Origins: nowhere, Clock: clock, IDs: ids, Logger: core.Discard(),
		}, audit.Config{}),
		Tx: s.Tx, Clock: clock, IDs: ids, Origins: nowhere,
	}, apitoken.Config{})
}

// noPost takes letters and forgets them.
type noPost struct{}

// Post implements mail.Post.
func (noPost) Post(context.Context, mail.Letter) error { return nil }

// noDevices recognizes none.
type noDevices struct{}

// Recognize implements origin.Recognizer.
func (noDevices) Recognize(string) origin.Device { return origin.Device{} }
