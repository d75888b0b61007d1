package account

import (
	"time"

	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// NewLetter addresses a letter to the user and tells when and from where the act was done.
func NewLetter(kind mail.Kind, user User, from origin.Device, now time.Time) mail.Letter {
	return mail.Letter{
		Kind: kind, To: user.Email, Locale: user.Profile.Locale, Name: user.Profile.Name,
		At: now, IP: from.IP, Device: from.String(), Place: from.Location,
	}
}
