package password_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// vector is a hash that somebody else's implementation made.
type vector struct{ Source, Password, Hash string }

func vectors(t testing.TB) (read []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/foreign.json")
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestVectors compares with hashes of RFCs and of other implementations. All of them are to be made anew.
func TestVectors(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, cheap)
	for _, v := range vectors(t) {
		t.Run(v.Source, func(t *testing.T) {
			t.Parallel()
			stored := account.PasswordHash(v.Hash)
			if err := hasher.Check(stored); err != nil {
				t.Fatal(err)
			}
			if match, stale := verify(t, hasher, v.Password, stored); !match || !stale {
				t.Errorf("the right password: match %v, stale %v", match, stale)
			}
			for _, wrong := range []string{"", v.Password[1:], "x" + v.Password} {
				if match, stale := verify(t, hasher, wrong, stored); match || stale {
					t.Errorf("%q: match %v, stale %v", wrong, match, stale)
				}
			}
		})
	}
}

// refused are hashes that Check refuses, and why.
var refused = map[string]struct {
	hash string
	want core.Code
}{
	"nothing":                        {"", core.CodeInvalidFormat},
	"a password":                     {"correct horse battery staple", core.CodeInvalidFormat},
	"an unknown kind":                {"$6$rounds=5000$salt$hash", core.CodeUnknownValue},
	"argon2d":                        {"$argon2d$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc", core.CodeUnknownValue},
	"an older argon2":                {"$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc", core.CodeUnknownValue},
	"argon2 with a foreign pepper":   {"$argon2id$v=19$m=8,t=1,p=1,keyid=AAAA$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc", core.CodeUnknownValue},
	"argon2 with too much memory":    {"$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc", core.CodeOutOfRange},
	"argon2i with too many passes":   {"$argon2i$v=19$m=8,t=17,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc", core.CodeOutOfRange},
	"argon2 in another order":        {"$argon2id$v=19$t=1,m=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc", core.CodeInvalidFormat},
	"scrypt with too much memory":    {"$scrypt$ln=19,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", core.CodeOutOfRange},
	"scrypt for too long":            {"$scrypt$ln=16,r=8,p=5$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", core.CodeOutOfRange},
	"scrypt beyond any N":            {"$scrypt$ln=63,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", core.CodeOutOfRange},
	"scrypt of overflowing numbers":  {"$scrypt$ln=20,r=65535,p=65535$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", core.CodeOutOfRange},
	"scrypt of nothing":              {"$scrypt$ln=0,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", core.CodeInvalidFormat},
	"scrypt without salt":            {"$scrypt$ln=4,r=8,p=1$$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", core.CodeInvalidFormat},
	"pbkdf2 for too long":            {"$pbkdf2-sha256$i=2097153$0ZrzXitFSGltTQnBWOsdew$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M", core.CodeOutOfRange},
	"pbkdf2 of two blocks, too long": {"$pbkdf2-sha1$i=1048577$0ZrzXitFSGltTQnBWOsdew$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M", core.CodeOutOfRange},
	"pbkdf2 of no iterations":        {"$pbkdf2-sha256$i=0$0ZrzXitFSGltTQnBWOsdew$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M", core.CodeInvalidFormat},
	"pbkdf2 of another length":       {"$pbkdf2-sha256$i=9,l=31$0ZrzXitFSGltTQnBWOsdew$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M", core.CodeInvalidFormat},
	"pbkdf2 of another function":     {"$pbkdf2-md5$i=9$0ZrzXitFSGltTQnBWOsdew$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M", core.CodeUnknownValue},
	"bcrypt for too long":            {"$2b$15$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", core.CodeOutOfRange},
	"bcrypt too cheap to be one":     {"$2b$03$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", core.CodeInvalidFormat},
	"bcrypt cut":                     {"$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBu", core.CodeInvalidFormat},
	"bcrypt with a mistake":          {"$2x$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", core.CodeUnknownValue},
	"firebase without a key":         {"$firebase-scrypt$ln=14,r=8,ss=Bw,sk=$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9A", core.CodeInvalidFormat},
	"firebase of another length":     {"$firebase-scrypt$ln=4,r=8,ss=Bw,sk=jxspr8Ki0RYycVU8zykbdA$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9Kp6", core.CodeInvalidFormat},
	"firebase for too long":          {"$firebase-scrypt$ln=20,r=8,ss=Bw,sk=jxspr8Ki0RYycVU8zykbdA$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9A", core.CodeOutOfRange},
	"too long a text":                {"$scrypt$ln=4,r=8,p=1$" + strings.Repeat("A", 600) + "$AAAA", core.CodeInvalidFormat},
}

// TestCheckRefuses tells why each is refused, and holds a comparison with it to the cost of the decoy.
func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &counter{}
			config := cheap
			config.Observer = seen
			hasher := newHasher(t, config)
			err := core.AsError(hasher.Check(account.PasswordHash(c.hash)))
			if err.Kind != core.KindInvalid || len(err.Fields) != 1 || err.Fields[0].Field != "password_hash" || err.Fields[0].Code != c.want {
				t.Errorf("got %v %v, want %s", err, err.Fields, c.want)
			}
			if match, stale := verify(t, hasher, "password", account.PasswordHash(c.hash)); match || stale || seen.done.Load() != 1 {
				t.Errorf("match %v, stale %v, %d hashes", match, stale, seen.done.Load())
			}
		})
	}
}

// TestBcryptLooksAt72Bytes compares over-long passwords as bcrypt does, and its successor counts every byte.
func TestBcryptLooksAt72Bytes(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, cheap)
	long := strings.Repeat("0123456789", 8)
	made, err := bcrypt.GenerateFromPassword([]byte(long[:72]), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	stored := account.PasswordHash(made)
	for text, want := range map[string]bool{long: true, long[:72]: true, long[:72] + "else": true, long[:71]: false} {
		if match, _ := verify(t, hasher, text, stored); match != want {
			t.Errorf("%d bytes: match %v", len(text), match)
		}
	}
	again := hash(t, hasher, long)
	if match, _ := verify(t, hasher, long[:72]+"else", again); match {
		t.Error("the new hash looks at 72 bytes as well")
	}
}

func FuzzForeign(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Hash)
	}
	for _, c := range refused {
		f.Add(c.hash)
	}
	hasher, err := password.New(cheap)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := hasher.Check(account.PasswordHash(text)); err != nil && core.AsError(err).Kind != core.KindInvalid {
			t.Errorf("%q: %v", text, err)
		}
		if cost, known := password.WorkOf(text); known && cost > 1<<21 {
			t.Errorf("%q is accepted and costs %d", text, cost)
		}
	})
}
