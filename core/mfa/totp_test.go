package mfa_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

// rfcSeed is the secret of RFC 6238 appendix B for SHA-1, and of RFC 4226 appendix D.
var rfcSeed = []byte("12345678901234567890")

// The vectors of RFC 6238 appendix B, cut to six digits: it prints eight, of which these are the last.
func TestCodesOfRFC6238(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
		20000000000: "353130",
	} {
		coretest.Equal(t, want, mfa.CodeAt(rfcSeed, mfa.StepAt(time.Unix(seconds, 0))))
	}
}

// The vectors of RFC 4226 appendix D.
func TestCodesOfRFC4226(t *testing.T) {
	t.Parallel()
	for step, want := range []string{
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		coretest.Equal(t, want, mfa.CodeAt(rfcSeed, int64(step)))
	}
}

func TestFindStep(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_010, 0)
	step := mfa.StepAt(now)
	for name, given := range map[string]struct {
		code string
		last int64
		want int64
		ok   bool
	}{
		"the current code":       {mfa.CodeAt(rfcSeed, step), -1, step, true},
		"of the step before":     {mfa.CodeAt(rfcSeed, step-1), -1, step - 1, true},
		"of the step after":      {mfa.CodeAt(rfcSeed, step+1), -1, step + 1, true},
		"of two steps before":    {mfa.CodeAt(rfcSeed, step-2), -1, 0, false},
		"of two steps after":     {mfa.CodeAt(rfcSeed, step+2), -1, 0, false},
		"used before":            {mfa.CodeAt(rfcSeed, step), step, 0, false},
		"older than the last":    {mfa.CodeAt(rfcSeed, step-1), step, 0, false},
		"newer than the last":    {mfa.CodeAt(rfcSeed, step+1), step, step + 1, true},
		"nothing":                {"", -1, 0, false},
		"a code and more":        {mfa.CodeAt(rfcSeed, step) + "0", -1, 0, false},
		"a code without its end": {mfa.CodeAt(rfcSeed, step)[:5], -1, 0, false},
	} {
		found, ok := mfa.FindStep(rfcSeed, given.code, now, given.last)
		if found != given.want || ok != given.ok {
			t.Errorf("%s: got %d, %v; want %d, %v", name, found, ok, given.want, given.ok)
		}
	}
}

func TestNormalizeCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"123456": "123456", "123 456": "123456", " 1 2 3 4 5 6": "123456", strings.Repeat(" ", 13): "", "": "",
	} {
		coretest.Equal(t, want, mfa.NormalizeCode(text))
	}
}

func TestProvision(t *testing.T) {
	t.Parallel()
	text := mfa.Provision("Acme & Sons: Accounts", "ada+x@example.com", rfcSeed)
	if strings.ContainsAny(text, " +") {
		t.Errorf("an app would not read %s", text)
	}
	parsed, err := url.Parse(text)
	coretest.Must(t, err)
	coretest.Equal(t, "otpauth", parsed.Scheme)
	coretest.Equal(t, "totp", parsed.Host)
	coretest.Equal(t, "/Acme & Sons: Accounts:ada+x@example.com", parsed.Path)
	coretest.Equal(t, url.Values{
		"secret": {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}, "issuer": {"Acme & Sons: Accounts"},
		"algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}, parsed.Query())
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	one, other := mfa.NewSeed(), mfa.NewSeed()
	coretest.Equal(t, 20, len(one))
	coretest.Equal(t, 32, len(mfa.EncodeSeed(one)))
	if bytes.Equal(one, other) {
		t.Error("two seeds are the same")
	}
}

// FuzzCodes wants nothing to fit but the code itself, with spaces between its digits at the most.
func FuzzCodes(f *testing.F) {
	now := time.Unix(1_700_000_010, 0)
	step := mfa.StepAt(now)
	for _, text := range []string{"", mfa.CodeAt(rfcSeed, step), "  1 2 3 4 5 6", "１２３４５６", "\xff23456", "000000 000000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code := mfa.NormalizeCode(text)
		if strings.Contains(code, " ") || mfa.NormalizeCode(code) != code {
			t.Errorf("%q is read as %q", text, code)
		}
		found, ok := mfa.FindStep(rfcSeed, code, now, step-1)
		if ok != (found >= step && mfa.CodeAt(rfcSeed, found) == strings.ReplaceAll(text, " ", "")) {
			t.Errorf("%q fits step %d: %v", text, found, ok)
		}
	})
}
