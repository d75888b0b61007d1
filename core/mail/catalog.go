package mail

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"text/template"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed catalog/*.json
var catalogFiles embed.FS

// Catalog holds the texts of all letters by locale. It does not change once loaded.
type Catalog struct {
	matcher language.Matcher
	locales []*locale
}

// locale is one file of the catalog. Every text is a template over values: what people wrote is only
// ever a value, so nothing in it is read as a template or as markup.
type locale struct {
	tag       language.Tag
	Direction string                     `json:"direction"` // ltr or rtl, as in HTML's dir
	Months    []string                   `json:"months"`
	Units     map[string]map[string]text `json:"units"` // by unit, then by CLDR plural category
	Phrases   map[string]text            `json:"phrases"`
	Terms     map[string]text            `json:"terms"` // words for names of the API
	Letters   map[Kind]letterTexts       `json:"letters"`
}

type letterTexts struct {
	Subject   text   `json:"subject"`
	Preheader text   `json:"preheader"`
	Heading   text   `json:"heading"`
	Body      []text `json:"body"`
	Code      text   `json:"code"`
	Link      text   `json:"link"`
	Button    text   `json:"button"`
	Closing   []text `json:"closing"`
	Reason    text   `json:"reason"`
}

// values is all that a text may mention.
type values struct {
	Product, Name, To, Address, Reason string
	For, Until                         string
	Day, Month, Year, Time             string
	Factor, Left, Label                string
	TurnedOff, Gained, Lost            []string
	N                                  int
}

type text struct{ parsed *template.Template }

// UnmarshalText implements encoding.TextUnmarshaler: it parses the text as a template.
func (t *text) UnmarshalText(source []byte) (err error) {
	t.parsed, err = template.New("text").Parse(string(source))
	return err
}

func (t text) fill(with values) (string, error) {
	if t.parsed == nil {
		return "", nil
	}
	var out strings.Builder
	if err := t.parsed.Execute(&out, with); err != nil {
		return "", fmt.Errorf("mail: text of the catalog: %w", err)
	}
	return out.String(), nil
}

// Texts is the catalog that ships with Doorward.
func Texts() (*Catalog, error) {
	files, err := fs.Sub(catalogFiles, "catalog")
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return LoadCatalog(files)
}

// LoadCatalog reads every <BCP 47 tag>.json at the top of files. There has to be an en.json, which is
// the fallback, and each file must have every text that the letters need.
func LoadCatalog(files fs.FS) (*Catalog, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	catalog := &Catalog{}
	tags := []language.Tag{language.English}
	for _, name := range names {
		loaded, err := loadLocale(files, name)
		if err != nil {
			return nil, fmt.Errorf("mail: catalog %s: %w", name, err)
		}
		if loaded.tag == language.English {
			catalog.locales = append([]*locale{loaded}, catalog.locales...)
			continue
		}
		tags = append(tags, loaded.tag)
		catalog.locales = append(catalog.locales, loaded)
	}
	if len(catalog.locales) != len(tags) {
		return nil, fmt.Errorf("mail: the catalog has no en.json")
	}
	catalog.matcher = language.NewMatcher(tags)
	return catalog, nil
}

func loadLocale(files fs.FS, name string) (*locale, error) {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".json"))
	if err != nil {
		return nil, err
	}
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	loaded := &locale{tag: tag}
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	err = decoder.Decode(loaded)
	if err == nil {
		err = loaded.check()
	}
	return loaded, err
}

// find gives the locale that serves a reader of the wanted tag best, English when none does. wanted may
// also be a list in the form of Accept-Language; what is malformed counts as nothing.
func (c *Catalog) find(wanted string) *locale {
	_, index := language.MatchStrings(c.matcher, wanted)
	return c.locales[index]
}

var (
	unitNames   = []string{"minutes", "hours", "days", "left"}
	phraseNames = []string{
		"greeting", "greeting_unnamed", "moment", "code_expiry", "link_expiry", "link_plain",
		"when", "ip", "place", "device", "footer",
	}
)

// check finds what a locale lacks, at start instead of when the first letter is due.
func (l *locale) check() error {
	if l.Direction != "ltr" && l.Direction != "rtl" {
		return fmt.Errorf("direction is %q, not ltr or rtl", l.Direction)
	}
	if len(l.Months) != 12 {
		return fmt.Errorf("%d months", len(l.Months))
	}
	for _, unit := range unitNames {
		if err := wants("units."+unit, l.Units[unit]["other"]); err != nil {
			return err
		}
	}
	for _, phrase := range phraseNames {
		if err := wants("phrases."+phrase, l.Phrases[phrase]); err != nil {
			return err
		}
	}
	for kind, made := range forms {
		if err := l.Letters[kind].check(kind, made); err != nil {
			return err
		}
	}
	return nil
}

func (t letterTexts) check(kind Kind, made form) error {
	needed := map[string]text{
		"subject": t.Subject, "preheader": t.Preheader, "heading": t.Heading, "reason": t.Reason,
	}
	if made.code {
		needed["code"] = t.Code
	}
	if made.path != "" {
		needed["link"], needed["button"] = t.Link, t.Button
	}
	for name, value := range needed {
		if err := wants("letters."+string(kind)+"."+name, value); err != nil {
			return err
		}
	}
	if len(t.Body) == 0 {
		return fmt.Errorf("letters.%s.body is missing", kind)
	}
	return nil
}

// wants tries the text with no values, so that a slip of the pen in a template is found as well.
func wants(name string, value text) error {
	if value.parsed == nil {
		return fmt.Errorf("%s is missing", name)
	}
	_, err := value.fill(values{})
	return err
}

// pluralNames are the CLDR categories as the catalog writes them.
var pluralNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// lasting puts a duration into words: whole minutes below 90 of them, whole hours below 48, else days,
// each rounded to the nearest and never less than one.
func (l *locale) lasting(d time.Duration) (string, error) {
	unit, size := "minutes", time.Minute
	switch {
	case d >= 48*time.Hour:
		unit, size = "days", 24*time.Hour
	case d >= 90*time.Minute:
		unit, size = "hours", time.Hour
	}
	return l.plural(unit, max(1, int(d.Round(size)/size)))
}

// plural counts n of a unit in the form that the locale has for that number.
func (l *locale) plural(unit string, n int) (string, error) {
	chosen, found := l.Units[unit][pluralNames[plural.Cardinal.MatchPlural(l.tag, n, 0, 0, 0, 0)]]
	if !found {
		chosen = l.Units[unit]["other"]
	}
	return chosen.fill(values{N: n})
}

// moment writes an instant in UTC, as readers of the locale write dates; the reader's own zone is not
// known here.
func (l *locale) moment(at time.Time) (string, error) {
	at = at.UTC()
	return l.Phrases["moment"].fill(values{
		Day: strconv.Itoa(at.Day()), Month: l.Months[at.Month()-1], Year: strconv.Itoa(at.Year()),
		Time: at.Format("15:04"),
	})
}
