package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

var machine = core.Principal{Means: core.ByService, ServiceID: core.ID{15: 7}, TokenID: core.ID{15: 8}}

func TestApplicationsReport(t *testing.T) {
	t.Parallel()
	d := newDesk(audit.Config{})
	posted, err := d.Post(t.Context(), machine, audit.Posting{
		Action: "app.order.paid", Subject: core.ID{1}, Reason: "limit", Outcome: audit.Refused, Metadata: map[string]string{"order": "4711"},
	})
	coretest.Must(t, err)
	if posted.ActorKind != audit.Service || posted.Actor != machine.ServiceID || posted.Subject != (core.ID{1}) || posted.Reason != "limit" {
		t.Errorf("posted %+v", posted)
	}
	found, err := d.Find(t.Context(), posted.ID)
	coretest.Must(t, err)
	coretest.Equal(t, posted, found)
}

// TestLettersOfAnyScriptCountAlike reports texts as long as the contract says, in letters of two bytes and of four.
func TestLettersOfAnyScriptCountAlike(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"a", "щ", "𠀀"} {
		d := newDesk(audit.Config{})
		reason, value := strings.Repeat(letter, 64), strings.Repeat(letter, audit.ValueMax)
		posted, err := d.Post(t.Context(), machine, audit.Posting{
			Action: "app.order.paid", Reason: reason, Metadata: map[string]string{strings.Repeat(letter, audit.KeyMax): value},
		})
		coretest.Must(t, err)
		coretest.Equal(t, reason, posted.Reason)
		coretest.Equal(t, value, posted.Metadata[strings.Repeat(letter, audit.KeyMax)])
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 17 {
		many[fmt.Sprint("k", i)] = "v"
	}
	for name, test := range map[string]struct {
		posting audit.Posting
		flaws   string
	}{
		"nothing":            {audit.Posting{}, "action:invalid_format"},
		"an action of ours":  {audit.Posting{Action: "user.create"}, "action:invalid_format"},
		"the namespace":      {audit.Posting{Action: "app."}, "action:invalid_format"},
		"capital letters":    {audit.Posting{Action: "app.Order"}, "action:invalid_format"},
		"a long action":      {audit.Posting{Action: audit.Action("app." + strings.Repeat("x", 61))}, "action:invalid_format"},
		"no outcome":         {audit.Posting{Action: "app.x", Outcome: "perhaps"}, "outcome:unknown_value"},
		"a long reason":      {audit.Posting{Action: "app.x", Reason: strings.Repeat("ü", 65)}, "reason:too_long"},
		"a reason of two":    {audit.Posting{Action: "app.x", Reason: "a\nb"}, "reason:invalid_format"},
		"much metadata":      {audit.Posting{Action: "app.x", Metadata: many}, "metadata:too_long"},
		"a key of nothing":   {audit.Posting{Action: "app.x", Metadata: map[string]string{"": "v"}}, "metadata:invalid_format"},
		"a long key":         {audit.Posting{Action: "app.x", Metadata: map[string]string{strings.Repeat("k", 65): "v"}}, "metadata:invalid_format"},
		"a mark of ours":     {audit.Posting{Action: "app.x", Metadata: map[string]string{audit.MetaToken: "v"}}, "metadata.token:not_allowed"},
		"a long value":       {audit.Posting{Action: "app.x", Metadata: map[string]string{"k": strings.Repeat("щ", 201)}}, "metadata.k:too_long"},
		"a value that rings": {audit.Posting{Action: "app.x", Metadata: map[string]string{"k": "\a"}}, "metadata.k:invalid_format"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(audit.Config{})
			_, err := d.Post(t.Context(), machine, test.posting)
			coretest.Equal(t, test.flaws, flaws(err))
			coretest.Equal(t, 0, len(d.log.All()))
		})
	}
}

// flaws writes the fields of a refusal as "field:code".
func flaws(err error) string {
	var told []string
	if err != nil {
		for _, field := range core.AsError(err).Fields {
			told = append(told, field.Field+":"+string(field.Code))
		}
	}
	return strings.Join(told, " ")
}

func TestSearches(t *testing.T) {
	t.Parallel()
	d := newDesk(audit.Config{})
	for i := range 5 {
		coretest.Must(t, d.Record(t.Context(), audit.Event{Action: audit.ActionSignIn, Subject: core.ID{1}, IP: fmt.Sprint("192.0.2.", i%2)}))
		d.clock.Advance(time.Second)
	}
	page, next, err := d.Search(t.Context(), audit.Query{IP: "::ffff:192.0.2.0"}, core.Page{Limit: 2})
	coretest.Must(t, err)
	rest, end, err := d.Search(t.Context(), audit.Query{IP: "192.0.2.0"}, core.Page{Limit: 2, After: next})
	coretest.Must(t, err)
	if len(page) != 2 || len(rest) != 1 || !end.IsZero() {
		t.Errorf("%d and %d events, then %v", len(page), len(rest), end)
	}
	for name, test := range map[string]struct {
		query audit.Query
		flaws string
	}{
		"an action":          {audit.Query{Action: "session.sign_in"}, ""},
		"a family":           {audit.Query{Action: "app.order.*"}, ""},
		"half a word":        {audit.Query{Action: "session.sign*"}, "action:invalid_format"},
		"everything":         {audit.Query{Action: "*"}, "action:invalid_format"},
		"nothing but dots":   {audit.Query{Action: ".."}, "action:invalid_format"},
		"a word":             {audit.Query{Action: "session"}, "action:invalid_format"},
		"a name of a host":   {audit.Query{IP: "localhost"}, "ip:invalid_format"},
		"a zone":             {audit.Query{IP: "fe80::1%eth0"}, "ip:invalid_format"},
		"no time at all":     {audit.Query{From: d.clock.Now(), Until: d.clock.Now()}, "to:out_of_range"},
		"two things at once": {audit.Query{Action: "x", IP: "y"}, "action:invalid_format ip:invalid_format"},
	} {
		_, _, err := d.Search(t.Context(), test.query, core.Page{})
		if got := flaws(err); got != test.flaws {
			t.Errorf("%s: %q, want %q", name, got, test.flaws)
		}
	}
}
