package session_test

import (
	"errors"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

func bindings(t *testing.T, ring string) *session.Bindings {
	t.Helper()
	parsed, err := secret.ParseRing(ring)
	if err != nil {
		t.Fatal(err)
	}
	return session.NewBindings(parsed, session.NewReferences(parsed, "https://a.example"))
}

// TestBindings holds a token against its session, another one, a changed ring, and spellings of it.
func TestBindings(t *testing.T) {
	t.Parallel()
	old, fresh := secret.GenerateKey("old"), secret.GenerateKey("new")
	mine, other := core.ID{15: 1}, core.ID{15: 2}
	token := bindings(t, old).Bind(mine)
	for name, test := range map[string]struct {
		ring, token string
		session     core.ID
		want        bool
	}{
		"own session":            {old, token, mine, true},
		"after a rotation":       {fresh + "," + old, token, mine, true},
		"once the key has gone":  {fresh, token, mine, false},
		"another session":        {old, token, other, false},
		"nothing":                {old, "", mine, false},
		"cut":                    {old, token[:42], mine, false},
		"more behind it":         {old, token + "A", mine, false},
		"another spelling of it": {old, token[:42] + "\n" + token[42:], mine, false},
		"another letter":         {old, flipped(token), mine, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := bindings(t, test.ring).Bound(test.token, test.session); got != test.want {
				t.Errorf("bound: %v, want %v", got, test.want)
			}
		})
	}
}

func flipped(token string) string {
	if token[0] == 'A' {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}

// TestSessionOf reads the session out of a refresh token, and nothing out of what is none.
func TestSessionOf(t *testing.T) {
	t.Parallel()
	ring, err := secret.ParseRing(secret.GenerateKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	references := session.NewReferences(ring, "https://a.example")
	made := session.NewBindings(ring, references)
	mine := core.ID{15: 1}
	if got, err := made.SessionOf(references.Mint(session.Presented{SessionID: mine})); err != nil || got != mine {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := made.SessionOf("dwr1_nonsense"); !errors.Is(err, session.ErrReference) {
		t.Errorf("%v, want ErrReference", err)
	}
}
