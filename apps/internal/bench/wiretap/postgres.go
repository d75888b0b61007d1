package wiretap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"regexp"
	"strings"
)

// Prepare is the name of the round trip in which a driver prepares a statement, once per connection.
const Prepare = "(prepare)"

// messageMax bounds a message of the PostgreSQL protocol that is looked at.
const messageMax = 16 << 20

// named is how sqlc begins the text of a query.
var named = regexp.MustCompile(`^-- name: (\w+)`)

// postgresClient is what is known of one connection.
type postgresClient struct {
	ledger *Ledger
	// prepared is the name of the query by that of its prepared statement.
	prepared map[string]string
	// begun are the statements of a transaction that nothing named stands in yet; owner is the first query in
	// it, to which its beginning and its end are counted.
	begun Count
	owner string
	// sent is the first statement since the last Sync.
	sent string
}

// Postgres reads the frontend's side of the PostgreSQL protocol, version 3, without TLS. Queries are named as
// sqlc names them; the beginning and the end of a transaction are counted to the first query in it.
func Postgres(from io.Reader, ledger *Ledger) error {
	reader := bufio.NewReaderSize(from, 64<<10)
	client := postgresClient{ledger: ledger, prepared: make(map[string]string)}
	if _, err := readBody(reader); err != nil { // the startup message has no type
		return err
	}
	for {
		kind, err := reader.ReadByte()
		if err != nil {
			return err
		}
		body, err := readBody(reader)
		if err != nil {
			return err
		}
		client.take(kind, body)
	}
}

func readBody(reader *bufio.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(reader, length[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(length[:])) - len(length)
	if size < 0 || size > messageMax {
		return nil, frameError("a length", size)
	}
	body := make([]byte, size)
	_, err := io.ReadFull(reader, body)
	return body, err
}

// take counts one message (PostgreSQL documentation, "Message Formats").
func (c *postgresClient) take(kind byte, body []byte) {
	switch kind {
	case 'P': // Parse: name, query
		name, rest, _ := bytes.Cut(body, []byte{0})
		query, _, _ := bytes.Cut(rest, []byte{0})
		c.prepared[string(name)] = nameOf(string(query))
	case 'B': // Bind: portal, prepared statement
		_, rest, _ := bytes.Cut(body, []byte{0})
		statement, _, _ := bytes.Cut(rest, []byte{0})
		c.executed(c.prepared[string(statement)])
	case 'S': // Sync
		if c.sent == "" {
			c.sent = Prepare
		}
		c.waited()
	case 'Q': // simple query
		query, _, _ := bytes.Cut(body, []byte{0})
		c.executed(nameOf(string(query)))
		c.waited()
	}
}

// nameOf is the name of a query, or its first word in small letters where it has none: pgx pings a connection
// that has rested with the comment "-- ping".
func nameOf(query string) string {
	if found := named.FindStringSubmatch(query); found != nil {
		return found[1]
	}
	word, _, _ := strings.Cut(strings.TrimPrefix(query, "-- "), " ")
	return strings.ToLower(strings.TrimRight(word, ";"))
}

func (c *postgresClient) executed(name string) {
	switch {
	case name == "begin":
		c.begun.Statements++
		c.owner = name
	case c.owner == "begin":
		c.ledger.add(name, c.begun.Statements, c.begun.Trips)
		c.begun, c.owner = Count{}, name
	}
	label := c.label(name)
	if label != "begin" {
		c.ledger.add(label, 1, 0)
	}
	if c.sent == "" {
		c.sent = label
	}
	if name == "commit" || name == "rollback" {
		c.owner = ""
	}
}

// label is whom a statement is counted to.
func (c *postgresClient) label(name string) string {
	if c.owner != "" && (name == "commit" || name == "rollback") {
		return c.owner
	}
	return name
}

func (c *postgresClient) waited() {
	if c.sent == "begin" {
		c.begun.Trips++
	} else {
		c.ledger.add(c.sent, 0, 1)
	}
	c.sent = ""
}
