package apitokentest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
)

// Stores is what the suite is run on: the stores of one fresh, empty database.
type Stores struct {
	Tx       core.Transactor
	Tokens   apitoken.Tokens
	Services apitoken.ServiceAccounts
	Keys     apitoken.Keys
	Accounts account.Store
	// Beside is what the other stores of the database are to TestAdmissions and TestRaces.
	Beside Beside
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

// TestTokens is the contract of apitoken.Tokens.
func TestTokens(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was put":          givesBackToken,
		"takes no token of nobody":         refusesNobody,
		"lists live ones, newest first":    listsTokens,
		"pages":                            pagesTokens,
		"removes one of the user's":        removesToken,
		"removes all of the user's":        removesTokens,
		"holds the bound":                  boundsTokens,
		"many at once stay within bound":   racesTokens,
		"is used by its digest until then": usesToken,
		"notes the use now and then":       notesToken,
		"many uses at once":                racesUses,
		"removed while in use":             racesRemoval,
		"takes part in transactions":       tokensTakePart,
	})
}

// TestBesideWriters is what apitoken.Tokens and apitoken.Keys promise while others write. It is for databases: in memory
// nobody reads meanwhile.
func TestBesideWriters(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"a use of a token": usesTokenBesideWriters,
		"a use of a key":   usesKeyBesideWriters,
	})
}

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

const life = 24 * time.Hour

func newDigest() secret.TokenDigest {
	_, digest := secret.NewToken()
	return digest
}

// NewToken is a token of the user that uses every field but its use.
func NewToken(user core.ID, created time.Time) apitoken.Token {
	return apitoken.Token{
		ID: accounttest.NewID(), UserID: user, Name: `Ünïcode "quoted"`, Digest: newDigest(), Hint: "x-_9",
		Scopes: []string{"me.read", "users.read"}, CreatedAt: created, ExpiresAt: created.Add(life),
	}
}

func (s Stores) user(t *testing.T) core.ID {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return user.ID
}

func (s Stores) put(t *testing.T, token apitoken.Token) apitoken.Token {
	t.Helper()
	coretest.Must(t, s.Tokens.Put(t.Context(), token))
	return token
}

func (s Stores) list(t *testing.T, user core.ID, now time.Time) []apitoken.Token {
	t.Helper()
	tokens, err := s.Tokens.List(t.Context(), user, now, core.Page{Limit: core.PageLimitMax})
	coretest.Must(t, err)
	return tokens
}

func givesBackToken(t *testing.T, s Stores) {
	user := s.user(t)
	bare, full := NewToken(user, at(0)), NewToken(user, at(time.Second))
	bare.Scopes, full.LastUsedAt = nil, at(time.Microsecond)
	s.put(t, bare)
	s.put(t, full)
	coretest.Equal(t, []apitoken.Token{full, bare}, s.list(t, user, at(0)))
	used, err := s.Tokens.Use(t.Context(), full.Digest, at(time.Second))
	coretest.Must(t, err)
	coretest.Equal(t, full, used)
}

func refusesNobody(t *testing.T, s Stores) {
	coretest.Refused(t, s.Tokens.Put(t.Context(), NewToken(accounttest.NewID(), at(0))), core.ErrNotFound)
}

func listsTokens(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	s.put(t, NewToken(other, at(0)))
	older, newer := s.put(t, NewToken(user, at(0))), s.put(t, NewToken(user, at(time.Minute)))
	coretest.Equal(t, []apitoken.Token{newer, older}, s.list(t, user, at(life-time.Microsecond)))
	coretest.Equal(t, []apitoken.Token{newer}, s.list(t, user, at(life)))
	coretest.Equal(t, nil, s.list(t, accounttest.NewID(), at(0)))
}

func pagesTokens(t *testing.T, s Stores) {
	user := s.user(t)
	for i := range 7 {
		s.put(t, NewToken(user, at(time.Duration(i/2)*time.Second)))
	}
	var paged []apitoken.Token
	page := core.Page{Limit: 3}
	for range 4 { // the last is empty
		part, err := s.Tokens.List(t.Context(), user, at(0), page)
		coretest.Must(t, err)
		if len(part) == 0 {
			break
		}
		paged = append(paged, part...)
		last := part[len(part)-1]
		page.After = core.Position{At: last.CreatedAt, ID: last.ID}
	}
	coretest.Equal(t, 7, len(paged))
	coretest.Equal(t, s.list(t, user, at(0)), paged)
}

func removesToken(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	gone, kept := s.put(t, NewToken(user, at(0))), s.put(t, NewToken(user, at(0)))
	coretest.Refused(t, s.Tokens.Remove(t.Context(), other, gone.ID), core.ErrNotFound)
	coretest.Must(t, s.Tokens.Remove(t.Context(), user, gone.ID))
	coretest.Refused(t, s.Tokens.Remove(t.Context(), user, gone.ID), core.ErrNotFound)
	_, err := s.Tokens.Use(t.Context(), gone.Digest, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
	coretest.Equal(t, []apitoken.Token{kept}, s.list(t, user, at(0)))
}

func removesTokens(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	kept := s.put(t, NewToken(other, at(0)))
	s.put(t, NewToken(user, at(0)))
	s.put(t, NewToken(user, at(0)))
	for range 2 {
		coretest.Must(t, s.Tokens.RemoveAll(t.Context(), user))
		coretest.Equal(t, nil, s.list(t, user, at(0)))
	}
	coretest.Equal(t, []apitoken.Token{kept}, s.list(t, other, at(0)))
}

func boundsTokens(t *testing.T, s Stores) {
	user := s.user(t)
	for range apitoken.MaxTokens {
		s.put(t, NewToken(user, at(0)))
	}
	coretest.Refused(t, s.Tokens.Put(t.Context(), NewToken(user, at(life-time.Microsecond))), apitoken.ErrTooMany)
	s.put(t, NewToken(s.user(t), at(0)))
	s.put(t, NewToken(user, at(life))) // the others have expired
}

func racesTokens(t *testing.T, s Stores) {
	const many = 20
	user := s.user(t)
	for range apitoken.MaxTokens - many/2 {
		s.put(t, NewToken(user, at(0)))
	}
	coretest.Equal(t, many/2, coretest.Race(t, many, apitoken.ErrTooMany, func(ctx context.Context, _ int) error {
		return s.Tokens.Put(ctx, NewToken(user, at(0)))
	}))
}

func usesToken(t *testing.T, s Stores) {
	token := s.put(t, NewToken(s.user(t), at(0)))
	used, err := s.Tokens.Use(t.Context(), token.Digest, at(life-time.Microsecond))
	coretest.Must(t, err)
	used.LastUsedAt = time.Time{} // as before or as after
	coretest.Equal(t, token, used)
	_, err = s.Tokens.Use(t.Context(), token.Digest, at(life))
	coretest.Refused(t, err, core.ErrNotFound)
	_, err = s.Tokens.Use(t.Context(), newDigest(), at(0))
	coretest.Refused(t, err, core.ErrNotFound)
}

func notesToken(t *testing.T, s Stores) {
	token := s.put(t, NewToken(s.user(t), at(0)))
	for _, step := range []struct{ now, want time.Duration }{
		{time.Second, time.Second},
		{time.Second + apitoken.UseEvery, time.Second}, // not more than that ago
		{2*time.Second + apitoken.UseEvery, 2*time.Second + apitoken.UseEvery},
		{time.Minute, 2*time.Second + apitoken.UseEvery}, // a clock that is behind moves nothing back
	} {
		_, err := s.Tokens.Use(t.Context(), token.Digest, at(step.now))
		coretest.Must(t, err)
		coretest.Equal(t, at(step.want), s.list(t, token.UserID, at(0))[0].LastUsedAt)
	}
}

func racesUses(t *testing.T, s Stores) {
	const many = 40
	token := s.put(t, NewToken(s.user(t), at(0)))
	coretest.Equal(t, many, coretest.Race(t, many, nil, func(ctx context.Context, _ int) error {
		_, err := s.Tokens.Use(ctx, token.Digest, at(time.Hour))
		return err
	}))
	coretest.Equal(t, at(time.Hour), s.list(t, token.UserID, at(0))[0].LastUsedAt)
}

// patience is longer than a use may wait for others.
const patience = 10 * time.Second

// beside calls use once by itself while a transaction, in which it was called before, goes on.
func (s Stores) beside(t *testing.T, use func(ctx context.Context) error) {
	t.Helper()
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, use(ctx))
		apart, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		coretest.Must(t, use(apart))
		return apart.Err()
	}))
}

func usesTokenBesideWriters(t *testing.T, s Stores) {
	token := s.put(t, NewToken(s.user(t), at(0)))
	s.beside(t, func(ctx context.Context) error {
		used, err := s.Tokens.Use(ctx, token.Digest, at(time.Hour))
		coretest.Equal(t, token.ID, used.ID)
		return err
	})
	coretest.Equal(t, at(time.Hour), s.list(t, token.UserID, at(0))[0].LastUsedAt)
}

// racesRemoval holds a token to being good or gone, and gone for good once it is removed.
func racesRemoval(t *testing.T, s Stores) {
	const many = 24
	token := s.put(t, NewToken(s.user(t), at(0)))
	coretest.Race(t, many, core.ErrNotFound, func(ctx context.Context, i int) error {
		if i%4 == 0 {
			if err := s.Tokens.Remove(ctx, token.UserID, token.ID); err != nil && !errors.Is(err, core.ErrNotFound) {
				return err
			}
			_, err := s.Tokens.Use(ctx, token.Digest, at(time.Hour))
			if err == nil {
				return errors.New("used after it was removed")
			}
			return err
		}
		_, err := s.Tokens.Use(ctx, token.Digest, at(time.Hour))
		return err
	})
	coretest.Equal(t, nil, s.list(t, token.UserID, at(0)))
}

var errRollback = errors.New("rolled back on purpose")

func tokensTakePart(t *testing.T, s Stores) {
	user := s.user(t)
	kept := s.put(t, NewToken(user, at(0)))
	for _, act := range []func(ctx context.Context) error{
		func(ctx context.Context) error { return s.Tokens.Put(ctx, NewToken(user, at(0))) },
		func(ctx context.Context) error { return s.Tokens.Remove(ctx, user, kept.ID) },
		func(ctx context.Context) error { return s.Tokens.RemoveAll(ctx, user) },
	} {
		coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
			coretest.Must(t, act(ctx))
			return errRollback
		}), errRollback)
	}
	gone := s.put(t, NewToken(user, at(-time.Hour)))
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Tokens.Put(ctx, NewToken(accounttest.NewID(), at(0))), core.ErrNotFound)
		return s.Tokens.Remove(ctx, user, gone.ID) // a refusal spoils no transaction
	}))
	coretest.Equal(t, []apitoken.Token{kept}, s.list(t, user, at(0)))
}

var _ access.Services = apitoken.ServiceAccounts(nil)
