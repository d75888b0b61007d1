package access_test

import (
	"fmt"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// crowd is a catalogue as a large deployment has one, and somebody with three roles and four groups of it.
func crowd() (*access.Catalogue, account.User) {
	var all access.Content
	for i := range 300 {
		all.Permissions = append(all.Permissions, access.Permission{Key: fmt.Sprintf("app.act%d", i)})
	}
	keys := func(from int) (some []string) {
		for i := range 40 {
			some = append(some, fmt.Sprintf("app.act%d", (from*7+i)%300))
		}
		return some
	}
	for i := range 100 {
		all.Roles = append(all.Roles, access.Role{Name: fmt.Sprint("role", i), Permissions: keys(i)})
	}
	for i := range 500 {
		all.Groups = append(all.Groups, access.Group{ID: core.ID{byte(i), byte(i >> 8)}, Permissions: keys(i)})
	}
	user := account.User{
		ID: self, Roles: []string{"role1", "role50", "role99"}, Groups: []core.ID{{1}, {2}, {3}, {4, 1}},
	}
	return access.Compile(all), user
}

// judge is what every administrative request costs beside its work: the rights of the caller and of whom they act upon,
// the bounds of what they came by, and the decision.
func judge(catalogue *access.Catalogue, user *account.User, caller *core.Principal) access.Verdict {
	rights := catalogue.Narrow(catalogue.Rights(user), caller)
	target := catalogue.Rights(user)
	return access.Decide(&rights, access.Act{Any: access.MeWrite}, &access.Resource{Owner: other, Holds: target.Set})
}

var callers = map[string]core.Principal{
	"session":       {UserID: self},
	"token":         {UserID: self, Means: core.ByToken, Scopes: []string{"me.read", "me.write", "app.act7", "app.act8"}},
	"impersonation": {UserID: self, Means: core.ByImpersonation},
}

func BenchmarkDecide(b *testing.B) {
	catalogue, user := crowd()
	for name, caller := range callers {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				judge(catalogue, &user, &caller)
			}
		})
	}
}

func BenchmarkDecodeCached(b *testing.B) {
	catalogue, _ := crowd()
	data := access.EncodeCached(catalogue)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := access.DecodeCached(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDecidingNeedsNoMemory(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what others allocate too
	catalogue, user := crowd()
	for name, caller := range callers {
		if allocations := testing.AllocsPerRun(100, func() { judge(catalogue, &user, &caller) }); allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
