package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	"text/template"
	"time"

	"github.com/doorward/doorward/core"
)

//go:embed layout
var layoutFiles embed.FS

var (
	textLayout = template.Must(template.ParseFS(layoutFiles, "layout/letter.txt"))
	htmlLayout = htmltemplate.Must(htmltemplate.ParseFS(layoutFiles, "layout/letter.html"))
)

// ErrExpired is returned for a letter that is worth nothing any more: its code and its link are past.
var ErrExpired = errors.New("mail: the code and the link expired before the letter could be sent")

// minGood is how long a code or link must still be good to be worth showing.
const minGood = 30 * time.Second

// Renderer turns letters into messages in their reader's language. Safe for concurrent use.
type Renderer struct {
	catalog  *Catalog
	product  string
	frontEnd *url.URL
}

// NewRenderer makes a renderer. product is the name that readers know the site by; frontEnd is an
// absolute http or https URL without query and fragment, below which the links lead.
func NewRenderer(catalog *Catalog, product, frontEnd string) (*Renderer, error) {
	base, err := url.Parse(frontEnd)
	if err != nil {
		return nil, fmt.Errorf("mail: front end: %w", err)
	}
	if (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" || base.User != nil ||
		base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("mail: the front end must be an absolute http or https URL, without user, query or fragment")
	}
	product = line(product, maxName)
	if product == "" {
		return nil, errors.New("mail: the product needs a name")
	}
	return &Renderer{catalog: catalog, product: product, frontEnd: base}, nil
}

// page is what the two layouts show.
type page struct {
	Lang, Direction, Product      string
	Subject, Preheader, Heading   string
	Greeting                      string
	Body, Closing                 []string
	CodeIntro, Code, CodeExpiry   string
	LinkIntro, Link, Button       string
	LinkExpiry, LinkPlain, Footer string
	Facts                         []fact
}

type fact struct{ Label, Value string }

// Render makes the message of a letter as it is true at now: a code or link that has expired is left
// out. ErrExpired is returned when nothing worth sending remains, another error for a kind that this
// program does not know.
func (r *Renderer) Render(id core.ID, letter Letter, now time.Time) (Email, error) {
	made, known := forms[letter.Kind]
	if !known {
		return Email{}, fmt.Errorf("mail: no letter of kind %q", letter.Kind)
	}
	letter = current(letter, now)
	if letter.pointless() {
		return Email{}, ErrExpired
	}
	shown, err := r.compose(letter, made, now)
	if err != nil {
		return Email{}, err
	}
	var plain, html strings.Builder
	if err := errors.Join(textLayout.Execute(&plain, shown), htmlLayout.Execute(&html, shown)); err != nil {
		return Email{}, fmt.Errorf("mail: layout: %w", err)
	}
	return Email{
		ID: id, Kind: letter.Kind, To: letter.To, Subject: shown.Subject, Text: plain.String(), HTML: html.String(),
		Code: shown.Code, Link: shown.Link,
	}, nil
}

// current drops from the letter what is no longer good at now.
func current(letter Letter, now time.Time) Letter {
	if past(letter.ExpiresAt, now) {
		letter.Code = ""
	}
	if past(letter.LinkExpiresAt, now) {
		letter.Token = ""
	}
	return letter
}

func past(expires, now time.Time) bool { return !expires.IsZero() && expires.Sub(now) < minGood }

func (r *Renderer) link(made form, token string) string {
	if made.path == "" || token == "" {
		return ""
	}
	target := r.frontEnd.JoinPath(made.path)
	target.RawQuery = url.Values{"token": {token}}.Encode()
	return target.String()
}
