package e2e_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/doorward/doorward/adapters/smtp/smtptest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// letter is a mail as its reader uses it.
type letter struct {
	id          string
	to, subject string
	code, token string
	text        string
}

// letters are the mails of a site, wherever they go.
type letters interface {
	// all gives the mails to an address, oldest first.
	all(t *testing.T, to string) []letter
}

// subjects tell the kinds of letters apart as their readers do.
var subjects = map[mail.Kind]string{
	mail.KindRegistration: "Confirm your email address", mail.KindAlreadyRegistered: "You already have an account",
	mail.KindPasswordReset: "Set a new password", mail.KindPasswordChanged: "Your password was changed",
	mail.KindEmailChange: "Confirm your new email address", mail.KindEmailChanged: "Your email address was changed",
	mail.KindEmailChangeUndone: "The change of your email address was undone",
	mail.KindAccountLocked:     "Signing in to your account is paused", mail.KindSecondFactorCode: "Your sign-in code",
	mail.KindFactorEmail:   "Turn on codes by email",
	mail.KindSessionStolen: "We ended one of your sessions", mail.KindDeactivated: "Your account is deactivated",
	mail.KindDeleted: "Your account was deleted", mail.KindRestored: "Your account is back",
	mail.KindUsernameChanged: "Your username was changed", mail.KindSessionEvicted: "Your oldest session was ended",
	mail.KindNewDevice: "A new sign-in to your account", mail.KindDeviceTrusted: "A device is trusted now",
	mail.KindSecondFactorLocked: "Somebody may know your password", mail.KindFactorAdded: "A second factor was added",
	mail.KindFactorRemoved: "A second factor was removed", mail.KindRecoveryCodesMade: "New recovery codes were made",
	mail.KindRecoveryCodeUsed:        "A recovery code was used",
	mail.KindSecuritySettingsChanged: "A protection of your account was turned off",
	mail.KindTokenCreated:            "A personal access token was made", mail.KindImpersonated: "An administrator has opened your account",
	mail.KindAccessChanged: "What you may do was changed",
	mail.KindInvitation:    "Your account is ready", mail.KindPasswordResetForced: "Please set a new password",
	mail.KindSuspended: "Your account was suspended", mail.KindReinstated: "Your account is no longer suspended",
	mail.KindDataExported: "Your data was exported",
}

// await gives the nth letter of the kind to the address, counted from one.
func (s *site) await(t *testing.T, to string, kind mail.Kind, nth int) letter {
	t.Helper()
	var found []letter
	eventually(t, "letter "+string(kind)+" to "+to, func() bool {
		found = slices.DeleteFunc(s.letters.all(t, to), func(l letter) bool { return l.subject != subjects[kind] })
		return len(found) >= nth
	})
	return found[nth-1]
}

// devMailbox reads what the development mailbox caught.
type devMailbox struct{ at *client.ClientWithResponses }

func (b *devMailbox) all(t *testing.T, to string) []letter {
	t.Helper()
	reply := must[*client.ListCaughtMessagesResponse](t, 200)(
		b.at.ListCaughtMessagesWithResponse(t.Context(), &client.ListCaughtMessagesParams{To: &to}))
	found := make([]letter, 0, len(reply.JSON200.Items))
	for _, item := range slices.Backward(reply.JSON200.Items) {
		found = append(found, letter{
			id: item.ID, to: item.To, subject: item.Subject, code: item.Code, token: tokenOf(item.Link), text: item.Text,
		})
	}
	return found
}

// smtpLetters reads what an SMTP server was sent.
type smtpLetters struct {
	server *smtptest.Server
	mu     sync.Mutex
	read   []letter
}

var (
	codeLine = regexp.MustCompile(`(?m)^ {4}(\d{6})\r?$`)
	linkLine = regexp.MustCompile(`(?m)^(https?://\S+\?token=\S+)\r?$`)
)

func (l *smtpLetters) all(_ *testing.T, to string) []letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, message := range l.server.Messages()[len(l.read):] {
		read := letter{id: message.Header.Get("Message-Id"), to: message.To[0], subject: message.Subject, text: message.Text}
		if found := codeLine.FindStringSubmatch(message.Text); found != nil {
			read.code = found[1]
		}
		if found := linkLine.FindStringSubmatch(message.Text); found != nil {
			read.token = tokenOf(found[1])
		}
		l.read = append(l.read, read)
	}
	return slices.DeleteFunc(slices.Clone(l.read), func(read letter) bool { return !strings.EqualFold(read.to, to) })
}

func tokenOf(link string) string {
	parsed, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return parsed.Query().Get("token")
}
