package portability

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// Section is a part of what is held about a person beside their account: a member of the document, and a list in it.
type Section string

// The sections, as the document has them. What happened to the person, and what they did to others, comes last, and is
// read from audit.History.
const (
	SectionRoles         Section = "roles"
	SectionGroups        Section = "groups"
	SectionSessions      Section = "sessions"
	SectionDevices       Section = "devices"
	SectionFactors       Section = "factors"
	SectionRecoveryCodes Section = "recovery_codes"
	SectionTokens        Section = "tokens"
	SectionPending       Section = "pending"
	SectionMails         Section = "mails"
	sectionActivity      Section = "activity"
	sectionActs          Section = "acts"
)

// Sections are those that Holdings keeps, in the order of the document.
func Sections() []Section {
	return []Section{
		SectionRoles, SectionGroups, SectionSessions, SectionDevices, SectionFactors, SectionRecoveryCodes, SectionTokens,
		SectionPending, SectionMails,
	}
}

// Record is one entry of a section: a JSON object without secrets, and its place among the others.
type Record struct {
	Place core.ID
	JSON  json.RawMessage
}

// Holdings reads what is held about a person.
type Holdings interface {
	// Held gives up to limit records of a section that are about the person, by place ascending, behind after. Sections
	// whose records have no place, of which there are few, are given whole at the first call, when after is zero, and
	// are empty at others.
	Held(ctx context.Context, section Section, about account.User, after core.ID, limit int) ([]Record, error)
}

// PersonalDeps are what a Records is made of. All are needed.
type PersonalDeps struct {
	Users    account.Store
	Warden   *access.Warden
	Holdings Holdings
	History  audit.History
	Post     mail.Post
	Origins  *origin.Reader
	Tx       core.Transactor
	Trail    *audit.Trail
	Clock    core.Clock
}

// Records gives people all that is held about them. Safe for concurrent use.
type Records struct {
	deps   PersonalDeps
	window time.Duration
}

// NewRecords makes the use case. window is how old the last proof of identity may be.
func NewRecords(deps PersonalDeps, window time.Duration) *Records {
	return &Records{deps: deps, window: window}
}

// Personal is one document under way. It is used by one goroutine at a time, and keeps one page in memory.
type Personal struct {
	records *Records
	caller  core.Principal
	user    account.User
	// left are the sections that are not begun, the first one being under way; nil before the first call.
	left  []Section
	after core.ID
	since core.Position
	// entries tells that the section has some already, so that a comma stands before the next.
	entries bool
	begun   bool
	ended   bool
	// judged is when it was last asked whether the caller still is who asked.
	judged time.Time
	text   []byte
}

// Personal begins the document of all that is held about the caller, for whom it wants a recent proof of identity.
func (r *Records) Personal(caller core.Principal) *Personal {
	return &Personal{records: r, caller: caller}
}

// Next gives the next part of the document, which is good until it is called again. The errors are io.EOF after the
// last part, at the first call core.CodeReauthentication, those of access.Warden.Person, and KindUnavailable. That it was
// asked for is written down, and told to the owner by mail, before anything leaves.
func (p *Personal) Next(ctx context.Context) ([]byte, error) {
	p.text = p.text[:0]
	switch {
	case p.ended:
		return nil, io.EOF
	case !p.begun:
		if err := p.begin(ctx); err != nil {
			return nil, p.records.deps.Trail.Refuse(ctx, p.asked(), err)
		}
		p.begun, p.left = true, append(Sections(), sectionActivity, sectionActs)
		return p.text, nil
	}
	if err := p.admit(ctx); err != nil {
		return nil, p.records.deps.Trail.Refuse(ctx, p.asked(), err)
	}
	more, err := p.page(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.left[0], err)
	}
	if !more {
		p.text = append(p.text, ']')
		p.left, p.after, p.since, p.entries = p.left[1:], core.ID{}, core.Position{}, false
		if p.ended = len(p.left) == 0; p.ended {
			p.text = append(p.text, "}\n"...)
		} else {
			p.open(p.left[0])
		}
	}
	return p.text, nil
}

// asked tells that the document was asked for.
func (p *Personal) asked() audit.Event {
	return audit.Event{Action: audit.ActionDataExport, Subject: p.caller.UserID}.By(p.caller)
}

// admit ends the document of a caller who is signed out, or whose token is revoked, while they read slowly.
func (p *Personal) admit(ctx context.Context) error {
	deps := p.records.deps
	now := deps.Clock.Now()
	if now.Sub(p.judged) < judgeEvery {
		return nil
	}
	p.judged = now
	_, err := deps.Warden.Person(ctx, p.caller)
	return err
}

func (p *Personal) begin(ctx context.Context) error {
	deps := p.records.deps
	err := deps.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if p.user, err = deps.Users.Find(ctx, p.caller.UserID); err != nil {
			return fmt.Errorf("find user: %w", err)
		}
		if err = p.user.RequireProof(p.caller, deps.Clock.Now(), p.records.window); err != nil {
			return err
		}
		if err = deps.Trail.Record(ctx, p.asked()); err != nil {
			return err
		}
		return deps.Post.Post(ctx, account.NewLetter(mail.KindDataExported, p.user, deps.Origins.Of(ctx), deps.Clock.Now()))
	})
	if err != nil {
		return err
	}
	head, err := json.Marshal(struct {
		At       time.Time        `json:"exported_at"`
		Account  personalAccount  `json:"account"`
		Settings personalSettings `json:"settings"`
	}{deps.Clock.Now(), accountOf(p.user), settingsOf(p.user)})
	if err != nil {
		return fmt.Errorf("write the account: %w", err)
	}
	p.text = append(p.text, head[:len(head)-1]...)
	p.open(Sections()[0])
	return nil
}

func (p *Personal) open(section Section) {
	p.text = append(append(append(p.text, `,"`...), section...), `":[`...)
}

// page adds the next entries of the section, and reports whether there may be more.
func (p *Personal) page(ctx context.Context) (more bool, err error) {
	if p.left[0] == sectionActivity {
		return p.events(ctx, audit.Query{Subject: p.user.ID})
	}
	if p.left[0] == sectionActs {
		return p.events(ctx, audit.Query{Actor: p.user.ID})
	}
	records, err := p.records.deps.Holdings.Held(ctx, p.left[0], p.user, p.after, pageSize)
	for _, record := range records {
		p.entry(record.JSON)
		p.after = record.Place
	}
	return err == nil && len(records) >= pageSize && !p.after.IsZero(), err
}

func (p *Personal) events(ctx context.Context, query audit.Query) (more bool, err error) {
	page := core.Page{Limit: core.PageLimitMax, After: p.since}
	events, err := p.records.deps.History.Find(ctx, query, page)
	for _, event := range events {
		p.since = core.Position{At: event.At, ID: event.ID}
		if err := p.event(event); err != nil {
			return false, err
		}
	}
	return err == nil && len(events) == page.Limit, err
}

// event adds an event as an entry of its section. What people did to themselves is activity, and not told again as an act.
func (p *Personal) event(event audit.Event) error {
	var entry any = eventOf(event)
	if p.left[0] == sectionActs {
		if event.Subject == p.user.ID {
			return nil
		}
		entry = actOf(event)
	}
	text, err := json.Marshal(entry)
	if err == nil {
		p.entry(text)
	}
	return err
}

func (p *Personal) entry(text []byte) {
	if p.entries {
		p.text = append(p.text, ',')
	}
	p.text, p.entries = append(p.text, text...), true
}
