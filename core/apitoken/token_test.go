package apitoken_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
)

func TestFormOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]apitoken.Form{
		"dwp_x": apitoken.FormPersonal, "dws_x": apitoken.FormService, "dwp_": apitoken.FormPersonal,
		"": "", "dwp": "", "DWP_x": "", "\tdwp_x": "", "eyJhbGciOiJFUzI1NiJ9.e30.x": "",
	} {
		if got, ok := apitoken.FormOf(text); got != want || ok != (want != "") {
			t.Errorf("%q is of the form %q, %v", text, got, ok)
		}
	}
}

// TestSecretsAreTold shows a text to whoever asks for it by name, and to nobody else.
func TestSecretsAreTold(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	caller := h.Principal(h.Member("ada@example.com", ""))
	made, text, err := h.Tokens.Create(h.Ctx, caller, apitoken.Draft{Name: "x", Scopes: []string{"me.read"}})
	h.Must(err)
	raw := text.Reveal()
	if len(raw) != 47 || made.Hint != raw[43:] || made.Digest != secret.DigestToken(raw) {
		t.Errorf("a text of %d letters, %+v", len(raw), made)
	}
	encoded, _ := text.MarshalText()
	for _, shown := range []string{fmt.Sprint(text), fmt.Sprintf("%v %+v %#v %s", text, text, text, text), string(encoded)} {
		if strings.Contains(shown, raw) {
			t.Error("the text prints itself")
		}
	}
}

// FuzzPresented takes any text: it is a good token if and only if it is the one that was made, to the letter.
func FuzzPresented(f *testing.F) {
	for _, seed := range []string{
		"", "dwp_", "dws_", "dwp_" + strings.Repeat("A", 43), "dwp_" + strings.Repeat("A", 42) + "B", "dwp_" + strings.Repeat("=", 43),
		"dws_" + strings.Repeat("A", 43), "dwp_" + strings.Repeat("A", 42) + "\n", strings.Repeat("dwp_", 4000), "dwp_\x00\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := house.Open(t)
		presented := apitoken.NewPresented(h.TokenRows, h.Machines.Keys(), h.Clock)
		if _, err := presented.Token(h.Ctx, text); err != token.ErrInvalid { //nolint:errorlint // the very one: nothing is told
			t.Errorf("%q as a token: %v", text, err)
		}
		if _, _, err := presented.Key(h.Ctx, text); err != token.ErrInvalid { //nolint:errorlint // the very one: nothing is told
			t.Errorf("%q as a key: %v", text, err)
		}
	})
}
