package account

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// DeviceNames turns a User-Agent header into words for a letter ("Firefox on Linux"), empty where it is
// unknown. It uses words from a fixed list, never the header's own: strangers could otherwise write into
// somebody's mail.
type DeviceNames func(userAgent string) string

// Letter addresses a letter to the user and tells when and from where the act was done.
func (d DeviceNames) Letter(kind mail.Kind, user User, client core.Client, now time.Time) mail.Letter {
	letter := mail.Letter{
		Kind: kind, To: user.Email, Locale: user.Profile.Locale, Name: user.Profile.Name,
		At: now, Device: d(client.UserAgent),
	}
	if client.IP.IsValid() {
		letter.IP = client.IP.String()
	}
	return letter
}
