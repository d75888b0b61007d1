package access_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// peopleDeeds are what is done to accounts.
func (r *realm) peopleDeeds() map[string]deed {
	upon := func(act func(by directory.By, id core.ID) error) deed {
		return func(t *rapid.T, caller core.Principal) error {
			return act(directory.Caller(caller, "Because."), r.target(t))
		}
	}
	return map[string]deed{
		"create user": r.createUser,
		"update user": upon(func(by directory.By, id core.ID) error {
			_, err := r.Directory.Update(r.Ctx, by, id, directory.Change{Profile: account.ProfileChange{Name: ptr("Eve")}})
			return err
		}),
		"suspend user": upon(func(by directory.By, id core.ID) error {
			_, err := r.Directory.Suspend(r.Ctx, by, id)
			return err
		}),
		"restore user": upon(func(by directory.By, id core.ID) error {
			_, err := r.Directory.Restore(r.Ctx, by, id)
			return err
		}),
		"delete user": upon(func(by directory.By, id core.ID) error {
			_, err := r.Directory.Delete(r.Ctx, by, id)
			return err
		}),
		"force a reset": upon(func(by directory.By, id core.ID) error { return r.Directory.ForceReset(r.Ctx, by, id) }),
		"demand a factor": upon(func(by directory.By, id core.ID) error {
			return r.Directory.RequireFactor(r.Ctx, by, id, true)
		}),
		"end sessions": upon(func(by directory.By, id core.ID) error { return r.Directory.EndSessions(r.Ctx, by, id) }),
	}
}

// createUser opens an account and lets its owner take part.
func (r *realm) createUser(t *rapid.T, caller core.Principal) error {
	var roles, groups []string
	for _, role := range r.catalogue().Roles {
		roles = append(roles, role.Name)
	}
	for _, group := range r.catalogue().Groups {
		groups = append(groups, group.Name)
	}
	asked := directory.NewUser{
		Email: fmt.Sprintf("new%d@example.com", len(r.people)), Profile: account.Profile{Name: "Eve"},
		Roles: rapid.SliceOfN(rapid.SampledFrom(roles), 0, 2).Draw(t, "roles"),
	}
	if len(groups) > 0 {
		asked.Groups = rapid.SliceOfN(rapid.SampledFrom(groups), 0, 2).Draw(t, "groups")
	}
	made, err := r.Directory.Create(r.Ctx, directory.Caller(caller, ""), asked)
	if err == nil {
		r.people = append(r.people, core.Principal{UserID: made.ID})
	}
	return err
}
