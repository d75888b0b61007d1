package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/doorward/doorward/core/secret"
)

// material is a fixed master key, another one for each letter.
func material(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, secret.KeySize)))
}

func parse(t testing.TB, letters string) *secret.Ring {
	t.Helper()
	parts := make([]string, 0, len(letters))
	for _, letter := range letters {
		parts = append(parts, string(letter)+":"+material(string(letter)))
	}
	ring, err := secret.ParseRing(strings.Join(parts, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestParseRing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a:" + material("a"), " a:" + material("a") + " , b.1_2-C:" + material("b"), secret.GenerateKey("a"),
	} {
		if _, err := secret.ParseRing(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "no id": ":" + material("a"), "no colon": material("a"), "id last": material("a") + ":a",
		"short": "a:" + material("a")[:40], "long": "a:" + material("aa"), "not base64": "a:" + strings.Repeat("!", 44),
		"base64url": "a:" + strings.Repeat("_", 43) + "=", "no padding": "a:" + strings.TrimRight(material("a"), "="),
		"bits at the end": "a:" + material("a")[:42] + "F=", "twice": "a:" + material("a") + ",a:" + material("b"),
		"comma last": "a:" + material("a") + ",", "space in the id": "a b:" + material("a"),
		"id of 33": strings.Repeat("a", 33) + ":" + material("a"),
	} {
		_, err := secret.ParseRing(text)
		if err == nil {
			t.Errorf("%s is accepted", name)
		} else if strings.Contains(err.Error(), material("a")[:20]) {
			t.Errorf("%s: the error repeats the key", name)
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	ring := parse(t, "a")
	for _, plaintext := range []string{"", "x", strings.Repeat("long ", 10_000)} {
		sealed := ring.Seal("outbox/1", []byte(plaintext))
		if len(sealed) != len(plaintext)+32 || len(plaintext) > 1 && bytes.Contains(sealed, []byte(plaintext)) {
			t.Errorf("%d bytes sealed into %d", len(plaintext), len(sealed))
		}
		opened, err := ring.Open("outbox/1", sealed)
		if err != nil || string(opened) != plaintext {
			t.Errorf("got %q, %v", opened, err)
		}
	}
	if bytes.Equal(ring.Seal("c", []byte("x")), ring.Seal("c", []byte("x"))) {
		t.Error("the same value seals to the same bytes")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	ring := parse(t, "a")
	sealed := ring.Seal("outbox/1", []byte("secret"))
	refuse := func(name, context string, ring *secret.Ring, value []byte) {
		t.Helper()
		if opened, err := ring.Open(context, value); !errors.Is(err, secret.ErrOpen) || opened != nil {
			t.Errorf("%s: got %q, %v", name, opened, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1 << bit
			refuse(fmt.Sprintf("bit %d of byte %d", bit, i), "outbox/1", ring, altered)
		}
		refuse(fmt.Sprintf("cut to %d", i), "outbox/1", ring, sealed[:i])
	}
	refuse("longer", "outbox/1", ring, append(bytes.Clone(sealed), 0))
	refuse("another context", "outbox/2", ring, sealed)
	refuse("no context", "", ring, sealed)
	refuse("another ring", "outbox/1", parse(t, "b"), sealed)
	other, err := secret.ParseRing("a:" + material("b"))
	if err != nil {
		t.Fatal(err)
	}
	refuse("another key under the same id", "outbox/1", other, sealed)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before, between, after := parse(t, "a"), parse(t, "ba"), parse(t, "b")
	sealed, digest := before.Seal("c", []byte("secret")), before.Digest("c", "123456")
	if opened, err := between.Open("c", sealed); err != nil || string(opened) != "secret" {
		t.Errorf("the old key does not open any more: %v", err)
	}
	if !between.Matches(digest, "c", "123456") {
		t.Error("the old digest does not match any more")
	}
	if opened, err := after.Open("c", between.Seal("c", []byte("secret"))); err != nil || string(opened) != "secret" {
		t.Errorf("the new key does not seal: %v", err)
	}
	if _, err := after.Open("c", sealed); !errors.Is(err, secret.ErrOpen) || after.Matches(digest, "c", "123456") {
		t.Error("a key that was taken away is still in use")
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	ring := parse(t, "ab")
	digest := ring.Digest("code/login/1", "123456")
	if len(digest) != 32 || !ring.Matches(digest, "code/login/1", "123456") {
		t.Error("a code does not match its digest")
	}
	for name, matches := range map[string]bool{
		"another code":    ring.Matches(digest, "code/login/1", "123457"),
		"another context": ring.Matches(digest, "code/login/2", "123456"),
		"shifted":         ring.Matches(digest, "code/login/11", "23456"),
		"empty digest":    ring.Matches(nil, "code/login/1", "123456"),
		"half a digest":   ring.Matches(digest[:16], "code/login/1", "123456"),
		"another ring":    parse(t, "c").Matches(digest, "code/login/1", "123456"),
	} {
		if matches {
			t.Errorf("%s matches", name)
		}
	}
}

// A tagged digest tells its key, and is otherwise what a digest is.
func TestTaggedDigest(t *testing.T) {
	t.Parallel()
	ring := parse(t, "ab")
	digest := ring.TaggedDigest("recovery/1", "abcdef")
	keys := ring.Keys()
	if len(digest) != 36 || secret.TagOf(digest) != keys[0].Tag || keys[0].ID != "a" || keys[1].ID != "b" {
		t.Errorf("%d bytes of key %x, the ring has %v", len(digest), secret.TagOf(digest), keys)
	}
	if !ring.Matches(digest, "recovery/1", "abcdef") || !parse(t, "ba").Matches(digest, "recovery/1", "abcdef") {
		t.Error("a code does not match its digest")
	}
	altered := bytes.Clone(digest)
	altered[35] ^= 1
	for name, matches := range map[string]bool{
		"another code":    ring.Matches(digest, "recovery/1", "abcdeg"),
		"another context": ring.Matches(digest, "recovery/2", "abcdef"),
		"another ring":    parse(t, "b").Matches(digest, "recovery/1", "abcdef"),
		"altered":         ring.Matches(altered, "recovery/1", "abcdef"),
		"another tag":     ring.Matches(append(keys[1].Tag[:], digest[4:]...), "recovery/1", "abcdef"),
	} {
		if matches {
			t.Errorf("%s matches", name)
		}
	}
	if secret.TagOf([]byte{1, 2, 3}) != (secret.Tag{}) {
		t.Error("three bytes have a tag")
	}
}

// What one place seals opens in no other, and every place is its own.
func TestPlacesDoNotMeet(t *testing.T) {
	t.Parallel()
	ring := parse(t, "a")
	for _, here := range secret.Places() {
		sealed := ring.Seal(here.Of("user", "1"), []byte("x"))
		for _, there := range secret.Places() {
			if _, err := ring.Open(there.Of("user", "1"), sealed); (err == nil) != (here == there) {
				t.Errorf("sealed for %s, opened for %s: %v", here, there, err)
			}
		}
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	ring := parse(t, "ab")
	keys := map[string]string{}
	for _, purpose := range []string{"refresh", "pepper", "digest", "seal"} {
		derived := ring.Derive(purpose)
		if len(derived) != 2 || derived[0].Tag == derived[1].Tag {
			t.Fatalf("%d keys of two", len(derived))
		}
		if again := parse(t, "a").Derive(purpose); !bytes.Equal(again[0].Key, derived[0].Key) || again[0].Tag != derived[0].Tag {
			t.Error("the same key derives differently in another ring")
		}
		for i, one := range derived {
			if len(one.Key) != secret.KeySize {
				t.Errorf("a key of %d bytes", len(one.Key))
			}
			place := fmt.Sprint(purpose, i)
			if other, twice := keys[string(one.Key)]; twice {
				t.Errorf("%s and %s share a key", place, other)
			}
			keys[string(one.Key)] = place
		}
	}
}

func TestNothingPrintsKeys(t *testing.T) {
	t.Parallel()
	ring := parse(t, "a")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "ring", ring, "derived", ring.Derive("x")[0])
	_, _ = fmt.Fprintf(&log, "%v %+v %#v %s %v %#v %s", ring, ring, ring, ring, ring.Derive("x"), ring.Derive("x"), ring.Derive("x")[0])
	key := ring.Derive("x")[0].Key
	for name, text := range map[string]string{
		"master": "aaaa", "numbers": "97 97", "hex": "0x61, 0x61", "derived": string(key[:4]), "derived numbers": fmt.Sprintf("%d %d %d", key[0], key[1], key[2]),
	} {
		if strings.Contains(log.String(), text) {
			t.Errorf("%s: %s", name, log.String())
		}
	}
	if !strings.Contains(log.String(), "[redacted]") {
		t.Error("nothing says that something is hidden")
	}
}

func TestRingConcurrently(t *testing.T) {
	t.Parallel()
	ring := parse(t, "ab")
	var group sync.WaitGroup
	for i := range 32 {
		group.Go(func() {
			context := fmt.Sprint(i)
			for range 50 {
				opened, err := ring.Open(context, ring.Seal(context, []byte(context)))
				if err != nil || string(opened) != context || !ring.Matches(ring.Digest(context, "1"), context, "1") {
					t.Errorf("got %q, %v", opened, err)
				}
			}
		})
	}
	group.Wait()
}

// FuzzOpen has keys of its own in each process, for a fuzzer's workers must not open each other's seeds.
func FuzzOpen(f *testing.F) {
	ring, err := secret.ParseRing(secret.GenerateKey("a") + "," + secret.GenerateKey("b"))
	if err != nil {
		f.Fatal(err)
	}
	sealed := ring.Seal("c", []byte("secret"))
	for _, seed := range [][]byte{sealed, nil, sealed[:4], sealed[:16], sealed[:len(sealed)-1], append(bytes.Clone(sealed[:4]), make([]byte, 28)...)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if opened, err := ring.Open("c", value); err == nil && !bytes.Equal(value, sealed) {
			t.Errorf("%x opens to %q", value, opened)
		} else if err != nil && !errors.Is(err, secret.ErrOpen) {
			t.Errorf("%x: %v", value, err)
		}
	})
}

func FuzzParseRing(f *testing.F) {
	for _, seed := range []string{
		"a:" + material("a"), "a:" + material("a") + ",b:" + material("b"), "", ",", ":", "a:", "a:b,c", "a:" + material("a") + "\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ring, err := secret.ParseRing(text)
		if err != nil {
			return
		}
		if opened, err := ring.Open("c", ring.Seal("c", []byte("x"))); err != nil || string(opened) != "x" {
			t.Errorf("%q gives a ring that does not work: %v", text, err)
		}
	})
}

func BenchmarkDigest(b *testing.B) {
	ring := parse(b, "a")
	for b.Loop() {
		ring.Digest("code/login/018f3b2c-4d5e-7f80-91a2-b3c4d5e6f708", "123456")
	}
}
