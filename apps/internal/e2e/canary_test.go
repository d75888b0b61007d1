package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A full run leaves no secret in the log, the metrics and the cache, and none that can be read in the database; and
// nothing that a client sends forges a line of the log.
func TestSecretsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		said := s.eavesdrop(t)
		n := s.start("ADMIN_ADDR", "127.0.0.1:0")
		birds := s.sing(t, n)
		places := map[string][]byte{"metrics": []byte(n.scrape(t))}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		for place, text := range s.contents(t) {
			places[place] = text
		}
		places["log"] = []byte(s.log.String())
		if said != nil {
			places["cache"] = []byte(said.String())
		}
		s.mustHaveLooked(t, places)
		for what, secret := range birds {
			if secret == "" {
				t.Fatalf("no %s was used", what)
			}
			for place, text := range places {
				if form, found := find(text, secret); found {
					t.Errorf("the %s stands in %s, %s", what, place, form)
				}
			}
		}
	})
}

// mustHaveLooked fails the test unless each place shows what is known to be there, so that nothing was overlooked, and
// nothing that a client sends forges a line or paints a terminal (OWASP ASVS 5.0 16.4.1).
func (s *site) mustHaveLooked(t *testing.T, places map[string][]byte) {
	t.Helper()
	wanted := map[string]string{
		"log": `"route":"/v1/auth/reset-password/:token"`, "metrics": `route="/v1/auth/mfa/verify"`,
	}
	if _, distributed := places["cache"]; distributed {
		wanted["cache"] = s.variables["VALKEY_PREFIX"]
		wanted["table users"], wanted["table audit_log"] = "@example.com", "Firefox/130.0"
		wanted["table factors"], wanted["table devices"] = "totp", "Go-http-client"
	}
	for place, mark := range wanted {
		if !bytes.Contains(places[place], []byte(mark)) {
			t.Errorf("%q is not in %s: nothing was looked at", mark, place)
		}
	}
	for line := range strings.Lines(string(places["log"])) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is %q", line)
		}
	}
	for place, text := range places {
		if bytes.Contains(text, []byte("\x1b[31m")) || bytes.Contains(text, []byte("\u2028{")) {
			t.Errorf("what paints a terminal stands in %s", place)
		}
	}
}

// find looks for a secret as it is, without the hyphens that are there for people, in hex and in base64, and likewise
// for the bytes that it encodes.
func find(text []byte, secret string) (form string, found bool) {
	if len(secret) == 6 {
		// Six digits also occur by chance within longer numbers, fractions and ids; standing alone they do not.
		alone := regexp.MustCompile(`(^|[^0-9A-Za-z._-])` + regexp.QuoteMeta(secret) + `([^0-9A-Za-z._-]|$)`)
		return "as it is", alone.Match(text)
	}
	for encoding, raw := range decoded(secret) {
		for form, written := range map[string]string{
			"as it is": string(raw), "in hex": hex.EncodeToString(raw), "in capital hex": strings.ToUpper(hex.EncodeToString(raw)),
			"in a query": url.QueryEscape(string(raw)), "quoted": strings.Trim(strconv.Quote(string(raw)), `"`),
		} {
			if len(raw) > 0 && bytes.Contains(text, []byte(written)) {
				return encoding + " " + form, true
			}
		}
		for _, written := range inBase64(raw) {
			if bytes.Contains(text, []byte(written)) {
				return encoding + " in base64", true
			}
		}
	}
	return "", false
}

// decoded gives the secret and what it encodes.
func decoded(secret string) map[string][]byte {
	forms := map[string][]byte{"the text": []byte(secret)}
	plain := strings.ReplaceAll(secret, "-", "")
	if plain != secret {
		forms["the bare text"] = []byte(plain)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) >= 16 {
		forms["the decoded bytes"] = raw
	}
	if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err == nil && len(raw) >= 16 {
		forms["the seed"] = raw
	}
	return forms
}

// inBase64 gives what stands in base64, of either alphabet, wherever in a longer text the bytes begin: without
// the letters at both ends that they share with their neighbours.
func inBase64(raw []byte) (forms []string) {
	for shift := range 3 {
		shifted := append(make([]byte, shift), raw...)
		whole := shifted[:len(shifted)/3*3]
		if len(whole) < 9 {
			continue
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			forms = append(forms, encoding.EncodeToString(whole)[4*min(shift, 1):])
		}
	}
	return forms
}

// The search finds what it looks for in every form, and nothing else.
func TestSecretsAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	const phrase, token, seed = "canary in a coal mine", "q0v_8Zb2kXw4uS1mR7nY3tPc9dLh5jFe6gAaBbCcDdE", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for secret, texts := range map[string][]string{
		phrase: {
			"x " + phrase, hex.EncodeToString([]byte("a" + phrase)), strings.ToUpper(hex.EncodeToString([]byte(phrase))),
			base64.StdEncoding.EncodeToString([]byte(phrase)), base64.StdEncoding.EncodeToString([]byte("a" + phrase + "bc")),
			base64.URLEncoding.EncodeToString([]byte("ab" + phrase)), "?q=" + url.QueryEscape(phrase),
		},
		token:            {token, string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw)},
		seed:             {seed, "12345678901234567890", hex.EncodeToString([]byte("12345678901234567890"))},
		"AB-CD-EFGH-123": {"ABCDEFGH123"},
		"493027":         {`"493027"`, "code 493027", "493027"},
	} {
		for _, text := range texts {
			if _, found := find([]byte(text), secret); !found {
				t.Errorf("%q is not found in %q", secret, text)
			}
			if form, found := find([]byte(text), "another "+secret); found {
				t.Errorf("%q is found %s", "another "+secret, form)
			}
		}
	}
	if said := unquoted("1 [0 x] \"SET\" \"a\\x00b\\\"c\""); said != "SET a\x00b\"c" {
		t.Errorf("the cache said %q", said)
	}
	if _, found := find([]byte("0.493027 and 1493027 and 493027-a"), "493027"); found {
		t.Error("a part of a number is taken for a code")
	}
}

// eavesdrop listens to all that Valkey is told of this site, names of keys and messages included, and gives it as
// plain text; nil where there is no Valkey.
func (s *site) eavesdrop(t *testing.T) *record {
	t.Helper()
	address, err := url.Parse(s.variables["VALKEY_URL"])
	if err != nil || address.Host == "" {
		return nil
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		t.Fatal(err)
	}
	reader, said := bufio.NewReader(conn), &record{}
	if answer, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(answer, "+OK") {
		t.Fatalf("MONITOR: %q, %v", answer, err)
	}
	go func() {
		for line, err := reader.ReadString('\n'); err == nil; line, err = reader.ReadString('\n') {
			if strings.Contains(line, s.variables["VALKEY_PREFIX"]) {
				_, _ = fmt.Fprintln(said, line, unquoted(line))
			}
		}
	}()
	return said
}

var argument = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// unquoted gives the arguments of a line of MONITOR as the bytes that they are.
func unquoted(line string) string {
	var plain []string
	for _, quoted := range argument.FindAllString(line, -1) {
		if text, err := strconv.Unquote(quoted); err == nil {
			plain = append(plain, text)
		}
	}
	return strings.Join(plain, " ")
}

// contents is all that the database holds, as text.
func (s *site) contents(t *testing.T) map[string][]byte {
	t.Helper()
	address := s.variables["DATABASE_URL"]
	if address == "" {
		return filesBelow(t, s.variables["DATA_DIR"])
	}
	return dump(t, address)
}

// dump reads every row of every table, with bytes in hex.
func dump(t *testing.T, address string) map[string][]byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for _, table := range tables {
		rows, err := conn.Query(ctx, "SELECT t::text FROM "+pgx.Identifier{table}.Sanitize()+" t")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		contents["table "+table] = []byte(strings.Join(lines, "\n"))
	}
	return contents
}
