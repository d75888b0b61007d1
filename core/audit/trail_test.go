package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/origin"
)

// desk is a trail with all that it writes to.
type desk struct {
	*audit.Trail
	db    *coretest.Database
	log   *audittest.Log
	clock *coretest.Clock
	told  bytes.Buffer
}

type recognizer struct{}

func (recognizer) Recognize(string) origin.Device {
	return origin.Device{Browser: "Firefox", OS: "Linux"}
}

type boxford struct{}

func (boxford) Locate(netip.Addr) string { return "Boxford, GB" }

func (boxford) Country(netip.Addr) string { return "GB" }

func newDesk(config audit.Config) *desk {
	d := &desk{db: coretest.NewDatabase(), clock: coretest.NewClock()}
	d.log = audittest.NewLog(d.db)
	d.Trail = audit.NewTrail(audit.Deps{
		Log: d.log, History: d.log, Origins: origin.NewReader(recognizer{}, boxford{}), Clock: d.clock,
		IDs: core.NewIDs(d.clock), Logger: slog.New(slog.NewTextHandler(&d.told, nil)),
	}, config)
	return d
}

func request(t *testing.T) context.Context {
	return core.WithClient(t.Context(), core.Client{
		IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Mozilla/5.0", RequestID: "req-1",
	})
}

var ids = core.NewIDs(core.ClockFunc(time.Now))

func TestEventIsCompleted(t *testing.T) {
	t.Parallel()
	d, user := newDesk(audit.Config{}), ids.New()
	event := d.Event(request(t), audit.Event{Action: audit.ActionOpen, Actor: user, Subject: user})
	want := audit.Event{
		ID: event.ID, At: d.clock.Now(), Action: audit.ActionOpen, Outcome: audit.Success, ActorKind: audit.Person,
		Actor: user, Subject: user, RequestID: "req-1", IP: "192.0.2.7", UserAgent: "Mozilla/5.0",
		Device: "Firefox, Linux", Location: "Boxford, GB", KeepUntil: d.clock.Now().Add(audit.DefaultRetention),
	}
	coretest.Equal(t, want, event)
	coretest.Equal(t, false, event.ID.IsZero())
	filled := audit.Event{
		Action: audit.ActionLock, Outcome: audit.Refused, ActorKind: audit.System, RequestID: "other", IP: "::1",
		UserAgent: "x", Device: "y", Location: "z",
	}
	event = d.Event(request(t), filled)
	filled.ID, filled.At, filled.KeepUntil = event.ID, event.At, event.KeepUntil
	coretest.Equal(t, filled, event)
	coretest.Equal(t, audit.Stranger, d.Event(t.Context(), audit.Event{}).ActorKind)
}

func TestHowLongEventsAreKept(t *testing.T) {
	t.Parallel()
	const year, season = 1000 * time.Hour, 10 * time.Hour
	d := newDesk(audit.Config{Retention: year, AttemptRetention: season})
	for _, c := range []struct {
		action  audit.Action
		outcome audit.Outcome
		want    time.Duration
	}{
		{audit.ActionSignIn, audit.Success, year},
		{audit.ActionSignIn, audit.Failure, season},
		{audit.ActionSignIn, audit.Refused, season},
		{audit.ActionSecondFactor, audit.Refused, season},
		{audit.ActionPasswordForgot, audit.Success, year},
		{audit.ActionPasswordForgot, audit.Refused, season},
		{audit.ActionRegister, audit.Refused, season},
		{audit.ActionPasswordReset, audit.Failure, season},
		{audit.ActionPasswordReset, audit.Success, year},
		{audit.ActionTheft, audit.Refused, year},
		{audit.ActionDenied, audit.Refused, year},
	} {
		event := d.Event(t.Context(), audit.Event{Action: c.action, Outcome: c.outcome})
		if got := event.KeepUntil.Sub(event.At); got != c.want {
			t.Errorf("%s %s is kept for %v, want %v", c.action, c.outcome, got, c.want)
		}
	}
}

// bound is a text with how many code points it may have.
type bound struct {
	text  string
	limit int
}

// A header, or whatever else comes from outside, must not forge lines or move a terminal's cursor, nor be so long
// that the table refuses the event, and the act with it.
func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(audit.Config{})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.String(), rapid.StringMatching(`(\r\n|\x1b\[31m|\x00|é|漢|a){0,900}`),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		)
		metadata := rapid.MapOfN(rapid.StringN(0, 100, -1), text, 0, 30).Draw(t, "metadata")
		event := d.Event(context.Background(), audit.Event{
			Reason: text.Draw(t, "reason"), RequestID: text.Draw(t, "request"), IP: text.Draw(t, "ip"),
			UserAgent: text.Draw(t, "agent"), Device: text.Draw(t, "device"), Location: text.Draw(t, "location"),
			Metadata: metadata,
		})
		bounds := []bound{
			{event.Reason, 64},
			{event.RequestID, 64},
			{event.IP, 64},
			{event.UserAgent, 512},
			{event.Device, 255},
			{event.Location, 255},
		}
		for key, value := range event.Metadata {
			bounds = append(bounds, bound{key, audit.KeyMax}, bound{value, audit.ValueMax})
		}
		for _, b := range bounds {
			foreign := func(r rune) bool { return !unicode.IsPrint(r) }
			if utf8.RuneCountInString(b.text) > b.limit || !utf8.ValidString(b.text) || strings.ContainsFunc(b.text, foreign) {
				t.Errorf("%q is kept", b.text)
			}
		}
		if len(event.Metadata) > audit.MetadataMax {
			t.Errorf("%d entries are kept", len(event.Metadata))
		}
	})
	long := strings.Repeat("é", 300)
	event := d.Event(t.Context(), audit.Event{Reason: long, Metadata: map[string]string{"k": long}})
	coretest.Equal(t, strings.Repeat("é", 64), event.Reason)
	coretest.Equal(t, strings.Repeat("é", 200), event.Metadata["k"])
}

func TestRefusalsByTheirErrors(t *testing.T) {
	t.Parallel()
	wrong := core.InvalidField("current_password", core.CodeInvalidCredentials, "")
	for name, c := range map[string]struct {
		err  error
		want string // outcome and reason; empty for nothing
	}{
		"no error":            {nil, ""},
		"a wrong code":        {core.NewError(core.KindInvalid, core.CodeInvalidCode, ""), "failure invalid_code"},
		"a wrong link":        {core.NewError(core.KindGone, core.CodeInvalidLink, ""), "failure invalid_link"},
		"a wrong password":    {core.NewError(core.KindUnauthenticated, core.CodeInvalidCredentials, ""), "failure invalid_credentials"},
		"a field that proves": {fmt.Errorf("wrapped: %w", wrong), "failure invalid_credentials"},
		"a rule":              {core.NewError(core.KindForbidden, core.CodeReauthentication, ""), "refused reauthentication_required"},
		"a state":             {core.ErrConflict, "refused conflict"},
		"a form":              {core.InvalidField("name", core.CodeTooLong, ""), ""},
		"a limit":             {core.NewError(core.KindLimited, core.CodeRateLimited, ""), ""},
		"a fault":             {core.Internal(errors.New("boom")), ""},
		"an absence":          {core.Unavailable(errors.New("gone")), ""},
		"a stranger's error":  {context.Canceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(audit.Config{})
			if got := d.Refuse(request(t), audit.Event{Action: audit.ActionPasswordChange}, c.err); !errors.Is(got, c.err) {
				t.Errorf("gives back %v", got)
			}
			var got []string
			for _, event := range d.log.All() {
				got = append(got, string(event.Outcome)+" "+event.Reason)
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("noted %q, want %q", got, c.want)
			}
		})
	}
}

// brokenLog is a log that is away.
type brokenLog struct{ audit.History }

// Append implements audit.Log.
func (brokenLog) Append(context.Context, ...audit.Event) error {
	return core.Unavailable(errors.New("away"))
}

// The event of an act stands or falls with it; that of a refusal changes nothing about it.
func TestALogThatIsAway(t *testing.T) {
	t.Parallel()
	var told bytes.Buffer
	clock := coretest.NewClock()
	trail := audit.NewTrail(audit.Deps{
		Log: brokenLog{}, Origins: origin.NewReader(recognizer{}, boxford{}), Clock: clock, IDs: core.NewIDs(clock),
		Logger: slog.New(slog.NewTextHandler(&told, nil)),
	}, audit.Config{})
	err := trail.Record(t.Context(), audit.Event{Action: audit.ActionOpen})
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	coretest.Equal(t, "", told.String())
	trail.Note(t.Context(), audit.Event{Action: audit.ActionSignIn, Outcome: audit.Failure, Reason: "forged\nline"})
	if text := told.String(); !strings.Contains(text, "event not written") || strings.Count(text, "\n") != 1 {
		t.Errorf("the operator was told %q", text)
	}
}

// A client that hangs up does not keep its refusal from being written.
func TestARefusalIsNotedWhoeverHangsUp(t *testing.T) {
	t.Parallel()
	d := newDesk(audit.Config{})
	ctx, cancel := context.WithCancel(request(t))
	cancel()
	d.Note(ctx, audit.Event{Action: audit.ActionSignIn, Outcome: audit.Failure})
	coretest.Equal(t, 1, len(d.log.All()))
	coretest.Equal(t, "192.0.2.7", d.log.All()[0].IP)
}

func TestHistoryInPages(t *testing.T) {
	t.Parallel()
	d, user := newDesk(audit.Config{}), ids.New()
	for range 7 {
		coretest.Must(t, d.Record(t.Context(), audit.Event{Action: audit.ActionOpen, Subject: user}))
	}
	var sizes []int
	page := core.Page{Limit: 3}
	for range 4 {
		events, next, err := d.Of(t.Context(), user, page)
		coretest.Must(t, err)
		sizes = append(sizes, len(events))
		if page.After = next; next.IsZero() {
			break
		}
	}
	coretest.Equal(t, []int{3, 3, 1}, sizes)
	for _, limit := range []int{0, core.PageLimitMax + 1} {
		events, next, err := d.Of(t.Context(), user, core.Page{Limit: limit})
		coretest.Must(t, err)
		coretest.Equal(t, 7, len(events))
		coretest.Equal(t, true, next.IsZero())
	}
}
