package credential_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/credential"
)

func TestNormalizePassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ a, b string }{
		"composed and decomposed": {"Ren\u00e9-Ren\u00e9", "Rene\u0301-Rene\u0301"},
		"full width":              {"\uff41bcdefgh", "abcdefgh"},
		"no-break space":          {"one\u00a0two", "one two"},
	} {
		if same(t, c.a) != same(t, c.b) {
			t.Errorf("%s: told apart", name)
		}
	}
	for name, c := range map[string]struct{ a, b string }{
		"case":            {"correct horse", "Correct horse"},
		"trailing space":  {"correct horse", "correct horse "},
		"leading space":   {"correct horse", " correct horse"},
		"after NUL":       {"correct\x00horse", "correct\x00battery"},
		"NUL at the end":  {"correct horse", "correct horse\x00"},
		"byte 73":         {strings.Repeat("x", 72) + "a", strings.Repeat("x", 72) + "b"},
		"byte 129":        {strings.Repeat("x", 128) + "a", strings.Repeat("x", 128) + "b"},
		"line break last": {"correct horse", "correct horse\n"},
	} {
		if same(t, c.a) == same(t, c.b) {
			t.Errorf("%s: not told apart", name)
		}
	}
	for name, text := range map[string]string{
		"a megabyte": strings.Repeat("x", 1<<20), "one byte too many": strings.Repeat("x", 1025), "not UTF-8": "abcdefgh\xff",
	} {
		if _, ok := credential.NormalizePassword(text); ok {
			t.Errorf("%s is accepted", name)
		}
	}
}

func same(t *testing.T, text string) string {
	t.Helper()
	normal, ok := credential.NormalizePassword(text)
	if !ok {
		t.Errorf("%q is not accepted", text)
	}
	return normal
}

func TestPolicyCheck(t *testing.T) {
	t.Parallel()
	policy := credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{
		ContextWords: []string{"Doorward", "accounts.acme-shop.example"},
	})
	person := []string{"ann.lee@mail.example", "Lee_Annabel", "Ann Quastelbrink"}
	for name, c := range map[string]struct {
		password string
		code     core.Code
	}{
		"seven":                                {"q7#vLp2", core.CodeTooShort},
		"empty":                                {"", core.CodeTooShort},
		"seven letters written as fourteen":    {strings.Repeat("e\u0301", 7), core.CodeTooShort},
		"eight":                                {"q7#vLp2x", ""},
		"eight code points beyond the BMP":     {strings.Repeat("\U0001f511", 8), ""},
		"lower case only":                      {"tmqzrvkwpshbdn", ""},
		"digits only":                          {"82946105739164", ""},
		"signs only":                           {")(#&*^$%@!~+", ""},
		"spaces":                               {"blau kissen wal drei", ""},
		"64":                                   {strings.Repeat("mqzrvkwp", 8), ""},
		"128":                                  {strings.Repeat("mqzrvkwp", 16), ""},
		"128 of four bytes":                    {strings.Repeat("\U0001f511", 128), ""},
		"129":                                  {strings.Repeat("mqzrvkwp", 16) + "x", core.CodeTooLong},
		"a megabyte":                           {strings.Repeat("x", 1<<20), core.CodeTooLong},
		"not UTF-8":                            {"abcdefgh\xff", core.CodeInvalidFormat},
		"common":                               {"password", core.CodePasswordCommon},
		"common in capitals":                   {"IloveYOU", core.CodePasswordCommon},
		"common, stretched":                    {"dragon2026", core.CodePasswordCommon},
		"common, stretched with signs":         {"Football1!", core.CodePasswordCommon},
		"common, twice":                        {"ChocolateChocolate", core.CodePasswordCommon},
		"word":                                 {"remember", core.CodePasswordCommon},
		"first name and a year":                {"Stephanie1987", core.CodePasswordCommon},
		"common in full width":                 {"\uff50assword", core.CodePasswordCommon},
		"product":                              {"doorward", core.CodePasswordContext},
		"product and a year":                   {"DOORWARD-2026", core.CodePasswordContext},
		"product twice":                        {"doorwarddoorward", core.CodePasswordContext},
		"host":                                 {"accounts.acme-shop.example", core.CodePasswordContext},
		"label of the host without its hyphen": {"acmeshop-q7v", core.CodePasswordContext},
		"address":                              {"ann.lee@mail.example", core.CodePasswordContext},
		"local part":                           {"ann.lee-q7#v", core.CodePasswordContext},
		"local part without its dot":           {"annlee-q7#v", core.CodePasswordContext},
		"username":                             {"lee_annabel!", core.CodePasswordContext},
		"part of the username":                 {"q7annabel#v", core.CodePasswordContext},
		"name":                                 {"Quastelbrink77", core.CodePasswordContext},
		"a long phrase that mentions a name":   {"annabel juggles nine copper lanterns", ""},
		"a word of three, too short to count":  {"q7lee#vLp2", ""},
		"somebody else's name":                 {"q7Ferdinand#v", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCode(t, policy.Check(t.Context(), c.password, person...), c.code)
		})
	}
}

func TestPolicyMinLength(t *testing.T) {
	t.Parallel()
	policy := credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{
		MinLength: credential.PasswordRecommended,
	})
	wantCode(t, policy.Check(t.Context(), "q7#vLp2xq7#vLp"), core.CodeTooShort)
	wantCode(t, policy.Check(t.Context(), "q7#vLp2xq7#vLp2"), "")
}

func TestPolicyContextLeavesWhatSuffices(t *testing.T) {
	t.Parallel()
	policy := credential.NewPolicy(credential.CommonPasswords{}, credential.PolicyConfig{MinLength: 20})
	wantCode(t, policy.Check(t.Context(), "annabel"+strings.Repeat("q7#vL", 4)[:19], "annabel"), core.CodePasswordContext)
	wantCode(t, policy.Check(t.Context(), "annabel"+strings.Repeat("q7#vL", 4), "annabel"), "")
}

// wantCode fails unless err is the one broken rule, or nil where code is empty.
func wantCode(t *testing.T, err error, code core.Code) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var invalid *core.Error
	if !errors.As(err, &invalid) || invalid.Kind != core.KindInvalid || len(invalid.Fields) != 1 {
		t.Fatalf("got %v, want %s", err, code)
	}
	if got := invalid.Fields[0]; got.Field != "password" || got.Code != code || got.Message == "" {
		t.Errorf("got %+v, want %s", got, code)
	}
}
