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
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
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
