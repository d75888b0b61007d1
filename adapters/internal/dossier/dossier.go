// Package dossier says where in the database what is held about a person stands, for both engines: which tables, which
// of their columns are told, and which tables are left out and why.
package dossier

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/core/portability"
)

// Kind is how a column is read and written.
type Kind uint8

// The kinds. Each may be null.
const (
	Text Kind = iota
	Time
	ID
	List
)

// Column is something that is told. Expression is SQL that both engines read.
type Column struct {
	Name       string
	Expression string
	Kind       Kind
}

// Part is where the records of a section stand. All of its texts are constants of this package.
type Part struct {
	// Tables are those that it reads, the first one with an alias of t.
	Tables string
	// Owner is the column that names the person: by their id, or, where ByEmail, by their address.
	Owner   string
	ByEmail bool
	// Place is the column of the record's id; empty for sections of few records, which are read whole.
	Place   string
	Columns []Column
}

func texts(names ...string) (columns []Column) {
	for _, name := range names {
		columns = append(columns, Column{Name: name, Expression: "t." + name})
	}
	return columns
}

func times(names ...string) (columns []Column) {
	for _, name := range names {
		columns = append(columns, Column{Name: name, Expression: "t." + name, Kind: Time})
	}
	return columns
}

func join(parts ...[]Column) (columns []Column) {
	for _, part := range parts {
		columns = append(columns, part...)
	}
	return columns
}

var id = []Column{{Name: "id", Expression: "t.id", Kind: ID}}

// parts are the parts of each section, in their order.
var parts = map[portability.Section][]Part{
	portability.SectionRoles: {{Tables: "user_roles t", Owner: "t.user_id", Columns: join(texts("role"), times("assigned_at"))}},
	portability.SectionGroups: {{
		Tables: "user_groups t JOIN access_groups g ON g.id = t.group_id", Owner: "t.user_id",
		Columns: join(
			[]Column{{Name: "id", Expression: "g.id", Kind: ID}, {Name: "name", Expression: "g.name"}}, times("assigned_at")),
	}},
	portability.SectionSessions: {{
		Tables: "sessions t", Owner: "t.user_id", Place: "t.id",
		Columns: join(id, texts("user_agent"), []Column{{Name: "device", Expression: "t.device_kind"}},
			texts("browser", "os", "ip", "location"),
			[]Column{{Name: "factors", Expression: "t.factors", Kind: List}},
			times("auth_time", "created_at", "last_used_at", "idle_expires_at", "expires_at", "ended_at"), texts("end_reason")),
	}},
	portability.SectionDevices: {{
		Tables: "devices t", Owner: "t.user_id", Place: "t.id",
		Columns: join(id, texts("user_agent", "kind", "browser", "os", "ip", "location"),
			times("created_at", "last_used_at", "expires_at", "trusted_until")),
	}},
	portability.SectionFactors: {{
		Tables: "factors t", Owner: "t.user_id", Place: "t.id",
		Columns: join(id, texts("kind", "label"), times("created_at", "confirmed_at", "last_used_at")),
	}},
	portability.SectionRecoveryCodes: {{Tables: "recovery_codes t", Owner: "t.user_id", Columns: times("created_at")}},
	portability.SectionTokens: {{
		Tables: "personal_tokens t", Owner: "t.user_id", Place: "t.id",
		Columns: join(id, texts("name", "hint"), []Column{{Name: "scopes", Expression: "t.scopes", Kind: List}},
			times("created_at", "expires_at", "last_used_at")),
	}},
	portability.SectionPending: {
		{Tables: "flows t", Owner: "t.user_id", Columns: join(texts("purpose"), times("created_at", "expires_at"))},
		{Tables: "links t", Owner: "t.user_id", Columns: join(texts("purpose"), times("created_at", "expires_at"))},
	},
	portability.SectionMails: {{
		Tables: "outbox t", Owner: "t.recipient", ByEmail: true, Place: "t.id",
		Columns: join(texts("kind", "state"), times("created_at", "sent_at")),
	}},
}

// PartsOf gives where the records of a section stand.
func PartsOf(section portability.Section) []Part { return parts[section] }

// Query is the statement that reads records, with its arguments in the order person, place, limit; of a part without
// places it takes the first alone. placeholder writes the n-th argument, from 1. The id is read first, then the columns.
func (p Part) Query(placeholder func(n int) string) string {
	expressions := make([]string, len(p.Columns))
	for i, column := range p.Columns {
		expressions[i] = column.Expression
	}
	list := strings.Join(expressions, ", ")
	if p.Place == "" {
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s = %s ORDER BY %s", list, p.Tables, p.Owner, placeholder(1), list)
	}
	return fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s = %s AND %s > %s ORDER BY %s LIMIT %s",
		p.Place, list, p.Tables, p.Owner, placeholder(1), p.Place, placeholder(2), p.Place, placeholder(3))
}

// Encode writes a record: the values of the columns, in their order, each nil for null or as encoding/json takes it.
func (p Part) Encode(values []any) (json.RawMessage, error) {
	text := []byte{'{'}
	for i, column := range p.Columns {
		value, err := json.Marshal(values[i])
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", column.Name, err)
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(append(text, '"'), column.Name...), `":`...), value...)
	}
	return append(text, '}'), nil
}

// Elsewhere are tables about people that other parts of the document tell of, and LeftOut those that none does, with why.
var (
	Elsewhere = map[string]string{
		"users":     "account and settings",
		"audit_log": "activity and acts",
	}
	LeftOut = map[string]string{
		"imported_users":   "digests of what an import brought, which say nothing",
		"registrations":    "become the account when they are proven, and are removed when they are not",
		"intakes":          "sealed, and gone within seconds",
		"mailbox":          "the development mailbox, which no deployment in production has",
		"journal":          "revisions of rows",
		"unkeyed_names":    "whose name is not searched by its right key yet, for a minute after an upgrade",
		"tries":            "how often guesses at a password failed, by digest of where they came from",
		"code_budgets":     "how often guesses at a code failed",
		"service_accounts": "belong to the deployment; that the person made one is told by the acts, for as long as the log keeps it",
		"idempotency_keys": "digests, and replies that are removed within a day",
	}
)

// SchemaColumn is a column of the database as it is.
type SchemaColumn struct{ Table, Column string }

// naming are the columns by which a row is about a person, whatever their table.
var naming = []string{
	"user_id", "subject", "actor", "recipient", "owner_id", "created_by", "assigned_by", "email", "email_key", "username",
	"phone", "payload",
}

// Untold gives the columns of a schema that name a person and whose table is neither told nor deliberately left out: a
// table that came after this package was written.
func Untold(columns []SchemaColumn) (found []string) {
	told := map[string]bool{}
	for _, section := range parts {
		for _, part := range section {
			table, _, _ := strings.Cut(part.Tables, " ")
			told[table] = true
		}
	}
	for _, column := range columns {
		_, elsewhere := Elsewhere[column.Table]
		_, leftOut := LeftOut[column.Table]
		if slices.Contains(naming, column.Column) && !told[column.Table] && !elsewhere && !leftOut {
			found = append(found, column.Table+"."+column.Column)
		}
	}
	return found
}
