package portability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/portability"
	"github.com/doorward/doorward/core/portability/portabilitytest"
)

func (m *mover) exports(hashes bool) (string, error) {
	work := m.porting.Export(m.caller, hashes)
	var text []byte
	for {
		lines, err := work.Next(m.Ctx)
		for _, line := range lines {
			text = portability.AppendLine(text, line)
		}
		if err != nil {
			work.Close(m.Ctx, errors.Is(err, io.EOF))
			return string(text), err
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.imports(line(`"name":"Ada"`, `"password_hash":"$0$x"`, `"created_at":"2020-01-02T03:04:05Z"`),
		`{"external_id":"8","email":"grace@example.com","password_hash":"$0$y"}`)
	for _, user := range must(m.Users.All(m.Ctx))(t) {
		if user.ExternalID == "8" {
			m.Alter(user.ID, func(user *account.User) { user.MustReset = true })
		}
	}
	for _, hashes := range []bool{false, true} {
		text, err := m.exports(hashes)
		lines := strings.Split(text, "\n")
		if !errors.Is(err, io.EOF) || len(lines) != 4 {
			t.Fatalf("%v: %s", err, text)
		}
		if !strings.Contains(lines[0], `"external_id":"`+m.caller.UserID.String()+`"`) {
			t.Errorf("who has no id of another system: %s", lines[0])
		}
		hash := ""
		if hashes {
			hash = `,"password_hash":"$0$x"`
		}
		want := `{"external_id":"7","email":"ada@example.com","name":"Ada","email_verified":false` + hash +
			`,"roles":["USER"],"created_at":"2020-01-02T03:04:05Z"}`
		if lines[1] != want {
			t.Errorf("got %s, want %s", lines[1], want)
		}
		if strings.Contains(lines[2], "password_hash") {
			t.Error("a password that must be reset is told")
		}
	}
}

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	refused := func(m *mover, hashes bool, want error) {
		t.Helper()
		if text, err := m.exports(hashes); !errors.Is(err, want) || text != "" {
			t.Errorf("got %v and %q, want %v", err, text, want)
		}
	}
	m := moving(t, account.RoleUser)
	refused(m, false, access.Lacks(access.UsersExport))
	m = moving(t, account.RoleAdmin)
	refused(m, true, access.Lacks(access.UsersExportHashes))
	m = moving(t, account.RoleOwner)
	m.Later(account.DefaultRecentWindow + time.Second)
	refused(m, true, core.Unproven())
	if _, err := m.exports(false); !errors.Is(err, io.EOF) {
		t.Errorf("without hashes: %v", err)
	}
}

// TestHashesAreForPersons asks for hashes by what never proves who somebody is: it is not told to do so first.
func TestHashesAreForPersons(t *testing.T) {
	t.Parallel()
	for _, means := range []core.Means{core.ByToken, core.ByImpersonation, core.ByService} {
		m := moving(t, account.RoleOwner)
		m.caller.Means, m.caller.Scopes = means, []string{access.UsersExport.Key(), access.UsersExportHashes.Key()}
		text, err := m.exports(true)
		if text != "" || core.AsError(err).Message != core.ErrInPerson.Message {
			t.Errorf("by %d: %v and %q", means, err, text)
		}
	}
}

// TestExportEndsWithTheRight takes the right from somebody who reads slowly.
func TestExportEndsWithTheRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lose func(m *mover)
		want error
	}{
		"the right": {func(m *mover) { m.grant(m.caller.UserID, account.RoleUser) }, access.Lacks(access.UsersExport)},
		"the account": {func(m *mover) {
			m.Alter(m.caller.UserID, func(user *account.User) { user.Status = account.StatusSuspended })
		}, core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := moving(t, account.RoleAdmin)
			work := m.porting.Export(m.caller, false)
			_, err := work.Next(m.Ctx)
			m.Must(err)
			c.lose(m)
			m.Later(time.Second)
			_, err = work.Next(m.Ctx)
			m.Refused(err, c.want)
			work.Close(m.Ctx, false)
		})
	}
}

// What an export gives, an import takes, and the next export gives the same.
func TestExportImportExport(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		first := moving(t, account.RoleOwner)
		var lines []string
		for i := range rapid.IntRange(1, 20).Draw(r, "accounts") {
			name := rapid.StringMatching(`[\p{L}<>&"'\\ 東]{1,20}x`).Draw(r, "name")
			text, _ := json.Marshal(map[string]any{
				"external_id": rapid.StringMatching(`[ -~é東]{1,20}`).Draw(r, "id") + fmt.Sprint(i),
				"email":       fmt.Sprintf("%s%d@example.com", rapid.StringMatching(`[A-Za-zé]{1,5}`).Draw(r, "local"), i), "name": name,
				"email_verified": rapid.Bool().Draw(r, "verified"), "password_hash": rapid.SampledFrom([]string{"", "$2b$x", "$0$é"}).Draw(r, "hash"),
				"roles":      rapid.SampledFrom([][]string{nil, {}, {"USER"}, {"USER", "ADMIN"}}).Draw(r, "roles"),
				"created_at": time.UnixMicro(rapid.Int64Range(0, 1_600_000_000_000_000).Draw(r, "at")).UTC(),
			})
			lines = append(lines, string(text))
		}
		first.imports(lines...)
		told, _ := first.exports(true)
		theirs := told[strings.IndexByte(told, '\n')+1:]
		second := moving(t, account.RoleOwner)
		second.imports(theirs)
		again, _ := second.exports(true)
		if got := again[strings.IndexByte(again, '\n')+1:]; got != theirs {
			r.Errorf("told\n%s, and then\n%s", theirs, got)
		}
	})
}

// TestTheLongestExportIsTaken writes a line of an account that has as much as one may have.
func TestTheLongestExportIsTaken(t *testing.T) {
	t.Parallel()
	longest := portability.Line{
		ExternalID: strings.Repeat("𝔸", account.ExternalIDMax), Email: strings.Repeat("é", 127), Username: strings.Repeat("𝔸", account.UsernameMax),
		Phone: "+491511234567890", Name: strings.Repeat("𝔸", account.NameMax), EmailVerified: true,
		Password: account.PasswordHash(strings.Repeat("x", 512)), CreatedAt: time.Date(2020, 1, 2, 3, 4, 5, 123456000, time.UTC),
	}
	for i := range access.RolesMax {
		longest.Roles = append(longest.Roles, fmt.Sprintf("R%0*d", access.NameMax-1, i))
	}
	told, err := portability.ParseLine(portability.AppendLine(nil, longest))
	coretest.Must(t, err)
	coretest.Equal(t, longest, told)
}

func FuzzParseLine(f *testing.F) {
	for _, c := range rejections {
		f.Add([]byte(c.line))
	}
	f.Add([]byte(line(`"roles":[]`, `"created_at":"2020-01-02T03:04:05.123456+02:00"`, `"name":"\ud83d\ude00"`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := portability.ParseLine(text)
		if err != nil {
			if core.AsError(err).Kind != core.KindInvalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if parsed.CreatedAt.Year() < 0 || parsed.CreatedAt.Year() > 9999 {
			return // not what AppendLine is for: such a line is rejected
		}
		written := portability.AppendLine(nil, parsed)
		again, err := portability.ParseLine(written)
		if len(written) > portability.LineMax {
			return // the longer spelling of what was short
		}
		if err != nil || !bytes.Equal(portability.AppendLine(nil, again), written) {
			t.Errorf("%q means %q, which means %+v, %v", text, written, again, err)
		}
	})
}

func TestPersonalData(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleUser)
	shelf := portabilitytest.Shelf{}
	for i := range 1200 {
		shelf[portability.SectionSessions] = append(shelf[portability.SectionSessions], portability.Record{
			Place: core.ID{14: byte(i >> 8), 15: byte(i + 1)}, JSON: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)),
		})
	}
	records := portability.NewRecords(portability.PersonalDeps{
		Users: m.Users, Warden: m.Warden, Holdings: shelf, History: m.Log, Post: m.Post, Origins: m.Origins, Tx: m.DB, Trail: m.Trail, Clock: m.Clock,
	}, account.DefaultRecentWindow)
	text, err := document(m.Ctx, records.Personal(m.caller))
	var told struct {
		Account  struct{ Email string }
		Roles    []any
		Sessions []any
		Activity []struct{ Action string }
	}
	if !errors.Is(err, io.EOF) || json.Unmarshal(text, &told) != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	if told.Account.Email != "mover@example.com" || told.Roles == nil || len(told.Activity) == 0 || told.Activity[0].Action != "account.export" {
		t.Errorf("told %.300s", text)
	}
	if strings.Contains(string(text), house.Passphrase) || strings.Contains(string(text), string(m.User(m.caller.UserID).Password)) {
		t.Error("a secret is told")
	}
	m.Letter(mail.KindDataExported, "mover@example.com")
	m.Later(account.DefaultRecentWindow + time.Second)
	if text, err := document(m.Ctx, records.Personal(m.caller)); !errors.Is(err, core.Unproven()) || len(text) != 0 {
		t.Errorf("without a recent sign-in: %v %s", err, text)
	}
	if got := m.Letters(mail.KindDataExported, "mover@example.com"); got != 1 {
		t.Errorf("%d letters", got)
	}
}

// TestPersonalDataOfOthers tells that the document says what administrators did, and neither who nor from where.
func TestPersonalDataOfOthers(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleUser)
	other := core.ID{15: 99}
	event := audit.Event{
		Action: audit.ActionImpersonate, Subject: m.caller.UserID, IP: "203.0.113.9", UserAgent: "Theirs/1", Device: "Theirs", Location: "Bonn",
		Metadata: map[string]string{audit.MetaToken: "01a1", "reason": "Ticket 12"},
	}.By(core.Principal{UserID: other, SessionID: other})
	if err := m.DB.InTx(m.Ctx, func(ctx context.Context) error { return m.Trail.Record(ctx, event) }); err != nil {
		t.Fatal(err)
	}
	records := portability.NewRecords(portability.PersonalDeps{
		Users: m.Users, Warden: m.Warden, Holdings: portabilitytest.Shelf{}, History: m.Log, Post: m.Post, Origins: m.Origins, Tx: m.DB, Trail: m.Trail, Clock: m.Clock,
	}, account.DefaultRecentWindow)
	text, err := document(m.Ctx, records.Personal(m.caller))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	var told struct{ Activity []map[string]any }
	if err := json.Unmarshal(text, &told); err != nil {
		t.Fatal(err)
	}
	their, own := told.Activity[1], told.Activity[0]
	delete(their, "id")
	delete(their, "at")
	want := map[string]any{
		"action": "user.impersonate", "outcome": "success", "reason": "", "actor": "administrator", "ip": "", "user_agent": "", "device": "",
		"location": "", "session_id": nil, "metadata": map[string]any{"reason": "Ticket 12"},
	}
	if diff := cmp.Diff(want, their); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if own["actor"] != "self" || own["ip"] == "" {
		t.Errorf("of oneself: %v", own)
	}
}

// TestPersonalDataOfActs tells people what they did to others, with their own whereabouts, and nothing of those others.
func TestPersonalDataOfActs(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleAdmin)
	other, theirs, token := core.ID{15: 99}, core.ID{15: 98}, core.ID{15: 97}
	acts := []audit.Event{
		{Action: audit.ActionUserSuspend, Subject: other, Reason: "Grace's", Metadata: map[string]string{"reason": "Grace wrote spam"}},
		{Action: audit.ActionEnd, Subject: other, SessionID: theirs},
		{Action: audit.ActionMailRetry, Metadata: map[string]string{audit.MetaToken: token.String(), "to": "Grace"}},
	}
	origin := audit.Event{IP: "203.0.113.9", UserAgent: "Mine/1", Device: "Mine", Location: "Bonn"}
	for _, event := range acts {
		event.IP, event.UserAgent, event.Device, event.Location = origin.IP, origin.UserAgent, origin.Device, origin.Location
		m.Later(time.Second)
		m.Must(m.DB.InTx(m.Ctx, func(ctx context.Context) error { return m.Trail.Record(ctx, event.By(m.caller)) }))
	}
	for range core.PageLimitMax { // a page of what is told as activity stands before them
		m.Later(time.Second)
		m.Trail.Note(m.Ctx, audit.Event{Action: audit.ActionProfileUpdate, Subject: m.caller.UserID}.By(m.caller))
	}
	m.Trail.Note(m.Ctx, audit.Event{Action: audit.ActionUserSuspend, Subject: m.caller.UserID}.By(core.Principal{UserID: other}))
	records := portability.NewRecords(portability.PersonalDeps{
		Users: m.Users, Warden: m.Warden, Holdings: portabilitytest.Shelf{}, History: m.Log, Post: m.Post, Origins: m.Origins, Tx: m.DB, Trail: m.Trail, Clock: m.Clock,
	}, account.DefaultRecentWindow)
	text, err := document(m.Ctx, records.Personal(m.caller))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	var told struct{ Acts []map[string]any }
	m.Must(json.Unmarshal(text, &told))
	own := m.caller.SessionID.String()
	want := []map[string]any{
		{"action": "mail.retry", "session_id": own, "token_id": token.String()},
		{"action": "session.end", "session_id": nil, "token_id": nil},
		{"action": "user.suspend", "session_id": own, "token_id": nil},
	}
	for i := range want {
		want[i]["outcome"], want[i]["ip"], want[i]["user_agent"] = "success", origin.IP, origin.UserAgent
		want[i]["device"], want[i]["location"] = origin.Device, origin.Location
	}
	for _, act := range told.Acts {
		if act["id"] == nil || act["at"] == nil {
			t.Errorf("no place in time: %v", act)
		}
		delete(act, "id")
		delete(act, "at")
	}
	if diff := cmp.Diff(want, told.Acts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, secret := range []string{other.String(), theirs.String(), "Grace"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s is told", secret)
		}
	}
}

func document(ctx context.Context, work *portability.Personal) (text []byte, err error) {
	for {
		part, err := work.Next(ctx)
		text = append(text, part...)
		if err != nil {
			return text, err
		}
	}
}
