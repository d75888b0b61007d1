package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/portability"
	"github.com/doorward/doorward/core/portability/portabilitytest"
)

// yard is what moving accounts needs besides: hashes that are all taken, nobody to tell, no post.
type yard struct{}

func (yard) Check(account.PasswordHash) error                  { return nil }
func (yard) Announce(context.Context, ...core.Change)          {}
func (yard) Post(context.Context, mail.Letter) error           { return nil }
func (yard) Recognize(string) origin.Device                    { return origin.Device{} }
func (yard) Scopes(context.Context, core.ID) ([]string, error) { return nil, core.ErrNotFound }
func (yard) Stands(context.Context, core.Principal, time.Time) (bool, error) {
	return true, nil
}
func (yard) Ask(*account.User, time.Time) {}
func (yard) EndAll(context.Context, core.ID, core.ID, account.EndReason) ([]core.Change, error) {
	return nil, nil
}

// moving opens a world whose caller is an owner, and in which accounts can be moved.
func moving(t *testing.T, options api.Options) (*fiber.App, error) {
	t.Helper()
	db, clock := coretest.NewDatabase(), core.ClockFunc(func() time.Time { return now })
	ids, users := core.NewIDs(clock), accounttest.NewStore(db)
	held, log := accesstest.NewMemory(db, users), audittest.NewLog(db)
	owner := ada
	owner.EmailKey, owner.Roles = owner.Email, []string{account.RoleOwner}
	coretest.Must(t, users.Create(t.Context(), owner))
	origins := origin.NewReader(yard{}, origin.Nowhere{})
	trail := audit.NewTrail(audit.Deps{
		Log: log, History: log, Origins: origins, Clock: clock, IDs: ids, Logger: core.Discard(),
	}, audit.Config{})
	warden := access.NewWarden(held, users, yard{}, yard{}, clock)
	w := &world{holds: []access.Bit{access.UsersImport, access.UsersExport}}
	deps := w.deps()
	deps.Portability = api.Portability{
		Porting: portability.NewService(portability.Deps{
			Store: portabilitytest.NewMemory(db, users, held), Users: users, Memberships: held,
			Obligations: yard{}, Sessions: yard{}, Warden: warden, Hashes: yard{}, Tx: db, Announcer: yard{},
			Trail: trail, Clock: clock, IDs: ids,
		}, portability.Config{}),
		Personal: portability.NewRecords(portability.PersonalDeps{
			Users: users, Warden: warden, Holdings: portabilitytest.Shelf{}, History: log, Post: yard{}, Origins: origins, Tx: db, Trail: trail,
			Clock: clock,
		}, time.Hour),
	}
	return api.New(deps, options)
}

// movingAt is moving on a real connection.
func movingAt(t *testing.T, options api.Options) (address string) {
	t.Helper()
	app, err := moving(t, options)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, app)
}

var ndjson = []string{"Content-Type", "application/x-ndjson", "Authorization", "Bearer good"}

// lines are as many accounts, each of 400 bytes.
func lines(count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "%-399s\n", fmt.Sprintf(`{"external_id":"%d","email":"person%d@example.com"}`, i, i))
	}
	return text.String()
}

// upload sends a body of known or unknown length.
func upload(t *testing.T, address, path, media string, body io.Reader) (status int, text string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", media)
	request.Header.Set("Authorization", "Bearer good")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// unmeasured hides the length of a body.
type unmeasured struct{ io.Reader }

// TestStreamsAreNotBoundByTheLimitOfBodies imports more than any other operation takes, and nothing else does.
func TestStreamsAreNotBoundByTheLimitOfBodies(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{})
	const count = 400 // 160 kB
	for name, body := range map[string]io.Reader{
		"of known length": strings.NewReader(lines(count)), "in chunks": unmeasured{strings.NewReader(lines(count))},
	} {
		status, text, err := upload(t, address, "/v1/users/import", "application/x-ndjson", body)
		if err != nil || status != http.StatusOK || strings.Count(text, "\n") != count {
			t.Errorf("%s: %d, %d lines, %v", name, status, strings.Count(text, "\n"), err)
		}
	}
	for _, path := range []string{"/v1/auth/login", "/v1/me/export", "/v1/users/import/", "/V1/users/import", "/v1/users/%69mport", "/nowhere"} {
		for name, body := range map[string]io.Reader{
			"of known length": strings.NewReader(lines(count)), "in chunks": unmeasured{strings.NewReader(lines(count))},
		} {
			status, text, err := upload(t, address, path, "application/x-ndjson", body)
			if err != nil || status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s %s: %d %s, %v", path, name, status, text, err)
			}
		}
	}
}

// TestImportsHaveALimitOfTheirOwn refuses what is announced to be more, and cuts short what turns out to be.
func TestImportsHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{ImportBodyLimit: 100 << 10})
	status, text, err := upload(t, address, "/v1/users/import", "application/x-ndjson", strings.NewReader(lines(400)))
	if err != nil || status != http.StatusRequestEntityTooLarge || !strings.Contains(text, "payload_too_large") {
		t.Errorf("of known length: %d %s, %v", status, text, err)
	}
	_, text, err = upload(t, address, "/v1/users/import", "application/x-ndjson", unmeasured{strings.NewReader(lines(400))})
	if told := strings.Count(text, "\n"); err == nil || told == 0 || told >= 300 {
		t.Errorf("in chunks: %d outcomes, %v", told, err)
	}
}

// TestImportsThatBreakAreToldSo cuts the body off in the middle of a line: what was whole is done, and the reply lacks
// its end, so that nobody takes it for all.
func TestImportsThatBreakAreToldSo(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{})
	text := lines(60)
	half := text[:50*400+30]
	head := "POST /v1/users/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Type: application/x-ndjson\r\n"
	for name, test := range map[string]struct {
		body  string
		whole bool
	}{
		"of known length":        {fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), half), false},
		"within a chunk":         {fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(text), half), false},
		"between chunks":         {fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(half), half), false},
		"whole, of known length": {fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text), true},
		"whole, in chunks":       {fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(text), text), true},
	} {
		connection := hold(t, address, head+test.body)
		if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		told, err := io.ReadAll(response.Body)
		_ = response.Body.Close() // it says again what reading said
		if got := strings.Count(string(told), "\n"); (err == nil) != test.whole || !test.whole && got != 50 {
			t.Errorf("%s: %d outcomes, %v\n%s", name, got, err, told)
		}
	}
}

// streams are calls of operations that are streamed.
var streams = []struct {
	name, method, path, body string
	fields                   []string
	status                   int
	holds                    string
}{
	{"an import", "POST", "/v1/users/import", lines(1), ndjson, 200, `"status":"created","id":"`},
	{"an import of nothing", "POST", "/v1/users/import", "", ndjson, 200, ""},
	{"an import of another type", "POST", "/v1/users/import", "{}", append([]string{"Content-Type", "application/json"}, ndjson[2:]...), 415, `"unsupported_media_type"`},
	{"an import with a query", "POST", "/v1/users/import?dry_run=1", "", ndjson, 400, `"unknown_field"`},
	{"an import by nobody", "POST", "/v1/users/import", lines(1), ndjson[:2], 401, `"unauthenticated"`},
	{"an export", "GET", "/v1/users/export", "", ndjson[2:], 200, `"external_id":"00000000-0000-0000-0000-000000000001","email":"ada@example.com"`},
	{"an export of hashes, too late", "GET", "/v1/users/export?password_hashes=true", "", as("old"), 403, `"reauthentication_required"`},
	{"personal data", "GET", "/v1/me/export", "", as("good"), 200, `"sessions":[]`},
	{"personal data, too late", "GET", "/v1/me/export", "", as("old"), 403, `"reauthentication_required"`},
	{"the head of an export", "HEAD", "/v1/users/export", "", ndjson[2:], 200, ""},
}

func TestStreams(t *testing.T) {
	t.Parallel()
	for _, c := range streams {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app, err := moving(t, api.Options{})
			got := newClient(t, app, err).do(c.method, c.path, c.body, c.fields...)
			if got.StatusCode != c.status || !strings.Contains(string(got.body), c.holds) {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
		})
	}
}

// TestAnUnreadBodyIsNoRequest refuses an import before its body is read: what is in the body is nothing that is asked.
func TestAnUnreadBodyIsNoRequest(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{})
	hidden := "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
	raw := "POST /v1/users/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: " +
		fmt.Sprint(len(hidden)*1000) + "\r\n\r\n" + strings.Repeat(hidden, 1000)
	response, body, closed := exchange(t, address, raw)
	defer response.Body.Close() //nolint:errcheck // read to its end
	if response.StatusCode != http.StatusUnauthorized || !closed {
		t.Errorf("%d %s, closed %v", response.StatusCode, body, closed)
	}
}

// TestARequestThatStopsEndsItsImport does what has come of a body that goes on no more, and cuts the reply short.
func TestARequestThatStopsEndsItsImport(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{ReadTimeout: 200 * time.Millisecond})
	body, feed := io.Pipe()
	go func() { _, _ = io.WriteString(feed, lines(250)) }() // and then nothing
	status, text, err := upload(t, address, "/v1/users/import", "application/x-ndjson", body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || status != http.StatusOK || strings.Count(text, "\n") != 250 {
		t.Errorf("%d, %d outcomes, %v", status, strings.Count(text, "\n"), err)
	}
	_ = feed.Close()
}

// TestASizeWithoutEndIsTooLate stops amid the size of a chunk, of which the server below tells that it is broken.
func TestASizeWithoutEndIsTooLate(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{ReadTimeout: 200 * time.Millisecond})
	for _, size := range []string{"5", "5\r"} {
		response, body, _ := exchange(t, address, "POST /v1/users/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n"+
			"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"+size)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestTimeout {
			t.Errorf("%q: %d %s", size, response.StatusCode, body)
		}
	}
}

// TestALineWithoutEndEndsWithItsTime sends a line bit by bit, each of them in time.
func TestALineWithoutEndEndsWithItsTime(t *testing.T) {
	t.Parallel()
	address := movingAt(t, api.Options{ReadTimeout: time.Minute, StreamTimeout: 200 * time.Millisecond})
	body, feed := io.Pipe()
	go func() {
		for {
			if _, err := io.WriteString(feed, "x"); err != nil {
				return
			}
		}
	}()
	status, text, err := upload(t, address, "/v1/users/import", "application/x-ndjson", body)
	if status == http.StatusOK || err == nil && status != http.StatusRequestTimeout {
		t.Errorf("%d %s, %v", status, text, err)
	}
	_ = feed.Close()
}
