// Package form says how values of the domain are written on the wire, and reads the cursors of lists back.
package form

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

// User writes an account as its owner sees it: what is not set is null.
func User(user account.User) oapi.User {
	return oapi.User{
		ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified, Username: Optional(user.Username),
		Name: user.Profile.Name, Bio: Optional(user.Profile.Bio), ImageURL: Optional(user.Profile.ImageURL),
		Locale: Optional(user.Profile.Locale), Phone: Optional(user.Profile.Phone),
		Status: oapi.UserStatus(user.Status), Roles: List(user.Roles),
		CreatedAt: user.CreatedAt, UpdatedAt: user.UpdatedAt,
	}
}

// Session writes a session, and whether it is the current one: that of the caller.
func Session(held session.Session, current core.ID) oapi.Session {
	return oapi.Session{
		ID: held.ID, Current: held.ID == current, Device: held.Device.Kind, Browser: held.Device.Browser,
		Os: held.Device.OS, IP: held.Device.IP, Location: Optional(held.Device.Location),
		Factors: List(held.Factors), CreatedAt: held.CreatedAt, LastUsedAt: held.LastUsedAt,
		AuthTime: held.AuthTime, ExpiresAt: held.ExpiresAt, IdleExpiresAt: held.IdleExpiresAt,
	}
}

var (
	// Null is the null of every text of a reply. It is a map inside, shared by all, and only read: set no key of it.
	Null = nullable.NewNullNullable[string]()
	// NoTime is the null of every time of a reply, and shared like Null.
	NoTime = nullable.NewNullNullable[time.Time]()
	// NoID is the null of every id, and shared like Null.
	NoID = nullable.NewNullNullable[core.ID]()
)

// Optional writes the empty text as null.
func Optional(text string) nullable.Nullable[string] {
	if text == "" {
		return Null
	}
	return nullable.NewNullableWithValue(text)
}

// Time writes the zero time as null.
func Time(at time.Time) nullable.Nullable[time.Time] {
	if at.IsZero() {
		return NoTime
	}
	return nullable.NewNullableWithValue(at)
}

// ID writes nobody as null.
func ID(id core.ID) nullable.Nullable[core.ID] {
	if id.IsZero() {
		return NoID
	}
	return nullable.NewNullableWithValue(id)
}

// Each writes the items of a list, which is never null.
func Each[From, To any](items []From, write func(From) To) []To {
	written := make([]To, 0, len(items))
	for _, item := range items {
		written = append(written, write(item))
	}
	return written
}

// List writes a missing list as an empty one, never as null.
func List(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
