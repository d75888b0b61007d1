package account

import (
	"time"

	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// NewLetter addresses a letter to the user, tells when and from where the act was done, and notes whether the
// user has muted its kind.
func NewLetter(kind mail.Kind, user User, from origin.Device, now time.Time) mail.Letter {
	return mail.Letter{
		Kind: kind, To: user.Email, Locale: user.Profile.Locale, Name: user.Profile.Name,
		At: now, IP: from.IP, Device: from.String(), Place: from.Location,
		Unwanted: !user.Wants(kind),
	}
}
