package mail_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/doorward/doorward/core/mail"
)

func TestCatalogsThatLackSomething(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("catalog/en.json")
	if err != nil {
		t.Fatal(err)
	}
	english := string(source)
	cases := []struct{ name, file, old, new, complaint string }{
		{"no English", "de.json", "", "", "no en.json"},
		{"a name that is no tag", "english_.json", "", "", "english_.json"},
		{"a direction", "en.json", `"ltr"`, `"up"`, "direction"},
		{"a month", "en.json", `"January",`, "", "11 months"},
		{"a unit", "en.json", `"days"`, `"weeks"`, "units.days"},
		{"a phrase", "en.json", `"greeting_unnamed"`, `"hi"`, "phrases.greeting_unnamed"},
		{"a letter", "en.json", `"account_restored"`, `"account_regained"`, "account_restored"},
		{"a code's text", "en.json", `"code": "Enter this code where you signed up:",`, "", "letters.registration.code"},
		{"a body", "en.json", `["Your {{.Product}} account was restored. You can sign in again."]`, "[]", "letters.account_restored.body"},
		{"an unknown text", "en.json", `"closing"`, `"epilogue"`, "epilogue"},
		{"a broken template", "en.json", "Hello {{.Name}}", "Hello {{.Name", "template"},
		{"an unknown value", "en.json", "Hello {{.Name}}", "Hello {{.Code}}", "Code"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(english, c.old, c.new, 1)
			_, err := mail.LoadCatalog(fstest.MapFS{c.file: {Data: []byte(broken)}})
			if err == nil || !strings.Contains(err.Error(), c.complaint) {
				t.Errorf("error is %v, want one about %s", err, c.complaint)
			}
		})
	}
}
