// Package pages renders the few pages that the server shows in a browser itself: those that links in mails
// lead to, the development mailbox, and the reference of the contract. They use no scripts and load
// nothing, not even from this server.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

//go:embed style.css
var style string

//go:embed *.gohtml
var sources embed.FS

var templates = template.Must(template.ParseFS(sources, "*.gohtml"))

// Page is a rendered page and the Content-Security-Policy to send with it.
type Page struct {
	HTML   []byte
	Policy string
}

// strict lets a page do nothing but look like its own style and send its own forms.
var strict = policy("'sha256-" + styleDigest() + "'")

func policy(styles string) string {
	return "default-src 'none'; style-src " + styles +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

func styleDigest() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// head is what every page begins with.
type head struct {
	Title, Lang, Dir string
	Style            template.CSS
}

func newHead(title string) head {
	return head{Title: title, Lang: "en", Dir: "ltr", Style: template.CSS(style)} //nolint:gosec // our own file
}

func render(name, policy string, data any) (Page, error) {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, data); err != nil {
		return Page{}, fmt.Errorf("render %s: %w", name, err)
	}
	return Page{HTML: text.Bytes(), Policy: policy}, nil
}
