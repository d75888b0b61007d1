package e2e_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
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

// heir puts an owner of the status into the database, as an earlier release may have left one there.
func (s *site) heir(t *testing.T, status account.Status) {
	t.Helper()
	type parts struct {
		fx.In
		Engine wire.Engine
		IDs    *core.IDs
	}
	now := time.Now()
	owner := account.User{
		Email: "heir@example.com", EmailKey: "heir@example.com", EmailVerified: true, Profile: account.Profile{Name: "Heir"},
		Status: status, Roles: []string{account.RoleOwner}, CreatedAt: now, UpdatedAt: now, Rev: 1,
	}
	if status == account.StatusDeleted {
		owner.Bury(now, time.Hour)
	}
	if err := wire.RunMigrated(t.Context(), s.settings(), s.log, func(ctx context.Context, p parts) error {
		owner.ID = p.IDs.New()
		return p.Engine.BulkUsers(ctx, []account.User{owner})
	}); err != nil {
		t.Fatal(err)
	}
}

// Whoever cannot sign in at present is the owner still: the seeder makes no second one beside them.
func TestOwnersWhoAreAwayAreOwners(t *testing.T) {
	t.Parallel()
	for status, told := range map[account.Status]string{
		account.StatusDeactivated: "there is one already",
		account.StatusSuspended:   "there is one already",
		account.StatusDeleted:     "owner@example.com",
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, s *site) {
				s.heir(t, status)
				contains(t, s.ran(t, 0, "seeder"), "owner      "+told)
				contains(t, s.ran(t, 0, "seeder"), "owner      there is one already")
			})
		})
	}
}

// The last owner neither deactivates nor deletes their account, whatever others have done meanwhile.
func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		first := s.crown(t)
		n := s.start()
		first.login(n)
		mustFail[*client.DeactivateMeResponse](t, client.ProblemCodeLastOwner)(first.at(n).DeactivateMeWithResponse(t.Context()))
		second := s.newPerson(t).signUp(n)
		first.give(n, second, "OWNER")
		must[*client.DeactivateMeResponse](t, 204)(second.at(n).DeactivateMeWithResponse(t.Context()))
		mustFail[*client.DeactivateMeResponse](t, client.ProblemCodeLastOwner)(first.at(n).DeactivateMeWithResponse(t.Context()))
		mustFail[*client.DeleteMeResponse](t, client.ProblemCodeLastOwner)(first.at(n).DeleteMeWithResponse(t.Context()))
		contains(t, s.ran(t, 0, "seeder"), "there is one already")
	})
}
