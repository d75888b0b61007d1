package api

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/api/pages"
	"github.com/doorward/doorward/api/spec"
	"github.com/doorward/doorward/core/mail"
)

// mountDocuments serves the contract as it is committed, as JSON, and as a page. Each is made when it is
// first asked for: most processes are never asked.
func (s *server) mountDocuments(app *fiber.App) {
	serve := func(path, contentType string, produce func() ([]byte, error)) {
		made := sync.OnceValues(produce)
		app.Get(path, s.countCall, func(c *fiber.Ctx) error {
			text, err := made()
			if err != nil {
				return err
			}
			c.Set(fiber.HeaderContentType, contentType)
			c.Set(fiber.HeaderCacheControl, "public, max-age=300")
			return c.Send(text)
		})
	}
	serve("/openapi.yaml", "application/yaml", spec.Bundle)
	serve("/openapi.json", "application/json", oapi.GetSpecJSON)
	reference := sync.OnceValues(readReference)
	app.Get("/docs", s.countCall, func(c *fiber.Ctx) error {
		page, err := reference()
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, page.Policy)
		c.Set(fiber.HeaderCacheControl, "public, max-age=300")
		c.Type("html", "utf-8")
		return c.Send(page.HTML)
	})
}

func readReference() (pages.Page, error) {
	document, err := oapi.GetSpec()
	if err != nil {
		return pages.Page{}, fmt.Errorf("read the contract: %w", err)
	}
	return pages.Docs(document)
}

// mountMailbox serves the development mailbox as a page, where there is one, to this machine alone.
func (s *server) mountMailbox(app *fiber.App) {
	if s.deps.Mailbox == nil {
		return
	}
	app.Get("/dev/mailbox", func(c *fiber.Ctx) error {
		if !isLocal(c) {
			return fiber.ErrNotFound
		}
		to := c.Query("to")
		messages, err := s.deps.Mailbox.List(c.UserContext(), to, mail.Kind(c.Query("kind")), 0)
		if err != nil {
			return err
		}
		page, err := pages.Mailbox(to, messages)
		return show(c, http.StatusOK, page, err)
	})
	app.Post("/dev/mailbox", func(c *fiber.Ctx) error {
		if !isLocal(c) || !s.isSameSite(c) {
			return fiber.ErrNotFound
		}
		if err := s.deps.Mailbox.Empty(c.UserContext()); err != nil {
			return err
		}
		return c.Redirect("/dev/mailbox", http.StatusSeeOther)
	})
}
