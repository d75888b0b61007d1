package pages

import "github.com/doorward/doorward/core/mail"

type mailboxView struct {
	Head     head
	To       string
	Messages []mail.Message
}

// Mailbox renders the development mailbox, with the messages to one address or, if to is empty, all.
//
// A message's HTML is shown in a frame that may run nothing. The frame inherits the page's policy, and
// mails carry their style in attributes, which no digest covers: hence the weaker policy.
func Mailbox(to string, messages []mail.Message) (Page, error) {
	relaxed := policy("'unsafe-inline'") + "; img-src data:"
	return render("mailbox.gohtml", relaxed, mailboxView{
		Head: newHead("Development mailbox"), To: to, Messages: messages,
	})
}
