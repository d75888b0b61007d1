package house

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
)

// Hasher is a credential.Hasher whose hashes cost nothing. It fails the test when it is asked inside a
// transaction.
type Hasher struct {
	t  *testing.T
	db *coretest.Database
	// Hashed and Verified count the calls, Compared those of Verify with a hash that somebody has.
	Hashed, Verified, Compared atomic.Int64
	// Strength is the parameter of new hashes: raising it makes the older ones stale.
	Strength atomic.Int64
	// Between is called, when set, after each comparison, for tests that let something happen meanwhile.
	Between func()
	// Err is what every call fails with, when set, and HashErr what only new hashes fail with.
	Err, HashErr error
}

// Hash implements credential.Hasher.
func (h *Hasher) Hash(ctx context.Context, password string) (account.PasswordHash, error) {
	h.Hashed.Add(1)
	h.check(ctx)
	return h.hash(password, h.Strength.Load()), cmp.Or(h.Err, h.HashErr)
}

// Verify implements credential.Hasher.
func (h *Hasher) Verify(
	ctx context.Context, password string, hash account.PasswordHash,
) (match, stale bool, err error) {
	h.Verified.Add(1)
	if hash != "" {
		h.Compared.Add(1)
	}
	h.check(ctx)
	if h.Between != nil {
		h.Between()
	}
	var strength int64
	if _, err := fmt.Sscanf(string(hash), "$%d$", &strength); err != nil {
		return false, false, h.Err
	}
	match = hash == h.hash(password, strength)
	return match, match && strength != h.Strength.Load(), h.Err
}

func (h *Hasher) check(ctx context.Context) {
	if h.db.InTransaction(ctx) {
		h.t.Error("hashing inside a transaction")
	}
}

func (h *Hasher) hash(password string, strength int64) account.PasswordHash {
	sum := sha256.Sum256([]byte(password))
	return account.PasswordHash(fmt.Sprintf("$%d$%s", strength, hex.EncodeToString(sum[:])))
}

// Post is a mail.Post whose letters can be read. They leave if and only if their transaction commits.
type Post struct {
	db      *coretest.Database
	ids     *core.IDs
	letters *coretest.Table[int, mail.Letter]
	failing atomic.Bool
}

func newPost(db *coretest.Database, ids *core.IDs) *Post {
	return &Post{db: db, ids: ids, letters: coretest.NewTable[int, mail.Letter](db)}
}

// ErrPost is what a failing post answers.
var ErrPost = core.Unavailable(fmt.Errorf("the post is closed"))

// Fail makes the post refuse letters, or take them again.
func (p *Post) Fail(failing bool) { p.failing.Store(failing) }

// Post implements mail.Post.
func (p *Post) Post(ctx context.Context, letter mail.Letter) error {
	if p.failing.Load() {
		return ErrPost
	}
	if letter.HeldBack() {
		return nil
	}
	return p.db.Do(ctx, func() error {
		p.letters.Put(p.letters.Len(), letter)
		return nil
	})
}

// Seal implements mail.Sealer: the envelope holds the letter as it is.
func (p *Post) Seal(letter mail.Letter) (mail.Envelope, error) {
	if p.failing.Load() {
		return mail.Envelope{}, ErrPost
	}
	if letter.HeldBack() {
		return mail.Envelope{}, nil
	}
	payload, err := json.Marshal(letter)
	return mail.Envelope{ID: p.ids.New(), Kind: letter.Kind, To: letter.To, Payload: payload}, err
}

// Put queues an envelope that Seal has made.
func (p *Post) Put(ctx context.Context, envelope mail.Envelope) error {
	var letter mail.Letter
	if err := json.Unmarshal(envelope.Payload, &letter); err != nil {
		return err
	}
	return p.Post(ctx, letter)
}

// All gives every letter to the address, oldest first.
func (p *Post) All(to string) (letters []mail.Letter) {
	_ = p.db.Do(context.Background(), func() error {
		for i := range p.letters.Len() {
			if letter, _ := p.letters.Get(i); letter.To == to {
				letters = append(letters, letter)
			}
		}
		return nil
	})
	return letters
}

// Signer is a token.Signer that remembers what it signed.
type Signer struct {
	// Err is what signing fails with, when set.
	Err    error
	clock  core.Clock
	mu     sync.Mutex
	issued map[string]token.Claims
}

// Sign implements token.Signer.
func (s *Signer) Sign(claims token.Claims) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Err != nil {
		return "", s.Err
	}
	raw := hex.EncodeToString(secret.Random(16))
	s.issued[raw] = claims
	return raw, nil
}

// Verify implements token.Signer.
func (s *Signer) Verify(raw string) (token.Claims, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claims, known := s.issued[strings.TrimSpace(raw)]
	switch {
	case !known:
		return token.Claims{}, token.ErrInvalid
	case !s.clock.Now().Before(claims.ExpiresAt):
		return token.Claims{}, token.ErrExpired
	}
	return claims, nil
}

// KeySet implements token.Signer.
func (s *Signer) KeySet() []byte { return nil }

// painter draws a text as itself.
type painter struct{}

// Paint implements mfa.Painter.
func (painter) Paint(text string) (png []byte, svg string, err error) { return []byte(text), text, nil }
