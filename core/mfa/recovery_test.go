package mfa_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[string]bool{}
	for range 1000 {
		code := mfa.NewRecoveryCode()
		if !shape.MatchString(code) || seen[code] {
			t.Fatalf("%q is malformed or came twice", code)
		}
		seen[code] = true
		normal, ok := mfa.NormalizeRecoveryCode(code)
		coretest.Equal(t, strings.ReplaceAll(code, "-", ""), normal)
		coretest.Equal(t, true, ok)
	}
}

func TestNormalizeRecoveryCode(t *testing.T) {
	t.Parallel()
	const want = "0123456789ABCDEFGHJK1MNP"
	for _, text := range []string{
		want, "0123-4567-89AB-CDEF-GHJK-1MNP", "0123 4567 89ab cdef ghjk 1mnp", "o123-4567-89ab-cdef-ghjk-LMNP",
		" O I 2 3 4 5 6 7 8 9 a b c d e f g h j k i m n p ", "--0123456789ABCDEFGHJK1MNP--",
	} {
		code, ok := mfa.NormalizeRecoveryCode(text)
		if code != want || !ok {
			t.Errorf("%q is read as %q, %v", text, code, ok)
		}
	}
	for _, text := range []string{
		"", want[:23], want + "0", strings.Replace(want, "K", "U", 1), strings.Replace(want, "K", "ſ", 1),
		strings.Replace(want, "K", "_", 1), strings.Repeat("-", 80) + want,
	} {
		if code, ok := mfa.NormalizeRecoveryCode(text); ok {
			t.Errorf("%q is taken for the code %q", text, code)
		}
	}
}

func FuzzNormalizeRecoveryCode(f *testing.F) {
	for _, text := range []string{"", "0123-4567-89ab-cdef-ghjk-lmno", "ſ", "\xff", "K"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := mfa.NormalizeRecoveryCode(text)
		if !ok {
			return
		}
		again, fits := mfa.NormalizeRecoveryCode(strings.ToLower(code))
		if len(code) != 24 || again != code || !fits {
			t.Errorf("%q is read as %q, and that as %q, %v", text, code, again, fits)
		}
	})
}
