package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/pages"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/credential"
)

// linkPage is a page with the use cases behind it.
type linkPage struct {
	pages.Link
	// counted is what its forms count against: the same as the calls that they stand for.
	counted plan
	// check tells, without using the link up, whether it is still good; nil where nothing can tell.
	check func(ctx context.Context, token string) error
	// act gives cookies that the browser is to keep.
	act func(ctx context.Context, token string, form url.Values) ([]cookie, error)
}

// mountPages serves the paths that links in mails lead to, where no front end does.
func (s *server) mountPages(app *fiber.App) {
	plain := func(act func(context.Context, string) error) func(context.Context, string, url.Values) ([]cookie, error) {
		return func(ctx context.Context, token string, _ url.Values) ([]cookie, error) { return nil, act(ctx, token) }
	}
	reset := func(ctx context.Context, token string, form url.Values) ([]cookie, error) {
		return nil, s.deps.Passwords.Reset(ctx, credential.ResetRequest{Token: token, NewPassword: form.Get("new_password")})
	}
	for _, page := range []linkPage{
		{Link: pages.VerifyEmail, counted: pageOf("verifyEmail"), act: plain(s.deps.Registrar.VerifyLink)},
		{Link: pages.ResetPassword, counted: pageOf("resetPassword"), check: s.deps.Passwords.CheckReset, act: reset},
		{Link: pages.Unlock, counted: pageOf("unlock"), act: s.deps.unlockByPage},
		{Link: pages.UndoEmailChange, counted: pageOf("undoEmailChange"), act: plain(s.deps.Accounts.UndoEmailChange)},
		{Link: pages.Restore, counted: pageOf("restoreAccount"), act: plain(s.deps.Accounts.Restore)},
	} {
		app.Get(page.Path, s.countCall, s.askLink(page))
		app.Post(page.Path, s.useLink(page))
	}
}

// pageOf is the plan of the operation that a form stands for.
func pageOf(operation string) plan { return planOf(operation, policy[operation]) }

// maxLinkToken is more than any token of a link is long.
const maxLinkToken = 256

var (
	errNoToken = core.NewError(core.KindInvalid, core.CodeInvalidInput,
		"This link is not complete. Copy the whole link from the mail.")
	errCrossSite = core.NewError(core.KindForbidden, core.CodeForbidden,
		"This form was sent by another site.")
)

func (s *server) askLink(page linkPage) fiber.Handler {
	return func(c *fiber.Ctx) error {
		token := c.Query("token")
		if token == "" || len(token) > maxLinkToken {
			return failLink(c, page, errNoToken)
		}
		if page.check != nil {
			if err := page.check(c.UserContext(), token); err != nil {
				return failLink(c, page, err)
			}
		}
		shown, err := page.Ask(token, "")
		return show(c, http.StatusOK, shown, err)
	}
}

func (s *server) useLink(page linkPage) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if err := s.count(c, page.counted, true); err != nil {
			return failLink(c, page, err)
		}
		if !s.isSameSite(c) {
			return failLink(c, page, errCrossSite)
		}
		form, err := url.ParseQuery(string(c.Request().Body()))
		token := form.Get("token")
		if err != nil || token == "" || len(token) > maxLinkToken || !isForm(c) {
			return failLink(c, page, errNoToken)
		}
		cookies, err := page.act(c.UserContext(), token, form)
		if fields := core.AsError(err).Fields; err != nil && len(fields) > 0 {
			return askAgain(c, page, token, fields)
		}
		if err != nil {
			return failLink(c, page, err)
		}
		if err := setAll(c, cookies...); err != nil {
			return err
		}
		shown, err := page.Finished()
		return show(c, http.StatusOK, shown, err)
	}
}

// askAgain shows the form once more, saying what was wrong with its input.
func askAgain(c *fiber.Ctx, page linkPage, token string, fields []core.FieldError) error {
	messages := make([]string, 0, len(fields))
	for _, field := range fields {
		messages = append(messages, field.Message)
	}
	shown, err := page.Ask(token, strings.Join(messages, " "))
	return show(c, http.StatusBadRequest, shown, err)
}

// failLink tells a person what the API would tell a program.
func failLink(c *fiber.Ctx, page linkPage, cause error) error {
	failed := classify(cause)
	c.Locals(failureLocal, failed)
	tellWait(c, failed)
	shown, err := page.Failed(failed.Message)
	return show(c, failed.status, shown, err)
}

func show(c *fiber.Ctx, status int, page pages.Page, err error) error {
	if err != nil {
		return err
	}
	c.Locals(secretLocal, true)
	c.Set(fiber.HeaderContentSecurityPolicy, page.Policy)
	c.Status(status).Type("html", "utf-8")
	return c.Send(page.HTML)
}

func isForm(c *fiber.Ctx) bool {
	media, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	return strings.EqualFold(strings.TrimSpace(media), fiber.MIMEApplicationForm)
}

// isSameSite reports whether a form was sent by a page of this server. Browsers say so in Sec-Fetch-Site;
// older ones only in Origin, which Referrer-Policy no-referrer turns into null.
func (s *server) isSameSite(c *fiber.Ctx) bool {
	if site := c.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	switch origin := c.Get(fiber.HeaderOrigin); origin {
	case "", "null":
		return true
	default:
		return origin == s.origin
	}
}
