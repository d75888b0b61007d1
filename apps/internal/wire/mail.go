package wire

import (
	"log/slog"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/smtp"
	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/secret"
)

// newRenderer renders letters whose links lead to FRONTEND_URL.
func newRenderer(settings config.Settings) (*mail.Renderer, error) {
	catalog, err := mail.Texts()
	if err != nil {
		return nil, err
	}
	return mail.NewRenderer(catalog, settings.Mail.ProductName, settings.Server.FrontendURL)
}

// newSender chooses where messages go: to the server of SMTP_URL, else into the development mailbox.
func newSender(lifecycle fx.Lifecycle, settings config.Settings, caught *mail.DevBox) (mail.Sender, error) {
	if settings.Mail.DevMailbox {
		return caught, nil
	}
	sender, err := smtp.New(smtp.Config{
		URL: settings.Mail.SMTPURL.Reveal(), From: settings.Mail.From,
		RequireTLS: settings.MailNeedsTLS(),
	})
	if err != nil {
		return nil, err
	}
	lifecycle.Append(fx.StopHook(sender.Close))
	return sender, nil
}

// newMailbox is the development mailbox as the edge shows it, and nil where it is off.
func newMailbox(settings config.Settings, caught *mail.DevBox) api.Mailbox {
	if !settings.Mail.DevMailbox {
		return nil
	}
	return caught
}

// courierIn are what the courier is made of.
type courierIn struct {
	fx.In
	Outbox   mail.Outbox
	Ring     *secret.Ring
	Renderer *mail.Renderer
	Sender   mail.Sender
	Clock    core.Clock
	Log      *slog.Logger
	Meters   *metrics.Meters
}

func newCourier(in courierIn) *mail.Courier {
	in.Meters.Outbox(in.Outbox, in.Clock)
	return mail.NewCourier(mail.CourierDeps{
		Outbox: in.Outbox, Ring: in.Ring, Renderer: in.Renderer, Sender: in.Sender,
		Clock: in.Clock, Log: in.Log, Observer: in.Meters,
	})
}

var mailModule = fx.Module("mail", fx.Provide(newRenderer, mail.NewOffice, mail.NewDevBox, newSender, newMailbox, newCourier))
