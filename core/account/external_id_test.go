package account_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

func TestExternalIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]core.Code{
		"": "", "4711": "", "crm/ä 東𝔸": "", strings.Repeat("𝔸", account.ExternalIDMax): "",
		strings.Repeat("x", account.ExternalIDMax+1): core.CodeTooLong, strings.Repeat("𝔸", account.ExternalIDMax+1): core.CodeTooLong,
		"a\x00": core.CodeNotAllowed, "a\nb": core.CodeNotAllowed, "a\u200b": core.CodeNotAllowed, "a\u0085": core.CodeNotAllowed,
		"a\u202eb": core.CodeNotAllowed, "\xff": core.CodeNotAllowed, "\ufffd": core.CodeNotAllowed,
	} {
		err := account.CheckExternalID(id)
		if want == "" && err != nil || want != "" && core.AsError(err).Code != want {
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
}
