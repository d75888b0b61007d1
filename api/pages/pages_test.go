package pages_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/api/pages"
)

// TestDocsAreWhole wants every link within the reference to lead somewhere, and no mark of Markdown left.
func TestDocsAreWhole(t *testing.T) {
	t.Parallel()
	document, err := oapi.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	page, err := pages.Docs(document)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page.HTML)
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, `id="`+link[1]+`"`) {
			t.Errorf("#%s leads nowhere", link[1])
		}
	}
	_, body, _ := strings.Cut(text, "<body>")
	if at := strings.IndexAny(body, "`"); at >= 0 || strings.Contains(body, "**") {
		t.Errorf("a mark is left: %s", body[max(0, at-40):at+40])
	}
	for _, code := range []string{"invalid_credentials", "unknown_field"} {
		if !strings.Contains(body, "<code>"+code+"</code>") {
			t.Errorf("%s is not listed", code)
		}
	}
}

// TestLinkPages renders each state, escaping what comes from outside.
func TestLinkPages(t *testing.T) {
	t.Parallel()
	for _, link := range []pages.Link{pages.VerifyEmail, pages.ResetPassword, pages.UndoEmailChange, pages.Restore} {
		asked, err := link.Ask(`"><b>`, "Not <good>.")
		if err != nil {
			t.Fatal(err)
		}
		text := string(asked.HTML)
		for _, want := range []string{
			`action="` + link.Path + `"`, `value="&#34;&gt;&lt;b&gt;"`, "Not &lt;good&gt;.", link.Button, `method="post"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s", link.Path, want)
			}
		}
		if strings.Contains(text, `type="password"`) != link.AskPassword {
			t.Errorf("%s: a field for a password?", link.Path)
		}
		finished, err := link.Finished()
		if err != nil || strings.Contains(string(finished.HTML), "<form") {
			t.Errorf("%s asks again when it is done: %v", link.Path, err)
		}
		failed, err := link.Failed("Too late.")
		if err != nil || strings.Contains(string(failed.HTML), "<form") || !strings.Contains(string(failed.HTML), "Too late.") {
			t.Errorf("%s: %v", link.Path, err)
		}
	}
}
