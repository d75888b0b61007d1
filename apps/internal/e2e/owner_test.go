package e2e_test

import (
	"testing"

	"github.com/doorward/doorward/api/client"
)

// crown makes the first owner of a site, before its servers start, as an operator does. Let them sign in.
func (s *site) crown(t *testing.T) *person {
	t.Helper()
	owner := s.newPerson(t)
	s.variables["OWNER_EMAIL"], s.variables["OWNER_PASSWORD"] = owner.email, owner.password
	s.ran(t, 0, "seeder")
	return owner
}

// give lets an owner say which roles somebody has.
func (p *person) give(n *node, to *person, roles ...string) {
	p.t.Helper()
	must[*client.SetUserRolesResponse](p.t, 200)(p.setRoles(n, to, roles...))
}

func (p *person) setRoles(n *node, of *person, roles ...string) (*client.SetUserRolesResponse, error) {
	return p.at(n).SetUserRolesWithResponse(p.t.Context(), of.userID, client.SetUserRolesRequest{Roles: append([]string{}, roles...)})
}
