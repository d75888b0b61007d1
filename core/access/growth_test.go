package access_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
)

// realm is an office in which everybody but the owners tries everything.
type realm struct {
	*office
	people []core.Principal
	robots []core.ID
}

func openRealm(t *testing.T) *realm {
	r := &realm{office: openOffice(t)}
	r.permission("articles.write")
	r.permission("articles.publish")
	r.role("EDITOR", "articles.write")
	r.role("SECURITY", "users.impersonate", "access.write", "users.suspend")
	r.group("support", "users.read", "access.write")
	r.group("press", "articles.publish")
	r.permission("articles.unused")
	r.role("UNUSED", "users.read")
	r.group("unused")
	r.people = []core.Principal{
		r.admin, r.user, r.hire("security", "SECURITY", "USER"), r.hire("editor", "EDITOR", "USER"),
		r.hire("clerk", "USER"), r.hire("both", "ADMIN", "SECURITY"),
	}
	clerk := r.people[4]
	_, err := r.Roles.SetGroups(r.Ctx, r.owner, clerk.UserID, []string{"support"})
	r.Must(err)
	r.hire("second-owner", account.RoleOwner, account.RoleAdmin)
	r.robots = []core.ID{
		r.Machine("provisioner", "access.write", "access.read", "users.read").ServiceID,
		r.Machine("operator", "service_accounts.write", "mail.read").ServiceID,
	}
	return r
}

// holdings tell what everybody holds but owners, by the permissions' keys; owners are told as they are.
type holdings struct {
	held   map[core.ID]map[string]bool
	owners map[core.ID]account.User
}

func (r *realm) look() holdings {
	catalogue, err := r.Access.Catalogue(r.Ctx)
	r.Must(err)
	now := holdings{held: map[core.ID]map[string]bool{}, owners: map[core.ID]account.User{}}
	r.Users.Any(func(user account.User) bool {
		rights := catalogue.Rights(&user)
		if rights.Set.Has(access.Everything) {
			now.owners[user.ID] = user
		} else {
			now.held[user.ID] = keysOf(catalogue, rights.Set)
		}
		return false
	})
	for _, id := range r.robots {
		scopes, err := r.Machines.Scopes(r.Ctx, id)
		if err == nil {
			now.held[id] = keysOf(catalogue, catalogue.Set(scopes...))
		}
	}
	return now
}

func keysOf(catalogue *access.Catalogue, set access.Set) map[string]bool {
	held := map[string]bool{}
	for _, key := range catalogue.Keys(&set) {
		held[key] = true
	}
	return held
}

// reaches is what a caller may hand on: what they hold, within the scopes of their token, and what everybody holds.
func (r *realm) reaches(caller core.Principal, before holdings) map[string]bool {
	reach := map[string]bool{}
	maps.Copy(reach, before.held[caller.UserID])
	switch caller.Means {
	case core.ByService:
		maps.Copy(reach, before.held[caller.ServiceID])
	case core.ByToken:
		maps.DeleteFunc(reach, func(key string, _ bool) bool { return !slices.Contains(caller.Scopes, key) })
	case core.ByImpersonation:
		clear(reach)
	case core.BySession:
	}
	reach["me.read"], reach["me.write"] = true, true // which everybody holds from their first day
	return reach
}

// caller draws one who is no owner: a person, a token of theirs, somebody who impersonates them, or a machine.
func (r *realm) caller(t *rapid.T) core.Principal {
	if rapid.IntRange(0, 3).Draw(t, "machine") == 0 {
		id := rapid.SampledFrom(r.robots).Draw(t, "robot")
		return core.Principal{Means: core.ByService, ServiceID: id, TokenID: r.keyOf(id), Scopes: r.keys(t)}
	}
	caller := rapid.SampledFrom(r.people).Draw(t, "caller")
	caller.Means = rapid.SampledFrom([]core.Means{
		core.BySession, core.BySession, core.BySession, core.ByToken, core.ByImpersonation,
	}).Draw(t, "means")
	switch caller.Means {
	case core.ByToken:
		r.Must(r.TokenRows.RemoveAll(r.Ctx, caller.UserID)) // one at a time, of which there is no end
		return r.Program(caller.UserID, append(r.keys(t), "access.write")...)
	case core.ByImpersonation:
		caller.Actor, caller.SessionID = r.admin.UserID, r.sessionOf(r.admin.UserID)
	case core.BySession, core.ByService:
		caller.SessionID, caller.AuthTime = r.sessionOf(caller.UserID), r.Clock.Now()
	}
	return caller
}

// sessionOf is a session of a person, who has none where they are not active.
func (r *realm) sessionOf(person core.ID) core.ID {
	if r.User(person).Status != account.StatusActive {
		return core.ID{}
	}
	return r.Session(person).SessionID
}

// keyOf is a key of a service account, which has none where it is gone.
func (r *realm) keyOf(id core.ID) core.ID {
	keys, err := r.Machines.Keys().List(r.Ctx, id, r.Clock.Now())
	r.Must(err)
	if len(keys) > 0 {
		return keys[0].ID
	}
	key := apitokentest.NewKey(id, r.Clock.Now())
	if err := r.Machines.Keys().Put(r.Ctx, key); err != nil {
		return core.ID{}
	}
	return key.ID
}

func (r *realm) catalogue() *access.Catalogue {
	catalogue, err := r.Access.Catalogue(r.Ctx)
	r.Must(err)
	return catalogue
}

// keys draws permissions, some of which there are not.
func (r *realm) keys(t *rapid.T) []string {
	all := []string{"articles.delete", "access.write", "users.read"}
	for _, permission := range r.catalogue().Permissions {
		all = append(all, permission.Key)
	}
	return rapid.SliceOfN(rapid.SampledFrom(all), 0, 2).Draw(t, "permissions")
}

func (r *realm) roleID(t *rapid.T) core.ID {
	return rapid.SampledFrom(r.catalogue().Roles).Draw(t, "role").ID
}

func (r *realm) groupID(t *rapid.T) core.ID {
	return rapid.SampledFrom(append([]access.Group{{}}, r.catalogue().Groups...)).Draw(t, "group").ID
}

func (r *realm) permissionID(t *rapid.T) core.ID {
	return rapid.SampledFrom(r.catalogue().Permissions).Draw(t, "permission").ID
}

// target draws anybody, owners too.
func (r *realm) target(t *rapid.T) core.ID {
	var ids []core.ID
	r.Users.Any(func(user account.User) bool {
		ids = append(ids, user.ID)
		return false
	})
	slices.SortFunc(ids, func(a, b core.ID) int { return slices.Compare(a[:], b[:]) })
	return rapid.SampledFrom(ids).Draw(t, "target")
}

// deed is something that is tried, and how it ended.
type deed func(t *rapid.T, caller core.Principal) error

func (r *realm) deeds() map[string]deed {
	deeds := map[string]deed{
		"set roles": func(t *rapid.T, caller core.Principal) error {
			var names []string
			for _, role := range r.catalogue().Roles {
				names = append(names, role.Name)
			}
			wanted := rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "roles")
			_, err := r.Roles.SetRoles(r.Ctx, caller, r.target(t), wanted)
			return err
		},
		"set groups": func(t *rapid.T, caller core.Principal) error {
			names := []string{"nobody"}
			for _, group := range r.catalogue().Groups {
				names = append(names, group.Name)
			}
			wanted := rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "groups")
			_, err := r.Roles.SetGroups(r.Ctx, caller, r.target(t), wanted)
			return err
		},
	}
	maps.Copy(deeds, r.roleDeeds())
	maps.Copy(deeds, r.groupDeeds())
	maps.Copy(deeds, r.permissionDeeds())
	maps.Copy(deeds, r.machineDeeds())
	maps.Copy(deeds, r.peopleDeeds())
	return deeds
}

func (r *realm) roleDeeds() map[string]deed {
	return map[string]deed{
		"create role": func(t *rapid.T, caller core.Principal) error {
			name := rapid.SampledFrom([]string{"NEW", "NEWER", "ADMIN", "EDITOR"}).Draw(t, "name")
			_, err := r.Roles.CreateRole(r.Ctx, caller, access.RoleDraft{Name: name, Permissions: r.keys(t)})
			return err
		},
		"update role": func(t *rapid.T, caller core.Principal) error {
			keys := r.keys(t)
			_, err := r.Roles.UpdateRole(r.Ctx, caller, r.roleID(t), access.RoleChange{Permissions: &keys})
			return err
		},
		"describe role": func(t *rapid.T, caller core.Principal) error {
			_, err := r.Roles.UpdateRole(r.Ctx, caller, r.roleID(t), access.RoleChange{
				SecondFactorRequired: ptr(rapid.Bool().Draw(t, "second factor")),
			})
			return err
		},
		"delete role": func(t *rapid.T, caller core.Principal) error {
			return r.Roles.DeleteRole(r.Ctx, caller, r.roleID(t))
		},
	}
}

func (r *realm) groupDeeds() map[string]deed {
	return map[string]deed{
		"create group": func(t *rapid.T, caller core.Principal) error {
			name := rapid.SampledFrom([]string{"new", "newer", "support"}).Draw(t, "name")
			_, err := r.Roles.CreateGroup(r.Ctx, caller, access.GroupDraft{Name: name, Permissions: r.keys(t)})
			return err
		},
		"rename group": func(t *rapid.T, caller core.Principal) error {
			name := rapid.SampledFrom([]string{"new", "newer", "support", "press"}).Draw(t, "name")
			_, err := r.Roles.UpdateGroup(r.Ctx, caller, r.groupID(t), access.GroupChange{Name: &name})
			return err
		},
		"set group permissions": func(t *rapid.T, caller core.Principal) error {
			_, err := r.Roles.SetGroupPermissions(r.Ctx, caller, r.groupID(t), r.keys(t))
			return err
		},
		"delete group": func(t *rapid.T, caller core.Principal) error {
			return r.Roles.DeleteGroup(r.Ctx, caller, r.groupID(t))
		},
	}
}

func (r *realm) permissionDeeds() map[string]deed {
	return map[string]deed{
		"create permission": func(t *rapid.T, caller core.Principal) error {
			key := rapid.SampledFrom([]string{"articles.delete", "articles.write", "articles.publish", "users.all"}).Draw(t, "key")
			_, err := r.Roles.CreatePermission(r.Ctx, caller, access.PermissionDraft{Key: key})
			return err
		},
		"update permission": func(t *rapid.T, caller core.Principal) error {
			_, err := r.Roles.UpdatePermission(r.Ctx, caller, r.permissionID(t), access.PermissionChange{Category: ptr("mine")})
			return err
		},
		"delete permission": func(t *rapid.T, caller core.Principal) error {
			return r.Roles.DeletePermission(r.Ctx, caller, r.permissionID(t))
		},
	}
}

func (r *realm) machineDeeds() map[string]deed {
	return map[string]deed{
		"open machine": func(t *rapid.T, caller core.Principal) error {
			made, err := r.Tokens.Open(r.Ctx, caller, apitoken.AccountDraft{Name: fmt.Sprint("m", len(r.robots)), Scopes: r.keys(t)})
			if err == nil {
				r.robots = append(r.robots, made.ID)
			}
			return err
		},
		"alter machine": func(t *rapid.T, caller core.Principal) error {
			keys := r.keys(t)
			_, err := r.Tokens.Alter(r.Ctx, caller, rapid.SampledFrom(r.robots).Draw(t, "robot"), apitoken.AccountChange{Scopes: &keys})
			return err
		},
		"close machine": func(t *rapid.T, caller core.Principal) error {
			return r.Tokens.Close(r.Ctx, caller, rapid.SampledFrom(r.robots).Draw(t, "robot"))
		},
		// A token's scopes bound what it may do, whatever its owner holds later.
		"make token": func(t *rapid.T, caller core.Principal) error {
			made, _, err := r.Tokens.Create(r.Ctx, caller, apitoken.Draft{Name: "t", Scopes: r.keys(t)})
			if err == nil {
				caller.Means, caller.TokenID, caller.Scopes = core.ByToken, made.ID, made.Scopes
				_, _ = r.Roles.SetRoles(r.Ctx, caller, r.target(t), []string{"USER"})
			}
			return err
		},
	}
}

// TestNothingThatNonOwnersDoGivesMoreThanTheyHold lets everybody but owners, their tokens and machines among them, do
// whatever they like in whatever order. After each deed:
//
//   - nobody has got or lost a permission that the one who did it did not hold, so that no caller has gained anything;
//   - what all non-owners hold together has not grown since the beginning;
//   - the owners are as they were.
func TestNothingThatNonOwnersDoGivesMoreThanTheyHold(t *testing.T) {
	t.Parallel()
	tried, done := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := openRealm(t)
		first := r.look()
		deeds := r.deeds()
		names := slices.Sorted(maps.Keys(deeds))
		for range rapid.IntRange(1, 60).Draw(rt, "deeds") {
			name, caller := rapid.SampledFrom(names).Draw(rt, "deed"), r.caller(rt)
			before := r.look()
			err := deeds[name](rt, caller)
			after := r.look()
			tried++
			if err == nil {
				done++
			}
			if found := strings.Join(growth(r.reaches(caller, before), before, after), "; "); found != "" {
				rt.Fatalf("%s by %+v gives %v: %s", name, caller, err, found)
			}
			if diff := cmp.Diff(first.owners, after.owners); diff != "" {
				rt.Fatalf("%s by %+v has touched an owner: %s", name, caller, diff)
			}
			if more := beyond(after.all(), first.all()); len(more) > 0 {
				rt.Fatalf("after %s non-owners hold %v", name, more)
			}
		}
	})
	t.Logf("%d deeds of %d were permitted", done, tried)
	if done < tried/20 {
		t.Errorf("%d deeds of %d were permitted: the property holds for next to nothing", done, tried)
	}
}

// growth tells who got or lost what is beyond the reach of whoever did it.
func growth(reach map[string]bool, before, after holdings) (found []string) {
	for id := range after.held {
		for _, key := range beyond(after.held[id], before.held[id]) {
			if !reach[key] {
				found = append(found, fmt.Sprintf("%s has got %s", id, key))
			}
		}
	}
	for id := range before.held {
		for _, key := range beyond(before.held[id], after.held[id]) {
			if !reach[key] {
				found = append(found, fmt.Sprintf("%s has lost %s", id, key))
			}
		}
	}
	return found
}

// beyond are the keys of some that are not in other.
func beyond(some, other map[string]bool) (more []string) {
	for key := range some {
		if !other[key] {
			more = append(more, key)
		}
	}
	return more
}

func (h holdings) all() map[string]bool {
	all := map[string]bool{}
	for _, held := range h.held {
		maps.Copy(all, held)
	}
	return all
}
