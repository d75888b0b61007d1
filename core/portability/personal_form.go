package portability

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// personalAccount is an account as its owner is told of it. What is not set is null.
type personalAccount struct {
	ID                core.ID    `json:"id"`
	Email             string     `json:"email"`
	EmailVerified     bool       `json:"email_verified"`
	Username          *string    `json:"username"`
	Name              string     `json:"name"`
	Bio               *string    `json:"bio"`
	ImageURL          *string    `json:"image_url"`
	Locale            *string    `json:"locale"`
	Phone             *string    `json:"phone"`
	Status            string     `json:"status"`
	Country           *string    `json:"country"`
	Source            string     `json:"source"`
	ExternalID        *string    `json:"external_id"`
	HasPassword       bool       `json:"has_password"`
	PasswordChangedAt *time.Time `json:"password_changed_at"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
}

func accountOf(user account.User) personalAccount {
	return personalAccount{
		ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified, Username: optional(user.Username),
		Name: user.Profile.Name, Bio: optional(user.Profile.Bio), ImageURL: optional(user.Profile.ImageURL),
		Locale: optional(user.Profile.Locale), Phone: optional(user.Profile.Phone), Status: string(user.Status),
		Country: optional(user.Country), Source: string(user.Source), ExternalID: optional(user.ExternalID),
		HasPassword: user.Password != "", PasswordChangedAt: optional(user.PasswordChangedAt),
		CreatedAt: user.CreatedAt, UpdatedAt: user.UpdatedAt,
	}
}

// personalSettings is what the owner has chosen, and what is demanded of them.
type personalSettings struct {
	Theme      *string    `json:"theme"`
	Timezone   *string    `json:"timezone"`
	Visibility string     `json:"visibility"`
	AlwaysAsk  bool       `json:"always_ask_second_factor"`
	Required   bool       `json:"second_factor_required"`
	EnrolBy    *time.Time `json:"enrol_by"`
	Muted      []string   `json:"muted_notices"`
}

func settingsOf(user account.User) personalSettings {
	return personalSettings{
		Theme: optional(user.Preferences.Theme), Timezone: optional(user.Preferences.Timezone),
		Visibility: string(user.Preferences.Visibility), AlwaysAsk: user.Protection.AlwaysAsk,
		Required: user.Protection.Required, EnrolBy: optional(user.Protection.EnrolBy),
		Muted: append([]string{}, user.Protection.Muted...),
	}
}

// personalEvent is one thing that happened.
type personalEvent struct {
	ID        core.ID           `json:"id"`
	At        time.Time         `json:"at"`
	Action    audit.Action      `json:"action"`
	Outcome   audit.Outcome     `json:"outcome"`
	Reason    string            `json:"reason"`
	Actor     audit.Doer        `json:"actor"`
	IP        string            `json:"ip"`
	UserAgent string            `json:"user_agent"`
	Device    string            `json:"device"`
	Location  string            `json:"location"`
	SessionID *core.ID          `json:"session_id"`
	Metadata  map[string]string `json:"metadata"`
}

// eventOf tells of an event as its subject sees it.
func eventOf(event audit.Event) personalEvent {
	seen := event.Seen()
	told := personalEvent{
		ID: seen.ID, At: seen.At, Action: seen.Action, Outcome: seen.Outcome, Reason: seen.Reason, Actor: event.Doer(),
		IP: seen.IP, UserAgent: seen.UserAgent, Device: seen.Device, Location: seen.Location,
		SessionID: optional(seen.SessionID), Metadata: seen.Metadata,
	}
	if told.Metadata == nil {
		told.Metadata = map[string]string{}
	}
	return told
}

// personalAct is one thing that the person did to another, or to what is nobody's.
type personalAct struct {
	ID        core.ID       `json:"id"`
	At        time.Time     `json:"at"`
	Action    audit.Action  `json:"action"`
	Outcome   audit.Outcome `json:"outcome"`
	IP        string        `json:"ip"`
	UserAgent string        `json:"user_agent"`
	Device    string        `json:"device"`
	Location  string        `json:"location"`
	SessionID *core.ID      `json:"session_id"`
	TokenID   *string       `json:"token_id"`
}

// actOf tells of an event to its actor.
func actOf(event audit.Event) personalAct {
	act := event.Done()
	return personalAct{
		ID: act.ID, At: act.At, Action: act.Action, Outcome: act.Outcome, IP: act.IP, UserAgent: act.UserAgent, Device: act.Device,
		Location: act.Location, SessionID: optional(act.SessionID), TokenID: optional(act.Metadata[audit.MetaToken]),
	}
}

// optional is null for the zero value.
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}
