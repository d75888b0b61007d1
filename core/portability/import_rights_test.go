package portability_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mfa"
)

// TestImportsTellWhoAssignedRoles brings accounts that are older than this server: their roles were assigned now.
func TestImportsTellWhoAssignedRoles(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.caller = m.machine(access.UsersImport, access.AccessWrite)
	id := m.imports(line(`"created_at":"2020-01-02T03:04:05Z"`))[0].ID
	first := m.Clock.Now()
	coretest.Equal(t, []access.Membership{{Role: account.RoleUser, By: m.caller.ServiceID, At: first}}, m.roles(id))
	m.Must(m.Access.PutRole(m.Ctx, access.Role{ID: m.IDs.New(), Name: "MODERATOR"}))
	m.Later(time.Hour)
	m.want(m.imports(line(`"roles":["USER","MODERATOR"]`)), "updated")
	coretest.Equal(t, []access.Membership{
		{Role: "MODERATOR", By: m.caller.ServiceID, At: m.Clock.Now()}, {Role: account.RoleUser, By: m.caller.ServiceID, At: first},
	}, m.roles(id))
}

func (m *mover) roles(id core.ID) []access.Membership {
	m.t.Helper()
	held, err := m.Access.Of(m.Ctx, id, access.KindRole)
	m.Must(err)
	return held
}

// machine opens a service account with the permissions, and gives it as a caller with a key.
func (m *mover) machine(bits ...access.Bit) core.Principal {
	m.t.Helper()
	draft := apitoken.AccountDraft{Name: "mover"}
	for _, bit := range bits {
		draft.Scopes = append(draft.Scopes, bit.Key())
	}
	opened, err := m.Tokens.Open(m.Ctx, m.caller, draft)
	m.Must(err)
	_, key, err := m.Tokens.MakeKey(m.Ctx, m.caller, opened.ID, apitoken.KeyDraft{})
	m.Must(err)
	return m.by(key)
}

// by is the caller with a token or key.
func (m *mover) by(secret apitoken.Secret) core.Principal {
	m.t.Helper()
	who, err := m.SignIn.Authenticate(m.Ctx, secret.Reveal())
	m.Must(err)
	return who.Principal
}

// TestRolesOfImportsAreWrittenDown tells in the event of each account which roles it was given and lost, where that is not
// what everybody has.
func TestRolesOfImportsAreWrittenDown(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	over := "user.import success by person created=%d rejected=0 unchanged=0 updated=%d whole=true"
	for _, step := range []struct{ lines, want []string }{
		{[]string{
			line(), `{"external_id":"8","email":"b@example.com","roles":["USER","ADMIN"]}`, `{"external_id":"9","email":"c@example.com","roles":[]}`,
		}, []string{
			"user.import success by person of another status=created",
			"user.import success by person of another added=ADMIN USER status=created",
			"user.import success by person of another status=created", fmt.Sprintf(over, 3, 0),
		}},
		{[]string{line(`"roles":["ADMIN"]`)}, []string{
			"user.import success by person of another added=ADMIN removed=USER status=updated", fmt.Sprintf(over, 0, 1),
		}},
		{[]string{line(`"roles":["ADMIN"]`, `"name":"Ada King"`)}, []string{
			"user.import success by person of another status=updated", fmt.Sprintf(over, 0, 1),
		}},
	} {
		m.Tells(core.ID{}, func() { m.imports(step.lines...) }, step.want...)
	}
}

// Many roles do not break the bounds of an event, which the database holds too.
func TestRolesOfImportsFitTheirEvent(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	var names []string
	for i := range 64 {
		names = append(names, fmt.Sprintf("%s%02d", strings.Repeat("R", 62), i))
		m.Must(m.Access.PutRole(m.Ctx, access.Role{ID: m.IDs.New(), Name: names[i]}))
	}
	id := m.imports(line(`"roles":["` + strings.Join(names, `","`) + `"]`))[0].ID
	for _, event := range m.Log.All() {
		if added := event.Metadata["added"]; event.Subject == id && event.Action == audit.ActionUserImport &&
			(len(added) > audit.ValueMax || added != strings.Join(names[:3], " ")+" +61") {
			t.Errorf("%d bytes: %s", len(added), added)
		}
	}
}

// By what token accounts were made stands in their events, as in all others.
func TestImportsByTokenAreMarked(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	_, token, err := m.Tokens.Create(m.Ctx, m.caller, apitoken.Draft{Name: "mover", Scopes: []string{access.UsersImport.Key()}})
	m.Must(err)
	m.caller = m.by(token)
	m.Ctx = core.WithCaller(m.Ctx, m.caller)
	mark := "token=" + m.caller.TokenID.String()
	m.Tells(core.ID{}, func() { m.imports(line()) },
		"user.import success by person of another status=created "+mark,
		"user.import success by person created=1 rejected=0 "+mark+" unchanged=0 updated=0 whole=true")
	m.Tells(core.ID{}, func() { m.imports(line(`"name":"Ada King"`)) },
		"user.import success by person of another status=updated "+mark,
		"user.import success by person created=0 rejected=0 "+mark+" unchanged=0 updated=1 whole=true")
}

// Whoever holds the session of somebody who imports does not come to keep their account by it.
func TestNobodyImportsWhatTheySignInWith(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	hash, err := m.Hasher.Hash(m.Ctx, house.Passphrase)
	m.Must(err)
	told := m.imports(line(`"email_verified":true`, `"password_hash":"`+string(hash)+`"`, `"roles":["ADMIN"]`))
	m.caller = m.Principal(m.Login("ada@example.com"))
	before := m.User(told[0].ID)
	m.want(m.imports(`{"external_id":"7","email":"thief@example.com","email_verified":true,"name":"Ada King","password_hash":"$0$z"}`),
		"updated")
	after := m.User(told[0].ID)
	if after.EmailKey != before.EmailKey || after.Password != before.Password || after.Profile.Name != "Ada King" {
		t.Errorf("from %+v to %+v", before, after)
	}
}

// Administrators are equals: none of them signs in as another by what lines bring, one after another either.
func TestNoImportChangesHowAdministratorsSignIn(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleAdmin)
	m.Must(m.Access.PutRole(m.Ctx, access.Role{ID: m.IDs.New(), Name: "READER", Permissions: []string{access.UsersRead.Key()}}))
	for at, role := range []string{account.RoleAdmin, "READER"} {
		who := fmt.Sprintf(`"external_id":"%d"`, at)
		told := m.imports(fmt.Sprintf(`{%s,"email":"admin%d@example.com","password_hash":"$0$x","roles":[%q]}`, who, at, role))
		m.want(told, "created")
		before := m.User(told[0].ID)
		m.Later(time.Hour)
		taken := `{` + who + `,"email":"thief@example.com","username":"thief","name":"Renamed","password_hash":"$0$z"%s}`
		m.want(m.imports(
			fmt.Sprintf(taken, ""), fmt.Sprintf(taken, ""), fmt.Sprintf(taken, `,"roles":["USER"]`),
			fmt.Sprintf(taken, `,"phone":"+4915112345678"`), fmt.Sprintf(taken, `,"roles":["`+role+`"]`),
		), "updated", "unchanged", "updated", "updated", "updated")
		after := m.User(told[0].ID)
		if after.EmailKey != before.EmailKey || after.Username != before.Username || after.Password != before.Password ||
			after.Profile.Name != "Renamed" || !after.HasRole(role) {
			t.Errorf("%s: from %+v to %+v", role, before, after)
		}
	}
}

// Whoever an import gives a role that has demanded a second factor for long has the whole grace.
func TestImportedRolesBringTheWholeGrace(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.Must(m.Access.PutRole(m.Ctx, access.Role{ID: m.IDs.New(), Name: "READER", SecondFactorSince: m.Clock.Now()}))
	told := m.imports(`{"external_id":"1","email":"ada@example.com"}`)
	m.Later(time.Hour)
	m.want(m.imports(`{"external_id":"1","email":"ada@example.com","roles":["READER","USER"]}`), "updated")
	coretest.Equal(t, m.Clock.Now().Add(mfa.DefaultGrace), m.User(told[0].ID).Protection.EnrolBy)
	m.want(m.imports(`{"external_id":"1","email":"ada@example.com","roles":["USER"]}`), "updated")
	coretest.Equal(t, time.Time{}, m.User(told[0].ID).Protection.EnrolBy)
}

// A role given by hand or by a line says as well that somebody administers, and taking it gives their sign-in to nobody.
func TestWhoHasAdministeredKeepsTheirSignIn(t *testing.T) {
	t.Parallel()
	for name, promote := range map[string]func(m *mover, id core.ID){
		"by hand": func(m *mover, id core.ID) {
			_, err := m.Roles.SetRoles(m.Ctx, m.caller, id, []string{account.RoleAdmin})
			m.Must(err)
		},
		"by a line": func(m *mover, _ core.ID) {
			m.want(m.imports(line(`"password_hash":"$0$x"`, `"roles":["ADMIN"]`)), "updated")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := moving(t, account.RoleOwner)
			id := m.imports(line(`"password_hash":"$0$x"`))[0].ID
			promote(m, id)
			_, err := m.Roles.SetRoles(m.Ctx, m.caller, id, []string{account.RoleUser})
			m.Must(err)
			m.want(m.imports(`{"external_id":"7","email":"thief@example.com","password_hash":"$0$z"}`), "updated")
			if user := m.User(id); user.EmailKey != "ada@example.com" || user.Password != "$0$x" {
				t.Errorf("changed to %+v", user)
			}
		})
	}
}

// Roles that give nothing here mean something to applications.
func TestRolesAreForThoseWhoMayAssignThem(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.Must(m.Access.PutRole(m.Ctx, access.Role{ID: m.IDs.New(), Name: "MODERATOR"}))
	m.Must(m.Access.PutRole(m.Ctx, access.Role{
		ID: m.IDs.New(), Name: "MOVER", Permissions: []string{access.UsersImport.Key()},
	}))
	m.want(m.imports(line(`"roles":["MODERATOR"]`)), "created")
	m.grant(m.caller.UserID, "MOVER")
	m.want(m.imports(
		`{"external_id":"1","email":"one@example.com","roles":["MODERATOR"]}`,
		`{"external_id":"2","email":"two@example.com","roles":["MOVER"]}`,
		`{"external_id":"3","email":"three@example.com","roles":["USER"]}`,
		`{"external_id":"3","email":"three@example.com","roles":["MODERATOR","USER"]}`,
		line(`"roles":["USER"]`), line(`"roles":["MODERATOR"]`, `"name":"Ada King"`),
	), "rejected forbidden", "rejected forbidden", "created", "rejected forbidden", "rejected forbidden", "updated")
}

func TestImportsGiveNoMoreThanTheCallerHolds(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleAdmin)
	boss := m.Member("boss@example.com", "boss")
	m.grant(boss.User.ID, account.RoleOwner)
	m.Alter(boss.User.ID, func(user *account.User) { user.ExternalID = "boss" })
	m.want(m.imports(
		`{"external_id":"1","email":"one@example.com","roles":["OWNER"]}`,
		`{"external_id":"boss","email":"boss@example.com","name":"Not the boss"}`,
		`{"external_id":"boss","email":"boss@example.com","roles":["USER"]}`,
		`{"external_id":"2","email":"two@example.com","roles":["ADMIN"]}`,
	), "rejected exceeds_own_rights", "rejected exceeds_own_rights", "rejected exceeds_own_rights", "created")
	m.caller = m.Program(m.caller.UserID, access.UsersImport.Key())
	m.want(m.imports(
		`{"external_id":"3","email":"three@example.com","roles":["ADMIN"]}`,
		`{"external_id":"4","email":"four@example.com"}`,
		`{"external_id":"2","email":"two@example.com","name":"Less"}`,
		`{"external_id":"4","email":"four@example.com","name":"More"}`,
	), "rejected exceeds_own_rights", "created", "rejected exceeds_own_rights", "updated")
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.Alter(m.caller.UserID, func(user *account.User) { user.ExternalID = "me" })
	m.want(m.imports(`{"external_id":"me","email":"mover@example.com","roles":["USER"]}`), "rejected last_owner")
	m.want(m.imports(`{"external_id":"me","email":"mover@example.com","roles":["USER","OWNER"]}`), "rejected not_allowed")
}

// An external id that somebody was given by hand brings them nothing that an import assigns.
func TestAnExternalIDIsNoClaimToRoles(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	ada := m.Member("ada@example.com", "ada")
	m.Alter(ada.User.ID, func(user *account.User) { user.ExternalID = "boss" })
	m.want(m.imports(
		`{"external_id":"boss","email":"ada@example.com","roles":["ADMIN"]}`,
		`{"external_id":"boss","email":"ada@example.com","name":"Ada King"}`,
	), "rejected not_allowed", "updated")
	coretest.Equal(t, []string{account.RoleUser}, m.User(ada.User.ID).Roles)

	grace := m.imports(`{"external_id":"8","email":"grace@example.com"}`)[0].ID
	m.Alter(grace, func(user *account.User) { user.ExternalID = "next" })
	m.want(m.imports(`{"external_id":"next","email":"hired@example.com","roles":["ADMIN"]}`), "rejected not_allowed")
	coretest.Equal(t, []string{account.RoleUser}, m.User(grace).Roles)
}

func TestImportsByNobody(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleUser)
	for name, body := range map[string]string{"an import": line(), "an empty one": "", "bad lines": "[]\n[]"} {
		if told, err := m.tries(strings.NewReader(body)); !errors.Is(err, access.Lacks(access.UsersImport)) || len(told) != 0 {
			t.Errorf("%s: %v %v", name, told, err)
		}
	}
	m.caller = core.Principal{Means: core.ByService, ServiceID: core.ID{1}}
	if _, err := m.tries(strings.NewReader(line())); core.AsError(err).Kind != core.KindUnauthenticated {
		t.Errorf("a service that is gone: %v", err)
	}
}

func TestServicesImport(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.caller = m.machine(access.UsersImport)
	m.want(m.imports(line()), "created")
	m.want(m.imports(line(`"name":"Ada King"`)), "updated")
}
