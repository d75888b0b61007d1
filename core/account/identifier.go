package account

// IdentifierKind tells emails and usernames apart.
type IdentifierKind uint8

// The kinds of identifier.
const (
	IdentifierEmail IdentifierKind = iota
	IdentifierUsername
)

// Identifier is what a person types to say who they are, in its unique form.
type Identifier struct {
	Kind IdentifierKind
	Key  string
}
