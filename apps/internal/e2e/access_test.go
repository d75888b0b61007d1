package e2e_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// A permission, a role and a group from their making to their end, as those do it who run a product.
func TestRolesAndGroups(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		admin, ada := s.newPerson(t).signUp(n), s.newPerson(t).signUp(n)
		owner.give(n, admin, "USER", "ADMIN")
		contains(t, s.await(t, admin.email, mail.KindAccessChanged, 1).text, "You were given: ADMIN.")

		ctx, by := t.Context(), admin.at(n)
		made := must[*client.CreatePermissionResponse](t, 201)(by.CreatePermissionWithResponse(ctx, nil,
			client.CreatePermissionRequest{Key: "articles.write"})).JSON201
		draft := client.CreateRoleRequest{Name: "EDITOR", Permissions: []string{"articles.write", "users.read"}}
		mustFail[*client.CreateRoleResponse](t, client.ProblemCodeExceedsOwnRights)(by.CreateRoleWithResponse(ctx, nil, draft))
		role := must[*client.CreateRoleResponse](t, 201)(owner.at(n).CreateRoleWithResponse(ctx, nil, draft)).JSON201
		group := must[*client.CreateGroupResponse](t, 201)(by.CreateGroupWithResponse(ctx, nil,
			client.CreateGroupRequest{Name: "support", Permissions: []string{"sessions.read"}})).JSON201
		mustFail[*client.CreateGroupResponse](t, client.ProblemCodeNameTaken)(by.CreateGroupWithResponse(ctx, nil,
			client.CreateGroupRequest{Name: "support"}))
		failure := mustFail[*client.SetUserRolesResponse](t, client.ProblemCodeInvalidInput)(admin.setRoles(n, ada, "USER", "NOBODY"))
		same(t, "what is wrong", []any{failure.Errors[0].Field, failure.Errors[0].Code}, []any{"roles.1", "unknown_value"})

		// What somebody holds is asked for at each step, and is theirs at once.
		mustFail[*client.SetUserRolesResponse](t, client.ProblemCodeExceedsOwnRights)(admin.setRoles(n, ada, "EDITOR"))
		owner.give(n, ada, "USER", "EDITOR")
		mustFail[*client.SetUserGroupsResponse](t, client.ProblemCodeExceedsOwnRights)(by.SetUserGroupsWithResponse(ctx, ada.userID,
			client.SetUserGroupsRequest{Groups: []string{"support"}}))
		must[*client.SetUserGroupsResponse](t, 200)(owner.at(n).SetUserGroupsWithResponse(ctx, ada.userID,
			client.SetUserGroupsRequest{Groups: []string{"support"}}))
		same(t, "what ada holds", ada.holds(n), []string{"articles.write", "me.read", "me.write", "sessions.read", "users.read"})
		mine := must[*client.GetMyGroupsResponse](t, 200)(ada.at(n).GetMyGroupsWithResponse(ctx)).JSON200.Groups
		same(t, "who assigned the group", mine[0].AssignedBy.MustGet(), owner.userID)

		must[*client.UpdateRoleResponse](t, 200)(owner.at(n).UpdateRoleWithResponse(ctx, role.ID,
			client.UpdateRoleRequest{Permissions: &[]string{"articles.write"}}))
		same(t, "what ada holds then", ada.holds(n), []string{"articles.write", "me.read", "me.write", "sessions.read"})
		mustFail[*client.DeleteRoleResponse](t, client.ProblemCodeInUse)(owner.at(n).DeleteRoleWithResponse(ctx, role.ID))
		mustFail[*client.DeletePermissionResponse](t, client.ProblemCodeInUse)(by.DeletePermissionWithResponse(ctx, made.ID))
		owner.give(n, ada)
		must[*client.SetUserGroupsResponse](t, 200)(by.SetUserGroupsWithResponse(ctx, ada.userID, client.SetUserGroupsRequest{Groups: []string{}}))
		must[*client.DeleteRoleResponse](t, 204)(owner.at(n).DeleteRoleWithResponse(ctx, role.ID))
		must[*client.DeletePermissionResponse](t, 204)(by.DeletePermissionWithResponse(ctx, made.ID))
		must[*client.DeleteGroupResponse](t, 204)(by.DeleteGroupWithResponse(ctx, group.ID))
		same(t, "what ada holds in the end", ada.holds(n), []string{"me.read", "me.write"})
		var told string
		s.await(t, ada.email, mail.KindAccessChanged, 4)
		for _, letter := range s.letters.all(t, ada.email) {
			told += letter.text
		}
		contains(t, told, "You were given: EDITOR.", "You were given: support.", "You no longer have: EDITOR.", "You no longer have: support.")
	})
}

// holds are the permissions that the person is told to have.
func (p *person) holds(n *node) (keys []string) {
	p.t.Helper()
	reply := must[*client.GetMyPermissionsResponse](p.t, 200)(p.at(n).GetMyPermissionsWithResponse(p.t.Context()))
	for _, held := range reply.JSON200.Permissions {
		keys = append(keys, held.Key)
	}
	return keys
}

// What is built in stays, and the last owner with it.
func TestWhatIsBuiltInStays(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	owner := s.crown(t)
	n := s.start()
	owner.login(n)
	roles := must[*client.ListRolesResponse](t, 200)(owner.at(n).ListRolesWithResponse(t.Context(), nil)).JSON200.Items
	same(t, "roles", []string{roles[0].Name, roles[1].Name, roles[2].Name}, []string{"OWNER", "ADMIN", "USER"})
	for _, role := range roles {
		mustFail[*client.DeleteRoleResponse](t, client.ProblemCodeImmutable)(owner.at(n).DeleteRoleWithResponse(t.Context(), role.ID))
	}
	mustFail[*client.UpdateRoleResponse](t, client.ProblemCodeImmutable)(owner.at(n).UpdateRoleWithResponse(t.Context(), roles[1].ID,
		client.UpdateRoleRequest{Permissions: &[]string{}}))
	mustFail[*client.SetUserRolesResponse](t, client.ProblemCodeLastOwner)(owner.setRoles(n, owner, "ADMIN"))
	mustFail[*client.DeleteMeResponse](t, client.ProblemCodeLastOwner)(owner.at(n).DeleteMeWithResponse(t.Context()))
	limit := 5
	permissions := must[*client.ListPermissionsResponse](t, 200)(owner.at(n).ListPermissionsWithResponse(t.Context(),
		&client.ListPermissionsParams{Limit: &limit})).JSON200
	same(t, "a page", len(permissions.Items), limit)
	mustFail[*client.DeletePermissionResponse](t, client.ProblemCodeImmutable)(
		owner.at(n).DeletePermissionWithResponse(t.Context(), permissions.Items[0].ID))
}

// Two administrators take each other's role on two replicas at once: one of them is left.
func TestAdministratorsDemoteEachOther(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	owner := s.crown(t)
	nodes := []*node{s.start(), s.start()}
	owner.login(nodes[0])
	for range 5 {
		pair := []*person{s.newPerson(t).signUp(nodes[0]), s.newPerson(t).signUp(nodes[1])}
		for _, each := range pair {
			owner.give(nodes[0], each, "ADMIN")
		}
		statuses := together(t, 2, func(i int) (int, error) {
			reply, err := pair[i].setRoles(nodes[i], pair[1-i], "USER")
			return reply.StatusCode(), err
		})
		slices.Sort(statuses)
		same(t, "answers", statuses, []int{http.StatusOK, http.StatusForbidden})
	}
}

// All owners leave at once, by all ways there are: one stays.
func TestOneOwnerStays(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		first := s.crown(t)
		n := s.start()
		first.login(n)
		owners := []*person{first}
		for len(owners) < 6 {
			owner := s.newPerson(t).signUp(n)
			first.give(n, owner, "OWNER")
			owners = append(owners, owner)
		}
		ways := []func(owner *person) (int, error){
			func(owner *person) (int, error) {
				reply, err := owner.setRoles(n, owner, "USER")
				return reply.StatusCode(), err
			},
			func(owner *person) (int, error) {
				reply, err := owner.at(n).DeleteMeWithResponse(t.Context())
				return reply.StatusCode(), err
			},
		}
		statuses := together(t, len(owners), func(i int) (int, error) { return ways[i%len(ways)](owners[i]) })
		refused := 0
		for _, status := range statuses {
			if status == http.StatusConflict {
				refused++
			} else if status != http.StatusOK {
				t.Errorf("answered %d", status)
			}
		}
		same(t, "those who stay", refused, 1)
		left := owners[slices.Index(statuses, http.StatusConflict)]
		mustFail[*client.SetUserRolesResponse](t, client.ProblemCodeLastOwner)(left.setRoles(n, left, "USER"))
	})
}

// together makes n calls at once and gives their statuses.
func together(t *testing.T, n int, call func(i int) (int, error)) []int {
	t.Helper()
	var done sync.WaitGroup
	begin, statuses := make(chan struct{}), make([]int, n)
	for i := range n {
		done.Go(func() {
			<-begin
			status, err := call(i)
			if err != nil {
				t.Error(err)
			}
			statuses[i] = status
		})
	}
	close(begin)
	done.Wait()
	return statuses
}
