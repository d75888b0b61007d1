package api

import (
	"errors"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/validation"
	"github.com/doorward/doorward/core"
)

// operationLocal is where the guard leaves the operation for the edge, and bodyLocal where the generated
// code looks for a body that was checked, so that it binds exactly that.
const (
	operationLocal = "doorward-operation"
	bodyLocal      = "x-oapi-codegen-validated-body"
)

// guard stands before the handler of one operation. Whatever is refused here has been counted.
func (s *server) guard(described *operation) fiber.Handler {
	counted := planOf(described.id, described.rule)
	return func(c *fiber.Ctx) error {
		c.Locals(operationLocal, described)
		if err := s.foresee(c, counted); err != nil {
			return err
		}
		err := s.inspect(c, described)
		if limited := s.count(c, counted, err == nil); limited != nil {
			return limited
		}
		if err != nil {
			return s.denied(c, described, err)
		}
		err = settle(c, described.rule, s.once(c, described))
		if errors.Is(err, errCSRF) { // of a refresh token in a cookie, at which only the handler looks
			return s.denied(c, described, err)
		}
		return err
	}
}

// inspect looks at who calls, and then at what with.
func (s *server) inspect(c *fiber.Ctx, described *operation) error {
	if err := s.meet(c, described.rule); err != nil {
		return err
	}
	if err := s.admit(c, described.rule); err != nil {
		return err
	}
	return validate(c, described.check)
}

// validate holds a request against its operation and reports everything that is wrong with it at once.
func validate(c *fiber.Ctx, check *validation.Operation) error {
	found := check.Path(func(name string) string { return c.Params(name) })
	found = append(found, check.Query(string(c.Request().URI().QueryString()))...)
	found = append(found, check.Header(func(name string) string { return c.Get(name) })...)
	if check.HasLines() {
		if !isPlainLines(c) {
			return fiber.ErrUnsupportedMediaType
		}
		return refuseFlaws(found)
	}
	body := c.Request().Body()
	switch {
	case check.HasForm():
		if len(body) > 0 && !isPlain(c, validation.IsForm) {
			return fiber.ErrUnsupportedMediaType
		}
		values, wrong := check.Form(body)
		found = append(found, wrong...)
		c.Request().SetBodyString(values.Encode())
	case check.HasBody():
		if len(body) > 0 && !isPlain(c, validation.IsJSON) {
			return fiber.ErrUnsupportedMediaType
		}
		value, wrong := check.Body(body)
		found = append(found, wrong...)
		c.Locals(bodyLocal, value)
	case len(body) > 0:
		found = append(found, core.FieldError{
			Field: "body", Code: core.CodeNotAllowed, Message: "This operation takes no body.",
		})
	}
	return refuseFlaws(found)
}

func refuseFlaws(found []core.FieldError) error {
	if len(found) > 0 {
		return core.Invalid(slices.Clip(found)...)
	}
	return nil
}

// isPlain refuses compressed bodies too: nobody needs them here, and unpacking them is how a small request becomes a
// large one.
func isPlain(c *fiber.Ctx, wanted func(contentType string) bool) bool {
	encoding := c.Request().Header.Peek(fiber.HeaderContentEncoding)
	return len(encoding) == 0 && wanted(c.Get(fiber.HeaderContentType))
}
