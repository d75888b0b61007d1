package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

const ownersPhrase = "a phrase for the owner"

// owned starts a server with an owner, who is signed in. With an owner's name other sites can have another one.
func (s *site) owned(t *testing.T) (*node, *person) {
	t.Helper()
	s.ran(t, 0, "seeder")
	n := s.start()
	owner := &person{t: t, site: s, email: s.variables["OWNER_EMAIL"], password: ownersPhrase}
	owner.login(n)
	return n, owner
}

// ownerOf are the settings of sites with an owner.
func ownerOf(email string) []string {
	return []string{"OWNER_EMAIL", email, "OWNER_PASSWORD", ownersPhrase}
}

// outcome is what became of a line.
type outcome = client.ImportOutcome

// imports sends lines and gives what became of them.
func (p *person) imports(n *node, lines ...string) []outcome {
	p.t.Helper()
	reply := must[*client.ImportUsersResponse](p.t, http.StatusOK)(p.at(n).ImportUsersWithBodyWithResponse(
		p.t.Context(), "application/x-ndjson", strings.NewReader(strings.Join(lines, "\n"))))
	return outcomes(p.t, reply.Body)
}

func outcomes(t *testing.T, text []byte) (read []outcome) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var each outcome
		if err := json.Unmarshal(line, &each); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		read = append(read, each)
	}
	return read
}

func (p *person) exports(n *node, hashes bool) string {
	p.t.Helper()
	reply := must[*client.ExportUsersResponse](p.t, http.StatusOK)(
		p.at(n).ExportUsersWithResponse(p.t.Context(), &client.ExportUsersParams{PasswordHashes: &hashes}))
	return string(reply.Body)
}

// foreigner is a hash that another system made.
type foreigner struct{ Source, Password, Hash string }

func foreigners(t *testing.T) (read []foreigner) {
	t.Helper()
	text, err := os.ReadFile("../../../adapters/password/testdata/foreign.json")
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func lineOf(i int, hash string) string {
	line, _ := json.Marshal(map[string]any{
		"external_id": fmt.Sprintf("legacy-%d", i), "email": fmt.Sprintf("person%d@example.net", i),
		"username": fmt.Sprintf("person%d", i), "name": "Zoë 東京 " + fmt.Sprint(i), "email_verified": true,
		"password_hash": hash, "created_at": "2019-03-01T10:00:00Z",
	})
	return string(line)
}

func statuses(outcomes []outcome) (told []string) {
	for _, each := range outcomes {
		text := string(each.Status)
		if each.Code != "" {
			text += " " + each.Code
		}
		told = append(told, text)
	}
	return told
}

// People of another system come in with their passwords, whose hashes are made anew once they have signed in; the same
// lines again change nothing.
func TestImportedPeopleSignIn(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner := s.owned(t)
		known := foreigners(t)
		var lines []string
		for i, each := range known {
			lines = append(lines, lineOf(i, each.Hash))
		}
		for _, each := range owner.imports(n, lines...) {
			if each.Status != client.ImportOutcomeStatusCreated {
				t.Errorf("%+v", each)
			}
		}
		before := owner.exports(n, true)
		for i, each := range known {
			if !strings.Contains(before, fmt.Sprintf("%q", each.Hash)[1:]) && !strings.Contains(before, each.Hash) {
				t.Errorf("%s: the hash is another", each.Source)
			}
			ada := &person{t: t, site: s, email: fmt.Sprintf("person%d@example.net", i), password: each.Password}
			ada.login(n)
			ada.login(n)
		}
		eventually(t, "all hashes are made anew", func() bool {
			return strings.Count(owner.exports(n, true), `"password_hash":"$argon2id$v=19$m=64,t=1,p=1`) == len(known)+1
		})
		same(t, "again", slices.Compact(statuses(owner.imports(n, lines...))), []string{"unchanged"})
	}, ownerOf("owner@my.example.com")...)
}

// What goes out comes in again as it was, in the other way to run too, and goes out the same.
func TestExportImportExport(t *testing.T) {
	t.Parallel()
	first := embedded(t, ownerOf("first@my.example.com")...)
	n, owner := first.owned(t)
	must[*client.CreateRoleResponse](t, http.StatusCreated)(owner.at(n).CreateRoleWithResponse(t.Context(),
		&client.CreateRoleParams{}, client.CreateRoleRequest{Name: "EDITOR", Description: "Writes"}))
	var lines []string
	for i, each := range foreigners(t) {
		lines = append(lines, lineOf(i, each.Hash))
	}
	lines = append(lines, `{"external_id":"no password","email":"Grace.O'Neill+x@EXAMPLE.net","name":"<b>&\u2028 \"quoted\""}`,
		`{"external_id":"roles","email":"editor@example.net","roles":["USER","EDITOR"],"phone":"+4915112345678"}`,
		`{"external_id":"none","email":"none@example.net","roles":[]}`)
	for i := range 450 {
		lines = append(lines, lineOf(1000+i, foreigners(t)[0].Hash))
	}
	owner.imports(n, lines...)
	told := owner.exports(n, true)
	theirs := told[strings.IndexByte(told, '\n')+1:] // without the owner, who is another one there
	for name, second := range map[string]*site{
		"embedded":         embedded(t, ownerOf("second@my.example.com")...),
		"production shape": distributed(t, ownerOf("second@my.example.com")...),
	} {
		t.Run(name, func(t *testing.T) {
			other, host := second.owned(t)
			host.t = t
			must[*client.CreateRoleResponse](t, http.StatusCreated)(host.at(other).CreateRoleWithResponse(t.Context(),
				&client.CreateRoleParams{}, client.CreateRoleRequest{Name: "EDITOR", Description: "Writes"}))
			for _, each := range host.imports(other, strings.Split(strings.TrimSpace(theirs), "\n")...) {
				if each.Status != client.ImportOutcomeStatusCreated {
					t.Fatalf("%+v", each)
				}
			}
			again := host.exports(other, true)
			if got := again[strings.IndexByte(again, '\n')+1:]; got != theirs {
				t.Errorf("%d bytes came in, %d go out", len(theirs), len(got))
			}
		})
	}
}

// An import whose connection breaks has done what it told of; repeated, it does the rest.
func TestImportGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner := s.owned(t)
		var lines []string
		for i := range 1000 {
			lines = append(lines, lineOf(i, ""))
		}
		told := s.cutImport(t, n, owner, strings.Join(lines[:700], "\n"))
		if told == 0 {
			t.Fatal("nothing was told before the connection broke")
		}
		counts := map[string]int{}
		for _, status := range statuses(owner.imports(n, lines...)) {
			counts[status]++
		}
		if counts["unchanged"] < told || counts["unchanged"]+counts["created"] != 1000 {
			t.Errorf("%d were told of, and now: %v", told, counts)
		}
		if got := strings.Count(owner.exports(n, false), "\n"); got != 1001 {
			t.Errorf("%d accounts", got)
		}
	}, ownerOf("owner@my.example.com")...)
}

// cutImport sends a part of what it announces, reads some of the reply, and hangs up.
func (s *site) cutImport(t *testing.T, n *node, owner *person, text string) (told int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // hung up
	_, err = fmt.Fprintf(conn, "POST /v1/users/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/x-ndjson\r\nContent-Length: 100000000\r\n\r\n%s\n", owner.held().AccessToken, text)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	for reader := bufio.NewReader(response.Body); told < 150; told++ {
		if _, err := reader.ReadBytes('\n'); err != nil {
			t.Fatal(err)
		}
	}
	_ = response.Body.Close()
	return told
}

// pausedImport sends the first 250 lines of an import, and the others as soon as it is told to go on. It gives the reply.
func (n *node) pausedImport(t *testing.T, owner *person, count int) (reply *bufio.Reader, goOn func(), status int) {
	t.Helper()
	body, feed := io.Pipe()
	paused := make(chan struct{})
	go func() {
		for i := range count {
			if i == 250 {
				<-paused
			}
			_, _ = fmt.Fprintln(feed, lineOf(i, ""))
		}
		_ = feed.Close()
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.address+"/v1/users/import", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Authorization", "Bearer "+owner.held().AccessToken)
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return bufio.NewReader(answer.Body), func() { close(paused) }, answer.StatusCode
}

// The reply begins while the body is still being sent: the rest of the body follows on what was read of it.
func TestImportAnswersWhileItIsSent(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner := s.owned(t)
		reader, goOn, status := n.pausedImport(t, owner, 400)
		first, err := reader.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		goOn()
		rest, err := io.ReadAll(reader)
		if told := outcomes(t, append(first, rest...)); err != nil || len(told) != 400 || status != http.StatusOK {
			t.Errorf("%d, %d outcomes, %v", status, len(told), err)
		}
	}, ownerOf("owner@my.example.com")...)
}

// Each bad line is rejected by itself, saying why, and spoils no other.
func TestBadLines(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner := s.owned(t)
		ada := s.newPerson(t).signUp(n)
		got := owner.imports(n,
			`{"external_id":"a","email":"a@example.net"}`, `not json`, ``,
			`{"external_id":"b","email":"no address"}`,
			`{"external_id":"c","email":"`+ada.email+`"}`,
			`{"external_id":"d","email":"d@example.net","username":"`+ada.username+`"}`,
			`{"external_id":"e","email":"e@example.net","roles":["PIRATE"]}`,
			`{"external_id":"f","email":"f@example.net","password_hash":"$1$md5$x"}`,
			`{"external_id":"g","email":"g@example.net","age":7}`,
			`{"external_id":"h","email":"a@example.net"}`,
			`{"external_id":"i","email":"i@example.net","created_at":"2099-01-01T00:00:00Z"}`,
			`{"external_id":"j","email":"j@example.net","name":"`+strings.Repeat("x", 17<<10)+`"}`,
			`{"external_id":"a","email":"a@example.net","name":"Another"}`,
			`{"external_id":"k","email":"k@example.net"}`)
		same(t, "outcomes", statuses(got), []string{
			"created", "rejected invalid_format", "rejected invalid_format", "rejected email_taken", "rejected username_taken",
			"rejected unknown_value", "rejected unknown_value", "rejected unknown_field", "rejected email_taken",
			"rejected out_of_range", "rejected too_long", "updated", "created",
		})
	}, ownerOf("owner@my.example.com")...)
}

// An administrator gives no more than they hold, and touches nobody who holds more.
func TestImportsExceedNobody(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner := s.owned(t)
		owner.imports(n, `{"external_id":"admin","email":"admin@example.net","email_verified":true,"roles":["ADMIN"],`+
			`"password_hash":"`+foreigners(t)[0].Hash+`"}`,
			`{"external_id":"boss","email":"boss@example.net","roles":["OWNER"]}`)
		admin := &person{t: t, site: s, email: "admin@example.net", password: foreigners(t)[0].Password}
		admin.login(n)
		same(t, "outcomes", statuses(admin.imports(n,
			`{"external_id":"x","email":"x@example.net","roles":["OWNER"]}`,
			`{"external_id":"boss","email":"mine@example.net"}`,
			`{"external_id":"y","email":"y@example.net","roles":["ADMIN"]}`)),
			[]string{"rejected exceeds_own_rights", "rejected exceeds_own_rights", "created"})
		mustFail[*client.ExportUsersResponse](t, client.ProblemCodeForbidden)(
			admin.at(n).ExportUsersWithResponse(t.Context(), &client.ExportUsersParams{PasswordHashes: new(true)}))
		ada := s.newPerson(t).signUp(n)
		mustFail[*client.ImportUsersResponse](t, client.ProblemCodeForbidden)(ada.at(n).ImportUsersWithBodyWithResponse(
			t.Context(), "application/x-ndjson", strings.NewReader(`{"external_id":"z","email":"z@example.net"}`)))
		if strings.Contains(admin.exports(n, false), "password_hash") {
			t.Error("hashes are told to who did not ask for them")
		}
	}, ownerOf("owner@my.example.com")...)
}

// All that is held about a person is told to them, and that it was.
func TestPersonalData(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		ada.another(n)
		reply := must[*client.ExportMeResponse](t, http.StatusOK)(ada.at(n).ExportMeWithResponse(t.Context()))
		s.await(t, ada.email, mail.KindDataExported, 1)
		told := reply.JSON200
		if told.Account.ID != ada.userID || len(told.Sessions) != 2 || len(told.Devices) == 0 || len(told.Activity) < 3 ||
			len(told.Mails) == 0 || len(told.Roles) != 1 {
			t.Errorf("told: %s", reply.Body)
		}
		for _, secret := range []string{ada.password, "$argon2", ada.held().RefreshToken, ada.held().AccessToken} {
			if bytes.Contains(reply.Body, []byte(secret)) {
				t.Error("a secret is told")
			}
		}
		s.await(t, ada.email, "data_exported", 1)
	})
}

// What somebody did to others is told to them too, with their own whereabouts, and nothing of those others.
func TestPersonalDataOfActs(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ada := s.newPerson(t).signUp(n)
		owner.give(n, ada, "USER", "ADMIN")
		must[*client.EndUserSessionsResponse](t, http.StatusNoContent)(owner.at(n).EndUserSessionsWithResponse(t.Context(), ada.userID, nil))
		reply := must[*client.ExportMeResponse](t, http.StatusOK)(owner.at(n).ExportMeWithResponse(t.Context()))
		told := map[string]client.PersonalAct{}
		for _, act := range reply.JSON200.Acts {
			told[act.Action] = act
		}
		for action, named := range map[string]bool{"user.set_roles": true, "session.end": false} {
			act, found := told[action]
			if !found || act.Outcome != "success" || act.IP == "" || act.UserAgent == "" || act.SessionID.IsNull() == named || !act.TokenID.IsNull() {
				t.Errorf("%s: %+v", action, act)
			}
		}
		if _, own := told["session.sign_in"]; own || bytes.Contains(reply.Body, []byte(ada.userID)) {
			t.Errorf("told: %s", reply.Body)
		}
	})
}

// Whoever signs out ends the import that is under way in their session: what was told of stands, and no more is done.
func TestImportEndsWithItsSession(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner := s.owned(t)
		reader, goOn, _ := n.pausedImport(t, owner, 600)
		first, err := reader.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		must[*client.LogoutResponse](t, http.StatusNoContent)(owner.at(n).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		goOn()
		rest, err := io.ReadAll(reader)
		told := len(outcomes(t, append(first, rest...)))
		if err == nil || told > 250 {
			t.Errorf("%d outcomes, %v", told, err)
		}
		owner.login(n)
		if got := strings.Count(owner.exports(n, false), "\n"); got != 1+told {
			t.Errorf("%d were told of, and there are %d accounts", told, got)
		}
	}, ownerOf("owner@my.example.com")...)
}
