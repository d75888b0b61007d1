// Package recordlisttest says by which indexes the audit log and the outbox are to be read, for the tests of both engines.
package recordlisttest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/internal/recordlist"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
)

// Engine is a database with its log, and how to ask for plans.
type Engine struct {
	Log     audit.Log
	Dialect recordlist.Dialect
	// Key is the name of the index of the outbox's key.
	Key string
	// Explain gives the plan of a statement.
	Explain func(t *testing.T, statement string, parameters []any) string
	// Analyze tells the planner what there is, where a server does so by itself.
	Analyze func(t *testing.T)
	// Whole tells of a line of a plan that a table is read whole, and Sorts that rows are sorted.
	Whole, Sorts func(line string) bool
}

// events are as many as fill some hundred pages: most are sign-ins, of which one in twenty fails.
const events = 3000

// others are what else people do. There are many kinds in every log: of three that are equally likely, a planner would
// take the log by age for as good a way to any of them.
var others = []audit.Action{
	audit.ActionRegister, audit.ActionProfileUpdate, audit.ActionSettingsUpdate, audit.ActionEmailChange, audit.ActionPasswordReset,
	audit.ActionPasswordChange, audit.ActionSignOut, audit.ActionEnd, audit.ActionFactorAdd, audit.ActionFactorRemove,
	audit.ActionDeviceTrust, audit.ActionDeviceForget, audit.ActionDeactivate, audit.ActionRestore,
}

// fill writes a log of many people, two administrators and a thousand addresses.
func fill(t *testing.T, log audit.Log) {
	t.Helper()
	var batch []audit.Event
	for i := range events {
		person := numbered(i % 500)
		event := audittest.Event(person, coretest.Epoch.Add(time.Duration(i)*time.Second))
		event.Action, event.Outcome, event.IP = audit.ActionSignIn, audit.Success, fmt.Sprint("192.0.", i%4, ".", i%250)
		switch {
		case i%20 == 0:
			event.Outcome, event.Actor = audit.Failure, core.ID{}
		case i%30 == 1:
			event.Action, event.Actor = audit.ActionUserSuspend, numbered(1000+i%2)
		case i%3 == 1:
			event.Action = others[i%len(others)]
		}
		batch = append(batch, event)
	}
	coretest.Must(t, log.Append(t.Context(), batch...))
}

func numbered(n int) (id core.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)+1) //nolint:gosec // small
	return id
}

// plan is a statement and the index that it is to be read by, in its order unless it gathers.
type plan struct {
	statement  string
	parameters []any
	index      string
	gathers    bool
}

func plans(e Engine) map[string]plan {
	made := map[string]plan{}
	for name, list := range map[string]struct {
		query audit.Query
		index string
	}{
		"all":                  {audit.Query{}, "audit_log_by_age"},
		"a time":               {audit.Query{From: coretest.Epoch, Until: coretest.Epoch.Add(time.Hour)}, "audit_log_by_age"},
		"an actor":             {audit.Query{Actor: numbered(1000)}, "audit_log_by_actor"},
		"a subject":            {audit.Query{Subject: numbered(7)}, "audit_log_by_subject"},
		"a subject's tries":    {audit.Query{Subject: numbered(7), Attempts: true}, "audit_log_by_subject"},
		"an action":            {audit.Query{Action: audit.ActionUserSuspend}, "audit_log_by_action"},
		"an action and a time": {audit.Query{Action: audit.ActionUserSuspend, From: coretest.Epoch}, "audit_log_by_action"},
		"an address":           {audit.Query{IP: "192.0.2.2"}, "audit_log_by_ip"},
		"an address's tries":   {audit.Query{IP: "192.0.2.2", Attempts: true}, "audit_log_by_ip"},
		"refusals":             {audit.Query{Outcome: audit.Refused}, "audit_log_troubled"},
		"attempts":             {audit.Query{Attempts: true}, "audit_log_attempts"},
		"tries of an actor":    {audit.Query{Actor: numbered(1000), Attempts: true}, "audit_log_by_actor"},
		"tries of one kind":    {audit.Query{Action: audit.ActionSecondFactor, Attempts: true}, "audit_log_attempts"},
		"sign-ins":             {audit.Query{Action: audit.ActionSignIn}, "audit_log_attempts"},
	} {
		for part, page := range map[string]core.Page{
			"first page": {Limit: 50}, "later page": {Limit: 50, After: core.Position{At: coretest.Epoch, ID: numbered(0)}},
		} {
			statement, parameters := recordlist.Events(e.Dialect, list.query, page)
			made[name+", "+part] = plan{statement: statement, parameters: parameters, index: list.index}
		}
	}
	statement, parameters := recordlist.Events(e.Dialect, audit.Query{Action: "user.*"}, core.Page{Limit: 50})
	// By age or by action, as the family is common or rare.
	made["a family"] = plan{statement: statement, parameters: parameters, index: "audit_log_by_a", gathers: true}
	for name, list := range map[string]struct {
		query   mail.LedgerQuery
		index   string
		gathers bool
	}{
		"messages":         {mail.LedgerQuery{}, e.Key, false},
		"failed messages":  {mail.LedgerQuery{State: mail.StateFailed}, "outbox_failed", false},
		"failed of a kind": {mail.LedgerQuery{State: mail.StateFailed, Kind: mail.KindDeleted}, "outbox_failed", false},
	} {
		page := core.Page{Limit: 50, After: core.Position{At: coretest.Epoch, ID: numbered(0)}}
		statement, parameters := recordlist.Messages(e.Dialect, list.query, page)
		made[name] = plan{statement: statement, parameters: parameters, index: list.index, gathers: list.gathers}
	}
	return made
}

// TestPlans holds each list to its index: its first page and a later one.
func TestPlans(t *testing.T, e Engine) {
	t.Helper()
	fill(t, e.Log)
	e.Analyze(t)
	for name, want := range plans(e) {
		got := e.Explain(t, want.statement, want.parameters)
		if !strings.Contains(got, want.index) {
			t.Errorf("%s does not read by %s:\n%s\n%s", name, want.index, want.statement, got)
		}
		for line := range strings.Lines(got) {
			if e.Whole(line) || e.Sorts(line) && !want.gathers {
				t.Errorf("%s reads or sorts more than it gives:\n%s\n%s", name, want.statement, got)
			}
		}
	}
}
