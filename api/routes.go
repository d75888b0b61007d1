package api

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/validation"
	"github.com/doorward/doorward/api/oapi"
)

// contract is the embedded document with its operations by method and route.
type contract struct {
	operations map[string]*operation
}

// operation is what is known of an operation before any request.
type operation struct {
	id    string
	tag   string
	rule  rule
	check *validation.Operation
	// declared are the statuses that the contract lets the operation answer.
	declared map[int]bool
}

// theContract reads the contract once; nobody changes it afterwards, so all servers of a process share it.
var theContract = sync.OnceValues(readContract)

// Prepare reads the contract ahead of New, which takes some ten milliseconds of a processor. A command that has
// other things to do at its start, such as opening a database, runs it beside them.
func Prepare() { _, _ = theContract() }

func readContract() (*contract, error) {
	text, err := oapi.GetSpecJSON()
	if err != nil {
		return nil, fmt.Errorf("unpack the contract: %w", err)
	}
	document, err := validation.Load(text)
	if err != nil {
		return nil, err
	}
	made := &contract{operations: make(map[string]*operation)}
	for path, item := range document.Paths.Map() {
		for method, described := range item.Operations() {
			check, err := validation.New(described)
			if err != nil {
				return nil, err
			}
			demanded, known := policy[described.OperationID]
			if !known {
				return nil, fmt.Errorf("operation %s has no rule", described.OperationID)
			}
			made.operations[method+" "+routeOf(path)] = &operation{
				id: described.OperationID, tag: described.Tags[0], rule: demanded, check: check,
				declared: declaredBy(described),
			}
		}
	}
	return made, nil
}

func declaredBy(described *openapi3.Operation) map[int]bool {
	declared := make(map[int]bool)
	for status := range described.Responses.Map() {
		if code, err := strconv.Atoi(status); err == nil {
			declared[code] = true
		}
	}
	return declared
}

// only gives a contract that serves the operations of one tag.
func (c *contract) only(tag string) *contract {
	part := &contract{operations: make(map[string]*operation)}
	for route, described := range c.operations {
		if described.tag == tag {
			part.operations[route] = described
		}
	}
	return part
}

// routeOf writes a path of the contract as the router does: {id} becomes :id.
func routeOf(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// routes takes what the generated code registers and puts each handler behind the guard of its own
// operation. A guard that is mounted by path would also run for other paths that overlap it.
type routes struct {
	fiber.Router
	server   *server
	contract *contract
	// byHand are handlers that stand in the place of the generated ones, by method and path.
	byHand map[string]fiber.Handler
	found  []route
}

type route struct {
	method, path string
	handler      fiber.Handler
}

// Get takes a GET operation.
func (r *routes) Get(path string, handlers ...fiber.Handler) fiber.Router {
	return r.take(fiber.MethodGet, path, handlers)
}

// Post takes a POST operation.
func (r *routes) Post(path string, handlers ...fiber.Handler) fiber.Router {
	return r.take(fiber.MethodPost, path, handlers)
}

// Put takes a PUT operation.
func (r *routes) Put(path string, handlers ...fiber.Handler) fiber.Router {
	return r.take(fiber.MethodPut, path, handlers)
}

// Patch takes a PATCH operation.
func (r *routes) Patch(path string, handlers ...fiber.Handler) fiber.Router {
	return r.take(fiber.MethodPatch, path, handlers)
}

// Delete takes a DELETE operation.
func (r *routes) Delete(path string, handlers ...fiber.Handler) fiber.Router {
	return r.take(fiber.MethodDelete, path, handlers)
}

func (r *routes) take(method, path string, handlers []fiber.Handler) fiber.Router {
	handler := handlers[0]
	if own := r.byHand[method+" "+path]; own != nil {
		handler = own
	}
	r.found = append(r.found, route{method, path, handler})
	return r
}

// install registers everything taken, fixed paths before those with parameters, so that /users/export is
// never read as a user called export, whatever order the contract lists them in.
func (r *routes) install(app *fiber.App) error {
	slices.SortStableFunc(r.found, func(a, b route) int { return comparePaths(a.path, b.path) })
	missing := len(r.contract.operations)
	for i, route := range r.found {
		described := r.contract.operations[route.method+" "+route.path]
		if described == nil {
			continue
		}
		missing--
		chain := []fiber.Handler{r.server.guard(described), route.handler}
		app.Add(route.method, route.path, chain...)
		if route.method == fiber.MethodGet {
			app.Add(fiber.MethodHead, route.path, chain...)
		}
		if i+1 == len(r.found) || r.found[i+1].path != route.path {
			r.closeShadowed(app, route.path)
		}
	}
	if missing != 0 {
		return errors.New("the generated server does not fit the contract; generate it again")
	}
	return nil
}

// closeShadowed answers methods that a fixed path does not have, where a path with parameters overlaps it and would
// else take totp for the id of a factor. It comes after the handlers of the one and before those of the other.
func (r *routes) closeShadowed(app *fiber.App, path string) {
	shadowed := func(other route) bool { return other.path != path && fiber.RoutePatternMatch(path, other.path) }
	if strings.Contains(path, ":") || !slices.ContainsFunc(r.found, shadowed) {
		return
	}
	var allowed []string
	for _, own := range r.found {
		if own.path == path {
			allowed = append(allowed, own.method)
		}
	}
	app.All(path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderAllow, strings.Join(allowed, ", "))
		return fiber.ErrMethodNotAllowed
	})
}

func comparePaths(a, b string) int {
	left, right := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(left), len(right)) {
		leftParameter, rightParameter := strings.HasPrefix(left[i], ":"), strings.HasPrefix(right[i], ":")
		switch {
		case leftParameter && !rightParameter:
			return 1
		case !leftParameter && rightParameter:
			return -1
		case left[i] != right[i]:
			return strings.Compare(left[i], right[i])
		}
	}
	return len(left) - len(right)
}
