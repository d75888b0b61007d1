// Package dashboard is the figures of a deployment: how many accounts there are of which kind, how their number grows, who
// has which role, and who signed in last. All but the last are read from counts that are kept as things change, so that
// they cost the same whether there are a thousand accounts or a million.
package dashboard

import (
	"time"

	"github.com/doorward/doorward/core"
)

// Metric is what accounts are counted by. An account that is deleted counts, as deleted, until it is purged; then it
// counts nowhere any more.
type Metric string

// The metrics.
const (
	// ByStatus counts by account.Status, BySource by account.Source: how the account came to be.
	ByStatus Metric = "status"
	BySource Metric = "source"
	// ByAuth counts by AuthPassword and AuthNone.
	ByAuth Metric = "auth"
	// BySecondFactor counts accounts with confirmed second factors by their kind, and all of them as AnyFactor. An
	// account with two kinds counts for both.
	BySecondFactor Metric = "second_factor"
	// ByCountry counts by account.User.Country, ByLanguage by the language of the profile's locale without its region
	// and script. Both have the empty text for accounts that say nothing.
	ByCountry  Metric = "country"
	ByLanguage Metric = "language"
	// ByRole counts who has a role, by its name, ByGroup who is in a group, by its id.
	ByRole  Metric = "role"
	ByGroup Metric = "group"
)

// The values of ByAuth and BySecondFactor that are no kinds of factors.
const (
	// AuthPassword: the account has a password.
	AuthPassword = "password"
	// AuthNone: it has none.
	AuthNone = "none"
	// AnyFactor: it has a second factor of some kind.
	AnyFactor = "any"
)

// Series is what is counted by the quarter of an hour in which it happened.
type Series string

// The series.
const (
	// Opened are the accounts that stand, by when they were opened.
	Opened Series = "created"
	// SignIns are all sessions that were ever opened, those that have long been removed included.
	SignIns Series = "sign_in"
)

// Quarter is how fine a Series is. All offsets of time zones in use are multiples of it (IANA time zone database), so that
// days of every zone can be summed.
const Quarter = 15 * time.Minute

// Count is how many there are of a value.
type Count struct {
	// Value is the value of the metric; empty for accounts that say nothing.
	Value string
	Users int64
}

// Breakdown is the accounts by one metric, the most first.
type Breakdown struct {
	Items []Count
	// Other is how many more there are, beyond the BreakdownMax values that are listed.
	Other int64
	// Total is all accounts.
	Total int64
	AsOf  time.Time
}

// BreakdownMax is how many values are listed at the most: more than there are countries (ISO 3166-1 has 249), and
// languages that any product is used in.
const BreakdownMax = 250

// AuthTypes is how accounts can be signed in to.
type AuthTypes struct {
	// Password and None are the accounts with a password and without: each is one of them.
	Password, None int64
	// SecondFactor are the accounts with any second factor, Kinds how many have which, the most first.
	SecondFactor int64
	Kinds        []Count
	AsOf         time.Time
}

// Overview is the figures in short. What happened lately is told to the quarter of an hour.
type Overview struct {
	Users        int64
	Statuses     []Count
	SecondFactor int64
	// Opened are accounts that were opened, SignIns sessions, within the last day, week and month of 30 days.
	Opened, SignIns Lately
	AsOf            time.Time
}

// Lately is how often something happened within the last 24 hours, 7 days and 30 days.
type Lately struct{ Day, Week, Month int64 }

// Holders is how many have a role or are in a group.
type Holders struct {
	// ID is the role's or group's.
	ID    core.ID
	Name  string
	Users int64
}

// Roles is how many have each role and are in each group, by name. All that there are are listed.
type Roles struct {
	Roles, Groups []Holders
	AsOf          time.Time
}

// SignIn is somebody who was let in. It is told as long as the session is kept after its end.
type SignIn struct {
	// Session is the session that it opened.
	Session core.ID
	User    core.ID
	// Name is what the profile says now.
	Name string
	// Kind, Browser and OS are the client's, Place and IP where it was; see origin.Device.
	Kind, Browser, OS, IP, Place string
	At                           time.Time
}

// SignInsMax is how many of the newest sign-ins are told at the most, SignInsDefault how many where nothing is said.
const (
	SignInsMax     = 100
	SignInsDefault = 20
)

// RecentSignIns are the newest sign-ins, newest first.
type RecentSignIns struct {
	Items []SignIn
	AsOf  time.Time
}

// All is every dashboard at once. Each part was read by itself, at its AsOf or just after.
type All struct {
	Overview Overview
	Status   Breakdown
	Source   Breakdown
	Auth     AuthTypes
	Country  Breakdown
	Language Breakdown
	Growth   Growth
	Roles    Roles
	SignIns  RecentSignIns
	AsOf     time.Time
}
