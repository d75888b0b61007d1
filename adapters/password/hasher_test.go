package password_test

import (
	"context"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/secret"
)

// cheap is the least that argon2 accepts, for tests that are not about cost.
var cheap = password.Config{MemoryKiB: 8, Time: 1, Parallelism: 1, Workers: 2}

func newHasher(t *testing.T, config password.Config) *password.Hasher {
	t.Helper()
	hasher, err := password.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return hasher
}

func hash(t *testing.T, hasher *password.Hasher, text string) account.PasswordHash {
	t.Helper()
	made, err := hasher.Hash(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func verify(t *testing.T, hasher *password.Hasher, text string, hash account.PasswordHash) (match, stale bool) {
	t.Helper()
	match, stale, err := hasher.Verify(t.Context(), text, hash)
	if err != nil {
		t.Fatal(err)
	}
	return match, stale
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, cheap)
	const right = "Correct h\u00f6rse\x00battery "
	made := hash(t, hasher, right)
	if !strings.HasPrefix(string(made), "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("not the PHC string of these parameters: %s", string(made))
	}
	if again := hash(t, hasher, right); again == made {
		t.Error("two hashes of one password are the same")
	}
	if match, stale := verify(t, hasher, right, made); !match || stale {
		t.Errorf("the right password: match %v, stale %v", match, stale)
	}
	for _, wrong := range []string{
		"", "correct h\u00f6rse\x00battery ", "Correct h\u00f6rse\x00battery", "Correct h\u00f6rse", "Correct h\u00f6rse\x00staple ",
		strings.Repeat("x", 72) + right,
	} {
		if match, _ := verify(t, hasher, wrong, made); match {
			t.Errorf("%q matches", wrong)
		}
	}
}

func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, cheap)
	long := strings.Repeat("x", 200)
	made := hash(t, hasher, long)
	for _, wrong := range []string{long[:199] + "y", long[:72] + "y" + long[73:], long[:199], long + "x"} {
		if match, _ := verify(t, hasher, wrong, made); match {
			t.Errorf("a text of %d bytes matches", len(wrong))
		}
	}
}

// The hash comes from the test suite of the reference implementation.
func TestVerifyReferenceHash(t *testing.T) {
	t.Parallel()
	const reference = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	hasher := newHasher(t, cheap)
	if match, stale := verify(t, hasher, "password", reference); !match || !stale {
		t.Errorf("match %v, stale %v", match, stale)
	}
	if match, stale := verify(t, hasher, "Password", reference); match || stale {
		t.Errorf("another password: match %v, stale %v", match, stale)
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	made := hash(t, newHasher(t, cheap), "secret")
	for name, config := range map[string]password.Config{
		"memory":      {MemoryKiB: 16, Time: 1, Parallelism: 1},
		"time":        {MemoryKiB: 8, Time: 2, Parallelism: 1},
		"parallelism": {MemoryKiB: 16, Time: 1, Parallelism: 2},
		"pepper":      {MemoryKiB: 8, Time: 1, Parallelism: 1, Pepper: pepper(t, "a")},
	} {
		if match, stale := verify(t, newHasher(t, config), "secret", made); !match || !stale {
			t.Errorf("other %s: match %v, stale %v", name, match, stale)
		}
	}
}

func TestPepper(t *testing.T) {
	t.Parallel()
	with := func(ids string) *password.Hasher {
		config := cheap
		config.Pepper = pepper(t, ids)
		return newHasher(t, config)
	}
	made := hash(t, with("a"), "secret")
	if match, stale := verify(t, with("a"), "secret", made); !match || stale {
		t.Errorf("same key: match %v, stale %v", match, stale)
	}
	if match, stale := verify(t, with("ba"), "secret", made); !match || !stale {
		t.Errorf("after a rotation: match %v, stale %v", match, stale)
	}
	for name, hasher := range map[string]*password.Hasher{"key gone": with("b"), "no pepper": newHasher(t, cheap)} {
		if match, _ := verify(t, hasher, "secret", made); match {
			t.Errorf("%s: matches", name)
		}
	}
	stripped := account.PasswordHash(strings.Replace(string(made), ",keyid="+keyID(made), "", 1))
	if match, _ := verify(t, with("a"), "secret", stripped); match {
		t.Error("the hash matches without its key id")
	}
}

func keyID(hash account.PasswordHash) string {
	_, rest, _ := strings.Cut(string(hash), ",keyid=")
	id, _, _ := strings.Cut(rest, "$")
	return id
}

// pepper derives keys from fixed master keys, one for each letter, the first being current.
func pepper(t *testing.T, ids string) []secret.Derived {
	t.Helper()
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		keys = append(keys, string(id)+":"+strings.Repeat(strings.ToUpper(string(id)), 43)[:42]+"A=")
	}
	ring, err := secret.ParseRing(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring.Derive("password-pepper")
}

// Whatever stands in place of a hash, one hash is made and nothing matches.
func TestDecoy(t *testing.T) {
	t.Parallel()
	good := string(hash(t, newHasher(t, cheap), "secret"))
	for name, stored := range map[string]string{
		"empty": "", "text": "secret", "bcrypt": "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i": strings.Replace(good, "argon2id", "argon2i", 1), "version": strings.Replace(good, "v=19", "v=16", 1),
		"huge memory": strings.Replace(good, "m=8", "m=4294967295", 1), "many passes": strings.Replace(good, "t=1", "t=99999", 1),
		"no passes": strings.Replace(good, "t=1", "t=0", 1), "no lanes": strings.Replace(good, "p=1", "p=0", 1),
		"cut": good[:len(good)-1], "unknown pepper": strings.Replace(good, "p=1", "p=1,keyid=AAAA", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &counter{}
			config := cheap
			config.Observer = seen
			match, stale := verify(t, newHasher(t, config), "secret", account.PasswordHash(stored))
			if match || stale || seen.done.Load() != 1 {
				t.Errorf("match %v, stale %v, %d hashes", match, stale, seen.done.Load())
			}
		})
	}
}

func TestNewRefusesCost(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]password.Config{
		"too little memory for the lanes": {MemoryKiB: 8, Parallelism: 2},
		"too much memory":                 {MemoryKiB: 1 << 20},
		"too many passes":                 {Time: 17},
		"too many lanes":                  {Parallelism: 17},
		"too much of both":                {MemoryKiB: 200_000, Time: 10},
	} {
		if _, err := password.New(config); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	newHasher(t, password.Config{})
}

func FuzzPHC(f *testing.F) {
	for _, seed := range []string{
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=1,keyid=AAAAAA$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
		"$argon2id$v=19$m=08,t=+1,p=1$c29tZXNhbHQ=$CTFhFdXPJO1aFaMaO6Mm5Q", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHR$",
		"$argon2id$v=19$t=1,m=8,p=1$$", "$argon2id$v=19$m=4294967296,t=1,p=256$", "$2b$10$abc", "", "$$$$$", "$argon2id$v=19$m=8,t=1,p=1,keyid=$$",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ\n$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if again, ok := password.Reparse(text); ok && again != text {
			t.Errorf("%q is accepted and means %q", text, again)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	hasher, err := password.New(password.Config{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := hasher.Hash(context.Background(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}
