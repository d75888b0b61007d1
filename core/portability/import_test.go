package portability_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/portability"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// anyHash takes every hash but one.
type anyHash struct{}

func (anyHash) Check(hash account.PasswordHash) error {
	if hash == "$dear$" {
		return core.InvalidField("password_hash", core.CodeOutOfRange, "Too dear.")
	}
	return nil
}

// mover is a house with somebody who moves accounts.
type mover struct {
	*house.House
	t       *testing.T
	porting *portability.Service
	caller  core.Principal
	signIn  signin.SignedIn
}

// moving opens a house with somebody who has a role.
func moving(t *testing.T, role string) *mover {
	t.Helper()
	h := house.Open(t)
	m := &mover{House: h, t: t}
	m.signIn = h.Member("mover@example.com", "mover")
	m.grant(m.signIn.User.ID, role)
	m.caller = h.Principal(m.signIn)
	m.porting = portability.NewService(portability.Deps{
		Store: h.Imported,
		Users: h.Users, Memberships: h.Access, Obligations: h.Factors, Sessions: h.Sessions, Secrets: h.Prover, Warden: h.Warden, Hashes: anyHash{}, Tx: h.DB,
		Announcer: h.Announced, Trail: h.Trail, Clock: h.Clock, IDs: h.IDs,
	}, portability.Config{})
	return m
}

func (m *mover) grant(id core.ID, roles ...string) {
	m.t.Helper()
	var members []access.Membership
	for _, role := range roles {
		members = append(members, access.Membership{Role: role, At: m.Clock.Now()})
	}
	_, err := m.Access.Set(m.Ctx, id, access.KindRole, members, m.Clock.Now())
	m.Must(err)
}

// imports does a whole import and gives its outcomes.
func (m *mover) imports(lines ...string) []portability.Outcome {
	m.t.Helper()
	told, err := m.tries(strings.NewReader(strings.Join(lines, "\n")))
	if !errors.Is(err, io.EOF) {
		m.t.Fatal(err)
	}
	return told
}

func (m *mover) tries(body io.Reader) (told []portability.Outcome, err error) {
	work := m.porting.Import(m.caller, body)
	for {
		outcomes, err := work.Next(m.Ctx)
		told = append(told, outcomes...)
		if err != nil {
			work.Close(m.Ctx, errors.Is(err, io.EOF))
			return told, err
		}
	}
}

// want fails the test unless the outcomes are these: status, and code where there is one.
func (m *mover) want(told []portability.Outcome, want ...string) {
	m.t.Helper()
	var got []string
	for _, each := range told {
		got = append(got, strings.TrimSpace(fmt.Sprint(each.Status, " ", each.Code)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		m.t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func line(members ...string) string {
	return `{"external_id":"7","email":"ada@example.com"` + strings.Join(append([]string{""}, members...), ",") + "}"
}

func TestImportMakesAccounts(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	told := m.imports(
		line(`"name":"Ada Lovelace"`, `"username":"ada"`, `"phone":"+4915112345678"`, `"email_verified":true`,
			`"password_hash":"$0$x"`, `"roles":["USER","ADMIN"]`, `"created_at":"2020-01-02T03:04:05.123456789Z"`),
		`{"external_id":"8","email":"Grace@example.com","username":null,"roles":null}`)
	m.want(told, "created", "created")
	ada, grace := m.User(told[0].ID), m.User(told[1].ID)
	if ada.Email != "ada@example.com" || ada.Username != "ada" || ada.Profile.Name != "Ada Lovelace" || !ada.EmailVerified ||
		ada.Password != "$0$x" || !ada.PasswordChangedAt.Equal(m.Clock.Now()) || ada.Source != account.SourceImported ||
		ada.ExternalID != "7" || !ada.CreatedAt.Equal(time.Date(2020, 1, 2, 3, 4, 5, 123456000, time.UTC)) || len(ada.Roles) != 2 {
		t.Errorf("made %+v", ada)
	}
	if grace.Profile.Name != "Grace" || grace.EmailVerified || grace.Password != "" || !grace.HasRole(account.RoleUser) ||
		!grace.PasswordChangedAt.IsZero() || !grace.CreatedAt.Equal(m.Clock.Now()) {
		t.Errorf("made %+v", grace)
	}
	if len(m.Post.All("ada@example.com"))+len(m.Post.All("Grace@example.com")) != 0 {
		t.Error("an import sends mail")
	}
}

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

func TestImportedPeopleSignInAndAreRehashed(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	hash, err := m.Hasher.Hash(m.Ctx, house.Passphrase)
	m.Must(err)
	m.Hasher.Strength.Store(3)
	told := m.imports(line(`"email_verified":true`, `"password_hash":"`+string(hash)+`"`))
	m.Login("ada@example.com")
	if fresh := m.User(told[0].ID).Password; fresh == hash || !strings.HasPrefix(string(fresh), "$3$") {
		t.Error("the hash was not made anew")
	}
	// The same hash in another line is no news, though the row has another by now.
	signedIn := m.Login("ada@example.com")
	m.want(m.imports(line(`"email_verified":true`, `"name":"Ada King"`, `"password_hash":"`+string(hash)+`"`)), "updated")
	if !m.Alive(signedIn) || m.User(told[0].ID).Password == hash {
		t.Error("the old hash came back")
	}
}

// rejections are lines that are refused, and why.
var rejections = map[string]struct{ line, code, field string }{
	"no json":            {`[]`, "invalid_format", ""},
	"half a line":        {`{"external_id":"x"`, "invalid_format", ""},
	"more than a line":   {line() + " 1", "invalid_format", ""},
	"no UTF-8":           {"{\"external_id\":\"\xff\"}", "invalid_format", ""},
	"an unknown member":  {line(`"EMAIL":"b@example.com"`), "unknown_field", "EMAIL"},
	"a member twice":     {line(`"email":"b@example.com"`), "not_allowed", "email"},
	"a wrong type":       {line(`"roles":"USER"`), "invalid_format", "roles"},
	"no id":              {`{"email":"ada@example.com"}`, "required", "external_id"},
	"a long id":          {`{"email":"a@example.com","external_id":"` + strings.Repeat("x", 256) + `"}`, "too_long", "external_id"},
	"a strange id":       {`{"email":"a@example.com","external_id":"a\u0000"}`, "not_allowed", "external_id"},
	"an unseen id":       {`{"email":"a@example.com","external_id":"a\u200b"}`, "not_allowed", "external_id"},
	"no address":         {`{"external_id":"7"}`, "required", "email"},
	"a bad address":      {`{"external_id":"7","email":"ada"}`, "invalid_format", "email"},
	"a taken address":    {`{"external_id":"7","email":"MOVER@example.com"}`, "email_taken", ""},
	"a taken username":   {line(`"username":"Mover"`), "username_taken", ""},
	"a bad username":     {line(`"username":"a"`), "too_short", "username"},
	"a bad phone":        {line(`"phone":"110"`), "invalid_format", "phone"},
	"a bad name":         {line(`"name":"a\u0007"`), "not_allowed", "name"},
	"a dear hash":        {line(`"password_hash":"$dear$"`), "out_of_range", "password_hash"},
	"an unknown role":    {line(`"roles":["PIRATE"]`), "unknown_value", "roles"},
	"many roles":         {line(`"roles":[` + strings.Repeat(`"R",`, access.RolesMax) + `"R"]`), "too_long", "roles"},
	"from the future":    {line(`"created_at":"2999-01-01T00:00:00Z"`), "out_of_range", "created_at"},
	"from before":        {line(`"created_at":"1969-12-31T23:59:59Z"`), "out_of_range", "created_at"},
	"a time without one": {line(`"created_at":"yesterday"`), "invalid_format", "created_at"},
	"too long":           {line(`"name":"` + strings.Repeat("x", portability.LineMax) + `"`), "too_long", ""},
}

func TestRejections(t *testing.T) {
	t.Parallel()
	for name, c := range rejections {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := moving(t, account.RoleOwner)
			told := m.imports(`{"external_id":"1","email":"one@example.com"}`, c.line, "", `{"external_id":"2","email":"two@example.com"}`)
			if len(told) != 3 || told[0].Status != portability.Created || told[2].Status != portability.Created || told[2].Line != 4 {
				t.Fatalf("others are spoilt: %+v", told)
			}
			if told[1].Status != portability.Rejected || string(told[1].Code) != c.code || told[1].Field != c.field || !told[1].ID.IsZero() {
				t.Errorf("%+v", told[1])
			}
		})
	}
}

func TestImportAgain(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	first := m.imports(line(`"name":"Ada"`, `"password_hash":"$0$x"`))
	m.want(m.imports(`{ "password_hash":"$0$x", "email":"ada@example.com", "name":"Ada", "external_id":"7" }`), "unchanged")
	before := m.User(first[0].ID)
	m.Later(time.Hour)
	told := m.imports(line(`"name":"Ada King"`, `"username":"ada"`, `"password_hash":"$0$y"`, `"roles":["ADMIN"]`, `"email_verified":true`))
	m.want(told, "updated")
	after := m.User(first[0].ID)
	if told[0].ID != before.ID || after.Profile.Name != "Ada King" || after.Username != "ada" || after.Password != "$0$y" ||
		!after.HasRole(account.RoleAdmin) || after.HasRole(account.RoleUser) || !after.EmailVerified ||
		!after.PasswordChangedAt.Equal(m.Clock.Now()) {
		t.Errorf("updated to %+v", after)
	}
	if m.Announced.Of(core.SubjectUser, before.ID) == 0 {
		t.Error("replicas do not know of it")
	}
	m.want(m.imports(line()), "updated") // tells less, takes nothing away
	if rest := m.User(before.ID); rest.Profile.Name != "Ada King" || rest.Username != "ada" || rest.Password != "$0$y" || !rest.EmailVerified {
		t.Errorf("taken away: %+v", rest)
	}
}

func TestWhatPeopleDidStays(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	id := m.imports(line(`"password_hash":"$0$x"`))[0].ID
	m.Later(time.Hour)
	m.Alter(id, func(user *account.User) {
		user.EmailVerified, user.Password, user.PasswordChangedAt = true, "$0$own", m.Clock.Now()
	})
	m.Later(time.Hour)
	m.want(m.imports(`{"external_id":"7","email":"new@example.com","name":"Ada King","password_hash":"$0$z"}`), "updated")
	user := m.User(id)
	if user.EmailKey != "ada@example.com" || !user.EmailVerified || user.Password != "$0$own" || user.Profile.Name != "Ada King" {
		t.Errorf("overwritten: %+v", user)
	}
}

func TestAnAddressThatNobodyProvedFollows(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	id := m.imports(line())[0].ID
	m.want(m.imports(`{"external_id":"7","email":"new@example.com"}`), "updated")
	m.want(m.imports(`{"external_id":"7","email":"newer@example.com","email_verified":true}`), "updated")
	if user := m.User(id); user.EmailKey != "newer@example.com" || !user.EmailVerified {
		t.Errorf("%+v", user)
	}
	m.want(m.imports(`{"external_id":"7","email":"mover@example.com"}`), "rejected email_taken")
}

func TestAccountsThatNoImportMade(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	ada := m.Member("ada@example.com", "ada")
	m.Alter(ada.User.ID, func(user *account.User) { user.ExternalID = "7" })
	before := m.User(ada.User.ID)
	m.want(m.imports(`{"external_id":"7","email":"other@example.com","name":"Ada King","password_hash":"$0$z"}`), "updated")
	after := m.User(ada.User.ID)
	if after.EmailKey != before.EmailKey || after.Password != before.Password || after.Profile.Name != "Ada King" || !m.Alive(ada) {
		t.Errorf("from %+v to %+v", before, after)
	}
	m.Alter(ada.User.ID, func(user *account.User) {
		user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, m.Clock.Now(), m.Clock.Now()
	})
	m.want(m.imports(line()), "rejected conflict")
}

func TestANewPasswordEndsSessions(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	hash, err := m.Hasher.Hash(m.Ctx, house.Passphrase)
	m.Must(err)
	m.imports(line(`"email_verified":true`, `"password_hash":"`+string(hash)+`"`))
	signedIn := m.Login("ada@example.com")
	m.Later(time.Second)
	m.imports(line(`"email_verified":true`, `"password_hash":"$0$z"`))
	if m.Alive(signedIn) {
		t.Error("a session of the old password is alive")
	}
}

// The mailbox that an import took away gets at the account no more, by nothing that it was sent before.
func TestANewAddressEndsLinksToTheOldOne(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.imports(line(`"email_verified":true`, `"password_hash":"$0$x"`))
	_, err := m.Password.Forgot(m.Ctx, "ada@example.com")
	m.Must(err)
	m.Work()
	token := m.Letter(mail.KindPasswordReset, "ada@example.com").Token
	m.Must(m.Password.CheckReset(m.Ctx, token))
	m.want(m.imports(`{"external_id":"7","email":"new@example.com"}`), "updated")
	m.Refused(m.Password.CheckReset(m.Ctx, token), verification.ErrLink)
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

// An import that breaks has done what it told of, and what was read before it broke.
func TestImportThatBreaks(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	var lines []string
	for i := range 450 {
		lines = append(lines, fmt.Sprintf(`{"external_id":"%d","email":"u%d@example.com"}`, i, i))
	}
	broken := errors.New("hung up")
	body := io.MultiReader(strings.NewReader(strings.Join(lines[:250], "\n")+"\n"), iotest.ErrReader(broken))
	told, err := m.tries(body)
	if !errors.Is(err, broken) || len(told) != 250 {
		t.Fatalf("%d lines, %v", len(told), err)
	}
	counts := map[portability.Status]int{}
	for _, each := range m.imports(lines...) {
		counts[each.Status]++
	}
	if counts[portability.Unchanged] != 250 || counts[portability.Created] != 200 {
		t.Errorf("again: %v", counts)
	}
}

// Two lines of one account in one batch are done one after the other, and of two that want one name the first has it.
func TestLinesThatMeet(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	m.want(m.imports(
		line(`"name":"One"`), line(`"name":"Two"`), line(`"name":"Two"`),
		`{"external_id":"8","email":"b@example.com","username":"same"}`,
		`{"external_id":"9","email":"c@example.com","username":"Same"}`,
		`{"external_id":"10","email":"B@example.com"}`,
	), "created", "updated", "unchanged", "created", "rejected username_taken", "rejected email_taken")
}

// counting tells how much of a body was read.
type counting struct {
	io.Reader
	read int
}

func (c *counting) Read(into []byte) (int, error) {
	n, err := c.Reader.Read(into)
	c.read += n
	return n, err
}

// An import reads on only when it is asked for more: whoever does not take the reply is not read from.
func TestImportReadsNoFurtherThanItTells(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleOwner)
	const each = "[]                \n"
	body := &counting{Reader: strings.NewReader(strings.Repeat(each, 10_000))}
	work := m.porting.Import(m.caller, body)
	for batch := 1; batch <= 3; batch++ {
		outcomes, err := work.Next(m.Ctx)
		if most := batch*200*len(each) + portability.LineMax + 1; err != nil || len(outcomes) != 200 || body.read > most {
			t.Fatalf("%d outcomes, %d bytes read, %v", len(outcomes), body.read, err)
		}
	}
}
