package audittest

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// people are those of the events that queries are tried on.
type people struct{ ada, bob, admin core.ID }

// sample is a log in which every field of a query tells some events from others, newest first.
func sample() (who people, events []audit.Event) {
	who = people{ids.New(), ids.New(), ids.New()}
	for i, line := range []struct {
		action         audit.Action
		outcome        audit.Outcome
		actor, subject core.ID
		ip             string
	}{
		{audit.ActionSignIn, audit.Success, who.ada, who.ada, "192.0.2.1"},
		{audit.ActionSignIn, audit.Failure, core.ID{}, who.ada, "192.0.2.2"},
		{audit.ActionSecondFactor, audit.Failure, core.ID{}, who.ada, "192.0.2.2"},
		{audit.ActionReauthenticate, audit.Success, who.bob, who.bob, "2001:db8::1"},
		{audit.ActionEnd, audit.Success, who.admin, who.bob, "192.0.2.3"},
		{audit.ActionUserSuspend, audit.Success, who.admin, who.bob, "192.0.2.3"},
		{audit.ActionUserSuspend, audit.Refused, who.admin, who.ada, "192.0.2.3"},
		{audit.ActionUserImport, audit.Success, core.ID{}, core.ID{}, ""},
		{"userx.y", audit.Success, core.ID{}, core.ID{}, ""},
		{"app.order.paid", audit.Success, who.ada, who.ada, ""},
	} {
		event := Event(line.subject, coretest.Epoch.Add(time.Duration(-i)*time.Minute))
		event.Action, event.Outcome, event.Actor, event.IP = line.action, line.outcome, line.actor, line.ip
		events = append(events, event)
	}
	return who, events
}

func (s Stores) find(t *testing.T, query audit.Query, page core.Page) []audit.Event {
	t.Helper()
	events, err := s.History.Find(t.Context(), query, page)
	coretest.Must(t, err)
	return events
}

func selectsEach(t *testing.T, s Stores) {
	who, events := sample()
	s.append(t, events...)
	at := func(i int) time.Time { return events[i].At }
	for name, test := range map[string]struct {
		query audit.Query
		want  []int
	}{
		"all":                       {audit.Query{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"actor":                     {audit.Query{Actor: who.admin}, []int{4, 5, 6}},
		"subject":                   {audit.Query{Subject: who.ada}, []int{0, 1, 2, 6, 9}},
		"actor and subject":         {audit.Query{Actor: who.admin, Subject: who.ada}, []int{6}},
		"an attempt":                {audit.Query{Action: audit.ActionSignIn}, []int{0, 1}},
		"another action":            {audit.Query{Action: audit.ActionUserSuspend}, []int{5, 6}},
		"a family with attempts":    {audit.Query{Action: "session.*"}, []int{0, 1, 2, 3, 4}},
		"a family without":          {audit.Query{Action: "user.*"}, []int{5, 6, 7}},
		"a family of several parts": {audit.Query{Action: "app.order.*"}, []int{9}},
		"no such action":            {audit.Query{Action: "user.suspen"}, nil},
		"attempts":                  {audit.Query{Attempts: true}, []int{0, 1, 2, 3}},
		"attempts that failed":      {audit.Query{Attempts: true, Outcome: audit.Failure}, []int{1, 2}},
		"attempts of one action":    {audit.Query{Attempts: true, Action: audit.ActionSecondFactor}, []int{2}},
		"attempts of an actor":      {audit.Query{Attempts: true, Actor: who.bob}, []int{3}},
		"attempts of no attempt":    {audit.Query{Attempts: true, Action: audit.ActionUserSuspend}, nil},
		"success":                   {audit.Query{Outcome: audit.Success, Subject: who.bob}, []int{3, 4, 5}},
		"refused":                   {audit.Query{Outcome: audit.Refused}, []int{6}},
		"ip":                        {audit.Query{IP: "192.0.2.2"}, []int{1, 2}},
		"ip of attempts":            {audit.Query{IP: "2001:db8::1", Attempts: true}, []int{3}},
		"from":                      {audit.Query{From: at(1)}, []int{0, 1}},
		"until":                     {audit.Query{Until: at(7)}, []int{8, 9}},
		"between":                   {audit.Query{From: at(6), Until: at(3)}, []int{4, 5, 6}},
		"all at once": {audit.Query{
			Actor: who.admin, Subject: who.ada, Action: "user.*", Outcome: audit.Refused, IP: "192.0.2.3", From: at(9), Until: at(0),
		}, []int{6}},
	} {
		var want []audit.Event
		for _, i := range test.want {
			want = append(want, events[i])
		}
		if got := s.find(t, test.query, first); len(got) != len(want) {
			t.Errorf("%s: %d events, want %d", name, len(got), len(want))
		} else {
			coretest.Equal(t, want, got)
		}
	}
}

// selectsPages goes through the selected ones of many events at few instants.
func selectsPages(t *testing.T, s Stores) {
	ada, bob := ids.New(), ids.New()
	for i := range 21 {
		event := Event([]core.ID{ada, bob, bob}[i%3], coretest.Epoch.Add(time.Duration(i/9)*time.Second))
		event.Actor = bob
		s.append(t, event)
	}
	query := audit.Query{Actor: bob, Subject: ada, Outcome: audit.Failure}
	all, paged := s.find(t, query, first), []audit.Event(nil)
	for page := (core.Page{Limit: 2}); ; {
		part := s.find(t, query, page)
		paged = append(paged, part...)
		if len(part) < 2 {
			break
		}
		last := part[1]
		page.After = core.Position{At: last.At, ID: last.ID}
	}
	coretest.Equal(t, 7, len(paged))
	coretest.Equal(t, all, paged)
}

func givesOne(t *testing.T, s Stores) {
	event, other := Event(ids.New(), coretest.Epoch), Event(ids.New(), coretest.Epoch)
	s.append(t, event, other)
	got, err := s.History.Get(t.Context(), event.ID)
	coretest.Must(t, err)
	coretest.Equal(t, event, got)
	_, err = s.History.Get(t.Context(), ids.New())
	coretest.Refused(t, err, core.ErrNotFound)
}
