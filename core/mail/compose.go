package mail

import (
	"errors"
	"time"
)

// composer fills the texts of one letter and remembers the first thing that went wrong.
type composer struct {
	*locale
	with values
	now  time.Time
	err  error
}

// compose chooses the letter's texts in its reader's language and fills them.
func (r *Renderer) compose(letter Letter, made form, now time.Time) (page, error) {
	c := r.composer(letter, now)
	texts := c.Letters[letter.Kind]
	c.with.Reason = c.fill(texts.Reason)
	shown := page{
		Lang: c.tag.String(), Direction: c.Direction, Product: r.product,
		Subject: line(c.fill(texts.Subject), maxSubject), Preheader: c.fill(texts.Preheader), Heading: c.fill(texts.Heading),
		Greeting: c.greeting(),
		Body:     c.fillAll(texts.Body), Closing: c.fillAll(texts.Closing),
		Facts:  c.facts(letter),
		Footer: c.phrase("footer"),
	}
	if made.code && letter.Code != "" {
		shown.CodeIntro, shown.Code = c.fill(texts.Code), line(letter.Code, maxName)
		shown.CodeExpiry = c.expiry("code_expiry", letter.ExpiresAt)
	}
	if shown.Link = r.link(made, letter.Token); shown.Link != "" {
		shown.LinkIntro, shown.Button, shown.LinkPlain = c.fill(texts.Link), c.fill(texts.Button), c.phrase("link_plain")
		shown.LinkExpiry = c.expiry("link_expiry", letter.LinkExpiresAt)
	}
	return shown, c.err
}

// maxSubject keeps the subject on one line of a header: RFC 5322 §2.1.1 asks for 78 characters.
const maxSubject = 78

func (r *Renderer) composer(letter Letter, now time.Time) *composer {
	c := &composer{locale: r.catalog.find(letter.Locale), now: now}
	c.with = values{
		Product: r.product, Name: said(letter.Name, maxName),
		To: line(letter.To, maxRecipient), Address: line(letter.Address, maxRecipient),
	}
	c.with.Factor, c.with.TurnedOff = c.term(letter.Factor), c.terms(letter.TurnedOff)
	c.with.Gained, c.with.Lost = c.named(letter.Gained), c.named(letter.Lost)
	c.with.Label = said(letter.Label, maxName)
	c.with.Left = c.keep(c.plural("left", max(0, letter.Count)))
	if c.Direction == "rtl" {
		c.with.Product, c.with.Name = isolate(c.with.Product), isolate(c.with.Name)
		c.with.To, c.with.Address = isolate(c.with.To), isolate(c.with.Address)
		c.with.Label = isolate(c.with.Label)
	}
	return c
}

func (c *composer) keep(filled string, err error) string {
	c.err = errors.Join(c.err, err)
	return filled
}

func (c *composer) fill(t text) string { return c.keep(t.fill(c.with)) }

func (c *composer) phrase(name string) string { return c.fill(c.Phrases[name]) }

func (c *composer) fillAll(all []text) []string {
	filled := make([]string, 0, len(all))
	for _, each := range all {
		filled = append(filled, c.fill(each))
	}
	return filled
}

// term puts a name of the API into words. One that this catalog does not know yet, from a newer replica, is
// shown as it is.
func (c *composer) term(name string) string {
	if known, found := c.Terms[name]; found {
		return c.fill(known)
	}
	return said(name, maxName)
}

func (c *composer) terms(names []string) []string {
	worded := make([]string, 0, len(names))
	for _, name := range names {
		worded = append(worded, c.term(name))
	}
	return worded
}

// maxNamed is how many roles or groups a letter names; more make nothing clearer.
const maxNamed = 20

// named shows names of roles and groups as they are.
func (c *composer) named(names []string) []string {
	shown := make([]string, 0, min(len(names), maxNamed+1))
	for i, name := range names {
		if i == maxNamed {
			return append(shown, "…")
		}
		shown = append(shown, line(name, maxName))
	}
	return shown
}

func (c *composer) greeting() string {
	if c.with.Name == "" {
		return c.phrase("greeting_unnamed")
	}
	return c.phrase("greeting")
}

// expiry tells how long something is good, both from now and as an instant: the first for those who
// read at once, the second for those who read later.
func (c *composer) expiry(phrase string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	with := c.with
	with.For, with.Until = c.keep(c.lasting(at.Sub(c.now))), c.keep(c.moment(at))
	return c.keep(c.Phrases[phrase].fill(with))
}

// facts tell when and where from the act was done.
func (c *composer) facts(letter Letter) []fact {
	var told []fact
	if !letter.At.IsZero() {
		told = append(told, fact{c.phrase("when"), c.keep(c.moment(letter.At))})
	}
	if ip := line(letter.IP, maxPlace); ip != "" {
		told = append(told, fact{c.phrase("ip"), ip})
	}
	if place := line(letter.Place, maxPlace); place != "" {
		told = append(told, fact{c.phrase("place"), place})
	}
	if device := said(letter.Device, maxPlace); device != "" {
		told = append(told, fact{c.phrase("device"), device})
	}
	return told
}
