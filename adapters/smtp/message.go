package smtp

import (
	"fmt"

	gomail "github.com/wneessen/go-mail"

	"github.com/doorward/doorward/core/mail"
)

// compose makes the MIME message: text and HTML as alternatives, UTF-8, quoted-printable. The only
// error is a recipient that RFC 5322 does not know as an address.
func (s *server) compose(email mail.Email) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	if err := message.To(email.To); err != nil {
		return nil, fmt.Errorf("smtp: recipient: %w", err)
	}
	message.Subject(email.Subject)
	message.SetDate()
	// The same message has the same id however often it is sent (RFC 5322 §3.6.4), so that receivers can
	// drop a double.
	message.SetMessageIDWithValue(email.ID.String() + "@" + s.domain)
	// RFC 3834 §5: no vacation notices in reply, please. The second is the same for Exchange.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader("X-Auto-Response-Suppress", "All")
	message.SetBodyString(gomail.TypeTextPlain, email.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, email.HTML)
	return message, nil
}
