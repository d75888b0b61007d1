package pages

// Link is a page that a link in a mail leads to. It does nothing by being opened: programs that scan mails
// open every link in them. Only a click on its button acts.
type Link struct {
	// Path is where the page stands, and where its form goes.
	Path string
	// Title, Text and Button ask; Done tells that it is done.
	Title, Text, Button, Done string
	// AskPassword adds a field for a new password.
	AskPassword bool
}

// The pages that links in mails lead to.
var (
	VerifyEmail = Link{
		Path: "/verify-email", Title: "Confirm your email address",
		Text: "One click, and this address is confirmed.", Button: "Confirm this address",
		Done: "Your address is confirmed. You can sign in now.",
	}
	ResetPassword = Link{
		Path: "/reset-password", Title: "Choose a new password",
		Text:   "All devices that are signed in will be signed out.",
		Button: "Set the new password", AskPassword: true,
		Done: "Your password is changed. Sign in with the new one.",
	}
	Unlock = Link{
		Path: "/unlock", Title: "Sign in from this browser",
		Text: "Somebody has guessed at your password, so signing in is locked for unknown devices. One click, and this " +
			"browser is known: it gets past the lock. Nobody is signed in by it.",
		Button: "Make this browser known",
		Done:   "This browser is known now. Sign in from it as usual.",
	}
	UndoEmailChange = Link{
		Path: "/undo-email-change", Title: "Keep your old address",
		Text: "If you did not ask for another address, take the change back. All devices are signed out, and you " +
			"choose a new password before you sign in again.",
		Button: "Take the change back",
		Done:   "Your old address is restored. Choose a new password by \"forgot password\" where you sign in.",
	}
	Restore = Link{
		Path: "/restore", Title: "Bring your account back",
		Text: "Your account is deleted, but not erased yet.", Button: "Bring it back",
		Done: "Your account is back. You can sign in as before.",
	}
)

type linkView struct {
	Head                  head
	Title, Text, Alert    string
	Button, Action, Token string
	AskPassword           bool
}

// Ask renders the page with its button. Alert, if any, says what was wrong with the try before.
func (l Link) Ask(token, alert string) (Page, error) {
	return render("link.gohtml", strict, linkView{
		Head: newHead(l.Title), Title: l.Title, Text: l.Text, Alert: alert,
		Button: l.Button, Action: l.Path, Token: token, AskPassword: l.AskPassword,
	})
}

// Finished renders the page after the act.
func (l Link) Finished() (Page, error) {
	return render("link.gohtml", strict, linkView{Head: newHead(l.Title), Title: l.Title, Text: l.Done})
}

// Failed renders the page of a link that cannot be used, saying why.
func (l Link) Failed(why string) (Page, error) {
	return render("link.gohtml", strict, linkView{Head: newHead(l.Title), Title: l.Title, Alert: why})
}
