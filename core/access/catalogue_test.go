package access_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
)

// content is a catalogue of three roles, two groups and two permissions of an application.
func content() access.Content {
	at := coretest.Epoch
	return access.Content{
		Rev: 7,
		Permissions: []access.Permission{
			{ID: core.ID{1}, Key: "audit.read", Description: "Réad", Category: "audit", System: true, CreatedAt: time.Unix(0, 0).UTC()},
			{ID: core.ID{2}, Key: "refunds.grant", Category: "shop", CreatedAt: at},
			{ID: core.ID{3}, Key: "refunds.see", Category: "shop", CreatedAt: at},
			{ID: core.ID{4}, Key: "users.read", Category: "users", System: true, CreatedAt: at},
		},
		Roles: []access.Role{
			{ID: core.ID{5}, Name: account.RoleAdmin, Permissions: []string{"audit.read", "users.read"}, System: true, CreatedAt: at, UpdatedAt: at},
			{ID: core.ID{6}, Name: account.RoleOwner, System: true, CreatedAt: at, UpdatedAt: at},
			{
				ID: core.ID{7}, Name: "till", Description: "At the till", Permissions: []string{"refunds.see"},
				SecondFactorSince: at.Add(time.Hour), CreatedAt: at, UpdatedAt: at.Add(2 * time.Hour),
			},
		},
		Groups: []access.Group{
			{ID: core.ID{8}, Name: "nobody", CreatedAt: at, UpdatedAt: at},
			{ID: core.ID{9}, Name: "shop", Permissions: []string{"refunds.grant", "users.read"}, CreatedAt: at, UpdatedAt: at},
		},
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	catalogue := access.Compile(content())
	for name, test := range map[string]struct {
		user  account.User
		keys  []string
		since time.Time
	}{
		"nobody":       {account.User{}, nil, time.Time{}},
		"unknown role": {account.User{Roles: []string{"gone"}, Groups: []core.ID{{99}}}, nil, time.Time{}},
		"a role":       {account.User{Roles: []string{account.RoleAdmin}}, []string{"audit.read", "users.read"}, time.Time{}},
		"a group":      {account.User{Groups: []core.ID{{9}}}, []string{"refunds.grant", "users.read"}, time.Time{}},
		"roles and group": {
			account.User{Roles: []string{account.RoleAdmin, "till"}, Groups: []core.ID{{8}, {9}}},
			[]string{"audit.read", "refunds.grant", "refunds.see", "users.read"},
			coretest.Epoch.Add(time.Hour),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rights := catalogue.Rights(&test.user)
			want := catalogue.Set(append(test.keys, "me.read", "me.write")...)
			coretest.Equal(t, access.Rights{Set: want, SecondFactorSince: test.since}, rights)
		})
	}
	owner := catalogue.Rights(&account.User{ID: self, Roles: []string{account.RoleOwner}})
	coretest.Equal(t, self, owner.Who)
	every := access.NewSet(access.Everything)
	if !owner.Set.Covers(&every) || !owner.Set.Has(access.SetMax-1) {
		t.Error("an owner does not hold everything")
	}
	admin := catalogue.Rights(&account.User{Roles: []string{account.RoleAdmin}})
	if admin.Set.Covers(&every) {
		t.Error("an administrator holds everything")
	}
	coretest.Equal(t, 2, len(catalogue.Keys(&every))-len(builtIn())) // all, and those of the application
}

func builtIn() (keys []string) {
	for bit := access.MeRead; bit.Key() != ""; bit++ {
		keys = append(keys, bit.Key())
	}
	return keys
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	catalogue := access.Compile(content())
	admin, owner := account.User{Roles: []string{account.RoleAdmin}}, account.User{Roles: []string{account.RoleOwner}}
	token := func(scopes ...string) core.Principal { return core.Principal{Means: core.ByToken, Scopes: scopes} }
	for name, test := range map[string]struct {
		user   account.User
		caller core.Principal
		want   []string
	}{
		"by a session":                       {admin, core.Principal{Scopes: []string{"me.read"}}, []string{"audit.read", "me.read", "me.write", "users.read"}},
		"by a token":                         {admin, token("users.read", "me.read"), []string{"me.read", "users.read"}},
		"a token is not more than its owner": {admin, token("refunds.see", "users.read"), []string{"users.read"}},
		"a token without scopes":             {admin, token(), nil},
		"a scope that is no more":            {admin, token("gone.long"), nil},
		"a token of an owner":                {owner, token("refunds.see"), []string{"refunds.see"}},
		"a service":                          {owner, core.Principal{Means: core.ByService, Scopes: []string{"users.read"}}, []string{"users.read"}},
		"impersonated":                       {admin, core.Principal{Means: core.ByImpersonation}, []string{"me.read"}},
		"an owner, impersonated":             {owner, core.Principal{Means: core.ByImpersonation}, []string{"me.read"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			narrowed := catalogue.Narrow(catalogue.Rights(&test.user), &test.caller)
			coretest.Equal(t, test.want, catalogue.Keys(&narrowed.Set))
		})
	}
}

// What a catalogue does not fit is left out, and nothing is mistaken for another.
func TestThereIsNoPermissionBeyondTheBound(t *testing.T) {
	t.Parallel()
	var crowded access.Content
	var keys []string
	for i := range access.SetMax + 10 {
		keys = append(keys, fmt.Sprintf("crowd.n%04d", i))
		crowded.Permissions = append(crowded.Permissions, access.Permission{Key: keys[i]})
	}
	catalogue := access.Compile(crowded)
	set := catalogue.Set(keys...)
	coretest.Equal(t, access.PermissionsMax-len(builtIn()), len(catalogue.Keys(&set)))
	if set.Has(access.Everything) || set.Has(access.UsersRead) {
		t.Error("a crowd of permissions gives what it does not name")
	}
	if _, known := catalogue.Bit(keys[len(keys)-1]); known {
		t.Error("a permission beyond the bound has a place")
	}
}

func TestCachedCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]access.Content{"full": content(), "zero": {}} {
		decoded, err := access.DecodeCached(access.EncodeCached(access.Compile(want)))
		coretest.Must(t, err)
		if diff := cmp.Diff(want, decoded.Content); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	user := account.User{Roles: []string{account.RoleOwner, "till"}, Groups: []core.ID{{9}}}
	decoded, err := access.DecodeCached(access.EncodeCached(access.Compile(content())))
	coretest.Must(t, err)
	coretest.Equal(t, access.Compile(content()).Rights(&user), decoded.Rights(&user))
	stray := content()
	stray.Roles[0].Permissions = append(stray.Roles[0].Permissions, "not.listed")
	decoded, err = access.DecodeCached(access.EncodeCached(access.Compile(stray)))
	coretest.Must(t, err)
	coretest.Equal(t, content(), decoded.Content)
}

func TestDecodeCachedRefuses(t *testing.T) {
	t.Parallel()
	data := access.EncodeCached(access.Compile(content()))
	broken := map[string][]byte{
		"with a byte more": append(bytes.Clone(data), 0), "of another version": append([]byte{99}, data[1:]...),
		"with a place that is not there": append(bytes.Clone(data[:len(data)-1]), 120),
	}
	for cut := range data {
		broken[fmt.Sprint("cut at ", cut)] = data[:cut]
	}
	for what, data := range broken {
		if _, err := access.DecodeCached(data); !errors.Is(err, access.ErrCached) {
			t.Errorf("%s: got error %v", what, err)
		}
	}
}

func FuzzDecodeCached(f *testing.F) {
	f.Add(access.EncodeCached(access.Compile(content())))
	f.Add(access.EncodeCached(access.Compile(access.Content{})))
	f.Add([]byte{1, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		catalogue, err := access.DecodeCached(data)
		if err != nil {
			return
		}
		again, err := access.DecodeCached(access.EncodeCached(catalogue))
		coretest.Must(t, err)
		if diff := cmp.Diff(catalogue.Rev, again.Rev, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		user := account.User{Roles: []string{account.RoleAdmin, account.RoleUser}}
		coretest.Equal(t, catalogue.Rights(&user), again.Rights(&user))
	})
}
