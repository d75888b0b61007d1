package access

// Bit is the place of a permission in a Set. Those of the built-in permissions are fixed; the others have one for as
// long as a Catalogue lasts.
type Bit uint16

// Everything is what OWNER holds: each permission there is and each that will be. No other role, group or scope has it,
// so that nobody but an owner acts upon an owner.
const Everything Bit = 0

// The built-in permissions, in the order in which the database has them.
const (
	MeRead Bit = iota + 1
	MeWrite
	UsersRead
	UsersWrite
	UsersDelete
	UsersSuspend
	UsersSecure
	UsersImpersonate
	UsersImport
	UsersExport
	UsersExportHashes
	SessionsRead
	SessionsRevoke
	AccessRead
	AccessWrite
	ServiceAccountsRead
	ServiceAccountsWrite
	TokensIntrospect
	AuditRead
	AuditWrite
	DashboardRead
	MailRead
	MailRetry
	HealthRead
	firstCustom
)

// keys are the names of the built-in permissions.
var keys = [firstCustom]string{
	MeRead:               "me.read",
	MeWrite:              "me.write",
	UsersRead:            "users.read",
	UsersWrite:           "users.write",
	UsersDelete:          "users.delete",
	UsersSuspend:         "users.suspend",
	UsersSecure:          "users.secure",
	UsersImpersonate:     "users.impersonate",
	UsersImport:          "users.import",
	UsersExport:          "users.export",
	UsersExportHashes:    "users.export_hashes",
	SessionsRead:         "sessions.read",
	SessionsRevoke:       "sessions.revoke",
	AccessRead:           "access.read",
	AccessWrite:          "access.write",
	ServiceAccountsRead:  "service_accounts.read",
	ServiceAccountsWrite: "service_accounts.write",
	TokensIntrospect:     "tokens.introspect",
	AuditRead:            "audit.read",
	AuditWrite:           "audit.write",
	DashboardRead:        "dashboard.read",
	MailRead:             "mail.read",
	MailRetry:            "mail.retry",
	HealthRead:           "health.read",
}

// Key is the name of a built-in permission, as roles, tokens and refusals say it; empty for any other.
func (b Bit) Key() string {
	if b >= firstCustom {
		return ""
	}
	return keys[b]
}
