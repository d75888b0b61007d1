package wiretap_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/apps/internal/bench/wiretap"
)

// message frames a message of the PostgreSQL protocol; the startup message has no kind.
func message(kind string, body ...string) string {
	text := strings.Join(body, "\x00") + "\x00"
	length := binary.BigEndian.AppendUint32(nil, uint32(len(text)+4))
	return kind + string(length) + text
}

func TestPostgresCounts(t *testing.T) {
	t.Parallel()
	const find, lock = "-- name: FindUser :one\nSELECT 1", "-- name: LockOwner :one\nSELECT 2"
	start := message("", "user")
	prepared := message("P", "s1", find) + message("S") + message("P", "s2", lock) + message("S")
	preparing := wiretap.Count{Trips: 2}
	cases := map[string]struct {
		sent string
		want map[string]wiretap.Count
	}{
		"one statement": {
			message("B", "", "s1") + message("E", "") + message("S"),
			map[string]wiretap.Count{wiretap.Prepare: preparing, "FindUser": {Statements: 1, Trips: 1}},
		},
		"a batch waits once": {
			message("B", "", "s1") + message("E", "") + message("B", "", "s2") + message("E", "") + message("S"),
			map[string]wiretap.Count{
				wiretap.Prepare: preparing, "FindUser": {Statements: 1, Trips: 1}, "LockOwner": {Statements: 1},
			},
		},
		"a transaction counts to its first query": {
			message("Q", "begin") + message("B", "", "s2") + message("S") + message("B", "", "s1") + message("S") + message("Q", "commit"),
			map[string]wiretap.Count{
				wiretap.Prepare: preparing, "LockOwner": {Statements: 3, Trips: 3}, "FindUser": {Statements: 1, Trips: 1},
			},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ledger wiretap.Ledger
			if err := wiretap.Postgres(strings.NewReader(start+prepared+test.sent), &ledger); !errors.Is(err, io.EOF) {
				t.Fatalf("Postgres = %v, want the end of the stream", err)
			}
			if diff := cmp.Diff(test.want, ledger.Take()); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValkeyCounts(t *testing.T) {
	t.Parallel()
	sent := "*2\r\n$3\r\nget\r\n$3\r\na\r\n\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n"
	var ledger wiretap.Ledger
	if err := wiretap.Valkey(strings.NewReader(sent), &ledger); !errors.Is(err, io.EOF) {
		t.Fatalf("Valkey = %v, want the end of the stream", err)
	}
	want := map[string]wiretap.Count{"GET": {Statements: 2, Trips: 1}, "PING": {Statements: 1}}
	if diff := cmp.Diff(want, ledger.Take()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if left := ledger.Take(); len(left) != 0 {
		t.Errorf("counted again: %v", left)
	}
	apart := io.MultiReader(strings.NewReader(sent[:22]), strings.NewReader(sent[22:]))
	if err := wiretap.Valkey(apart, &ledger); !errors.Is(err, io.EOF) {
		t.Fatalf("Valkey = %v, want the end of the stream", err)
	}
	want = map[string]wiretap.Count{"GET": {Statements: 2, Trips: 2}, "PING": {Statements: 1}}
	if diff := cmp.Diff(want, ledger.Take()); diff != "" {
		t.Errorf("counted in two parts (-want +got):\n%s", diff)
	}
}

func TestStrangeStreamsEnd(t *testing.T) {
	t.Parallel()
	var ledger wiretap.Ledger
	for _, sent := range []string{"\x00\x00\x00\x01", "\xff\xff\xff\xff"} {
		if err := wiretap.Postgres(strings.NewReader(sent), &ledger); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Postgres(%q) = %v", sent, err)
		}
	}
	for _, sent := range []string{"PING\r\n", "*-1\r\n", "*1\r\n$x\r\n"} {
		if err := wiretap.Valkey(strings.NewReader(sent), &ledger); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Valkey(%q) = %v", sent, err)
		}
	}
}

func TestTapForwardsBothWays(t *testing.T) {
	t.Parallel()
	server, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	go func() {
		conn, err := server.Accept()
		if err == nil {
			_, _ = io.Copy(conn, conn)
		}
	}()
	tap, err := wiretap.Listen(t.Context(), server.Addr().String(), wiretap.Valkey)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tap.Close() }()
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", tap.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	const sent = "*1\r\n$4\r\nPING\r\n"
	if _, err := io.WriteString(client, sent); err != nil {
		t.Fatal(err)
	}
	echoed := make([]byte, len(sent))
	if _, err := io.ReadFull(client, echoed); err != nil || string(echoed) != sent {
		t.Errorf("came back: %q, %v", echoed, err)
	}
}
