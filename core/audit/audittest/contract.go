package audittest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// Stores is what the suite is run on: the log of one fresh, empty database.
type Stores struct {
	Tx      core.Transactor
	Log     audit.Log
	History audit.History
}

// Open makes a fresh log for one case, and closes it in t.Cleanup.
type Open func(t *testing.T) Stores

var (
	errRollback = errors.New("rolled back on purpose")
	ids         = core.NewIDs(core.ClockFunc(time.Now))
)

// TestLog is the contract of audit.Log and audit.History.
func TestLog(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was written":         givesBack,
		"takes texts as long as they may be":  takesLong,
		"nothing written is nothing":          appendsNothing,
		"gives a person's own, newest first":  ownHistory,
		"pages":                               pages,
		"selects":                             selectsEach,
		"selects in pages":                    selectsPages,
		"gives one":                           givesOne,
		"stands with its act":                 standsWithAct,
		"goes with its act":                   goesWithAct,
		"goes with the act around a nested":   goesWithOuter,
		"refuses an event twice":              refusesTwice,
		"a refused event takes its act along": refusedTakesAct,
		"many at once":                        many,
		"heeds an ended ctx":                  heeds,
	})
}

// Event is an event that uses every field.
func Event(subject core.ID, at time.Time) audit.Event {
	return audit.Event{
		ID: ids.New(), At: at, Action: audit.ActionPasswordChange, Outcome: audit.Failure, Reason: "invalid_credentials",
		ActorKind: audit.Person, Actor: subject, Subject: subject, SessionID: ids.New(), RequestID: "req-1.a_b",
		IP: "2001:db8::1", UserAgent: `Mozilla/5.0 "quoted" \ é`, Device: "Firefox, Linux", Location: "Zürich, CH",
		Metadata:  map[string]string{"factor": "pwd", "quote": `"'\{}`, "umlaut": "ü"},
		KeepUntil: at.Add(time.Hour),
	}
}

func (s Stores) append(t *testing.T, events ...audit.Event) {
	t.Helper()
	coretest.Must(t, s.Log.Append(t.Context(), events...))
}

func (s Stores) of(t *testing.T, subject core.ID, page core.Page) []audit.Event {
	t.Helper()
	events, err := s.History.Find(t.Context(), audit.Query{Subject: subject}, page)
	coretest.Must(t, err)
	return events
}

var first = core.Page{Limit: 100}

func givesBack(t *testing.T, s Stores) {
	full := Event(ids.New(), coretest.Epoch)
	bare := audit.Event{
		ID: ids.New(), At: coretest.Epoch.Add(-time.Microsecond), Action: audit.ActionOpen, Outcome: audit.Success,
		ActorKind: audit.System, Subject: full.Subject, KeepUntil: coretest.Epoch,
	}
	s.append(t, full)
	s.append(t, bare)
	coretest.Equal(t, []audit.Event{full, bare}, s.of(t, full.Subject, first))
}

// takesLong has every text at its bound, in letters of four bytes: the bounds are counted in code points.
func takesLong(t *testing.T, s Stores) {
	full := Event(ids.New(), coretest.Epoch)
	long := func(limit int) string { return strings.Repeat("𠀀", limit) }
	full.Reason, full.UserAgent, full.Device, full.Location = long(64), long(512), long(255), long(255)
	full.Metadata = map[string]string{long(audit.KeyMax): long(audit.ValueMax)}
	s.append(t, full)
	coretest.Equal(t, []audit.Event{full}, s.of(t, full.Subject, first))
}

func appendsNothing(t *testing.T, s Stores) {
	s.append(t)
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error { return s.Log.Append(ctx) }))
}

func ownHistory(t *testing.T, s Stores) {
	ada, bob := ids.New(), ids.New()
	older, newer := Event(ada, coretest.Epoch), Event(ada, coretest.Epoch.Add(time.Second))
	same := Event(ada, newer.At) // the same instant: the later id comes first
	another, nobody := Event(bob, coretest.Epoch), Event(core.ID{}, coretest.Epoch)
	another.Actor = ada // what somebody did to others is not their history
	s.append(t, newer, older, same, another, nobody)
	coretest.Equal(t, []audit.Event{same, newer, older}, s.of(t, ada, first))
	coretest.Equal(t, []audit.Event{another}, s.of(t, bob, first))
	coretest.Equal(t, nil, s.of(t, ids.New(), first))
}

func pages(t *testing.T, s Stores) {
	ada := ids.New()
	for i := range 7 {
		s.append(t, Event(ada, coretest.Epoch.Add(time.Duration(i/2)*time.Second))) // some at the same instant
	}
	all, paged := s.of(t, ada, first), []audit.Event(nil)
	page := core.Page{Limit: 3}
	for range 4 { // the last is empty
		part := s.of(t, ada, page)
		if len(part) == 0 {
			break
		}
		paged = append(paged, part...)
		last := part[len(part)-1]
		page.After = core.Position{At: last.At, ID: last.ID}
	}
	coretest.Equal(t, 7, len(paged))
	coretest.Equal(t, all, paged)
}

func standsWithAct(t *testing.T, s Stores) {
	one, two := Event(ids.New(), coretest.Epoch), Event(ids.New(), coretest.Epoch)
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Log.Append(ctx, one))
		return s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Log.Append(ctx, two) })
	}))
	coretest.Equal(t, []audit.Event{one}, s.of(t, one.Subject, first))
	coretest.Equal(t, []audit.Event{two}, s.of(t, two.Subject, first))
}

func goesWithAct(t *testing.T, s Stores) {
	event := Event(ids.New(), coretest.Epoch)
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Log.Append(ctx, event))
		return errRollback
	}), errRollback)
	coretest.Equal(t, nil, s.of(t, event.Subject, first))
}

func goesWithOuter(t *testing.T, s Stores) {
	event := Event(ids.New(), coretest.Epoch)
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Log.Append(ctx, event) }))
		return errRollback
	}), errRollback)
	coretest.Equal(t, nil, s.of(t, event.Subject, first))
}

func refusesTwice(t *testing.T, s Stores) {
	event := Event(ids.New(), coretest.Epoch)
	s.append(t, event)
	changed := event
	changed.Reason = "something else"
	coretest.Refused(t, s.Log.Append(t.Context(), changed), core.ErrConflict)
	coretest.Equal(t, []audit.Event{event}, s.of(t, event.Subject, first))
}

// refusedTakesAct writes an event that exists already: the act fails, at its end at the latest, and none of
// what it wrote stands.
func refusedTakesAct(t *testing.T, s Stores) {
	event, other := Event(ids.New(), coretest.Epoch), Event(ids.New(), coretest.Epoch)
	s.append(t, event)
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		if err := s.Log.Append(ctx, other); err != nil {
			return err
		}
		return s.Log.Append(ctx, event)
	}), core.ErrConflict)
	coretest.Equal(t, nil, s.of(t, other.Subject, first))
}

func many(t *testing.T, s Stores) {
	const writers = 32
	ada := ids.New()
	coretest.Equal(t, writers, coretest.Race(t, writers, nil, func(ctx context.Context, i int) error {
		if i%2 == 0 {
			return s.Log.Append(ctx, Event(ada, coretest.Epoch))
		}
		return s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Log.Append(ctx, Event(ada, coretest.Epoch)) })
	}))
	coretest.Equal(t, writers, len(s.of(t, ada, first)))
}

func heeds(t *testing.T, s Stores) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	event := Event(ids.New(), coretest.Epoch)
	coretest.Equal(t, core.KindUnavailable, core.AsError(s.Log.Append(ctx, event)).Kind)
	coretest.Equal(t, nil, s.of(t, event.Subject, first))
}
