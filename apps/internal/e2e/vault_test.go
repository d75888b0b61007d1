package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// vault is a database with all that is sealed in it, past the servers.
type vault struct {
	t        *testing.T
	clock    core.Clock
	ids      *core.IDs
	tx       core.Transactor
	users    account.Store
	factors  mfa.Store
	flows    verification.Flows
	links    verification.Links
	intakes  verification.Intakes
	outbox   mail.Outbox
	mailbox  mail.Mailbox
	keys     token.KeyStore
	sealed   sealed.Store
	census   sealed.Census
	replies  idempotency.Store
	receipts []verification.Receipt
	started  []core.ID
	tokens   []string
}

// eachVault runs a test on either database.
func eachVault(t *testing.T, test func(t *testing.T, v *vault)) {
	t.Helper()
	clock := core.ClockFunc(time.Now)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db := sqlitetest.OpenFile(t, sqlitetest.File(t))
		test(t, &vault{
			t: t, clock: clock, ids: core.NewIDs(clock), tx: db, users: db.Accounts(), factors: db.Factors(), flows: db.Flows(),
			links: db.Links(), intakes: db.Intakes(), outbox: db.Outbox(), mailbox: db.Mailbox(), keys: db.Keys(),
			sealed: db.Sealed(), census: db.Sealed(), replies: db.Idempotency(),
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db := postgrestest.Open(t)
		test(t, &vault{
			t: t, clock: clock, ids: core.NewIDs(clock), tx: db, users: db.Accounts(), factors: db.Factors(), flows: db.Flows(),
			links: db.Links(), intakes: db.Intakes(), outbox: db.Outbox(), mailbox: db.Mailbox(), keys: db.Keys(),
			sealed: db.Sealed(), census: db.Sealed(), replies: db.Idempotency(),
		})
	})
}

func (v *vault) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *vault) ring(text string) *secret.Ring {
	v.t.Helper()
	ring, err := secret.ParseRing(text)
	v.must(err)
	return ring
}

func (v *vault) prover(ring *secret.Ring) *verification.Prover {
	return verification.NewProver(verification.ProverDeps{Flows: v.flows, Links: v.links, Ring: ring, Clock: v.clock})
}

func (v *vault) desk(ring *secret.Ring) *verification.Desk {
	return verification.NewDesk(verification.DeskDeps{
		Intakes: v.intakes, Ring: ring, Tx: v.tx, Clock: v.clock, IDs: v.ids, Nudge: func() {},
	})
}

func (v *vault) signers(ring *secret.Ring) *token.Ring {
	return token.NewRing(token.RingDeps{
		Store: v.keys, Tx: v.tx, Master: ring, Clock: v.clock, IDs: v.ids, Log: core.Discard(),
	}, token.RingConfig{})
}

func (v *vault) keeper(ring *secret.Ring) *sealed.Keeper {
	return sealed.NewKeeper(sealed.Deps{
		Store: v.sealed, Census: v.census, Ring: ring, Clock: v.clock, Log: core.Discard(),
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

// pair is how many values each place is filled with.
const pair = 2

// The details of the two flows and links, which are for two purposes.
var purposes = [pair]verification.Purpose{verification.PurposeEmailChange, verification.PurposePasswordReset}

// fill has the domain seal two values in every place.
func (v *vault) fill(ring *secret.Ring) {
	v.t.Helper()
	ctx, office, box := v.t.Context(), mail.NewOffice(v.outbox, ring, v.clock, v.ids), mail.NewDevBox(v.mailbox, ring, v.clock)
	signers := v.signers(ring)
	v.must(signers.Load(ctx))
	_, err := signers.Rotate(ctx)
	v.must(err)
	for i := range pair {
		user := accounttest.Person("")
		v.must(v.users.Create(ctx, user))
		v.addFactor(ring, user.ID)
		v.answerOnce(ring, user.ID)
		flow := verification.Flow{
			ID: v.ids.New(), Purpose: purposes[i], Subject: user.ID.String(), User: user.ID, Detail: []byte("detail of a flow"),
		}
		_, _, err := v.prover(ring).Code(ctx, flow)
		v.must(err)
		link := verification.Link{Purpose: purposes[i], User: user.ID, Detail: []byte("detail of a link")}
		linked, _, err := v.prover(ring).Link(ctx, link, time.Hour)
		v.must(err)
		receipt, err := v.desk(ring).Submit(ctx, "register", "request")
		v.must(err)
		v.must(office.Post(ctx, mail.Letter{Kind: mail.KindDeleted, To: user.Email}))
		v.must(box.Send(ctx, mail.Email{ID: v.ids.New(), Kind: mail.KindDeleted, To: user.Email, Subject: "message"}))
		v.started, v.tokens, v.receipts = append(v.started, flow.ID), append(v.tokens, linked), append(v.receipts, receipt)
	}
}

func (v *vault) addFactor(ring *secret.Ring, user core.ID) {
	v.t.Helper()
	id, now := v.ids.New(), v.clock.Now()
	v.must(v.factors.Add(v.t.Context(), mfa.Factor{
		ID: id, UserID: user, Kind: mfa.KindTOTP, LastStep: -1, CreatedAt: now, ConfirmedAt: now,
		Sealed: ring.Seal(secret.PlaceFactors.Of(user.String(), id.String()), []byte("seed")),
	}))
}

// answerOnce keeps the reply of a call that may be repeated.
func (v *vault) answerOnce(ring *secret.Ring, caller core.ID) {
	v.t.Helper()
	guard := idempotency.NewGuard(idempotency.Deps{
		Store: v.replies, Ring: ring, Clock: v.clock, IDs: v.ids, Log: core.Discard(),
	}, idempotency.Config{})
	run, _, err := guard.Begin(v.t.Context(), idempotency.Call{
		Caller: core.Principal{UserID: caller}, Key: "key", Operation: "createUser",
	})
	v.must(err)
	guard.Finish(v.t.Context(), run, &idempotency.Reply{Status: 201, Body: []byte("reply")})
}

// placed is a sealed value with its place.
type placed struct {
	place secret.Place
	sealed.Value
}

// all gives every sealed value there is.
func (v *vault) all() (values []placed) {
	v.t.Helper()
	for _, place := range secret.Places() {
		stale, err := v.sealed.Stale(v.t.Context(), place, secret.Tag{}, "", 10)
		v.must(err)
		if len(stale) != pair {
			v.t.Fatalf("%d values in %s: nothing fills it", len(stale), place)
		}
		for _, value := range stale {
			values = append(values, placed{place, value})
		}
	}
	return values
}

// reseal runs the keeper, and fails unless it told these counts of every place.
func (v *vault) reseal(ring *secret.Ring, want sealed.Counts) {
	v.t.Helper()
	summary, err := v.keeper(ring).Reseal(v.t.Context(), sealed.Options{BatchSize: 1})
	v.must(err)
	for _, place := range secret.Places() {
		if got := summary.Counts[place]; got != want {
			v.t.Errorf("%s: %+v, want %+v", place, got, want)
		}
	}
}

// A value that was sealed for one row opens in no other: neither in another row of its table, nor in another table,
// nor for another purpose, nor for another owner (OWASP ASVS 5.0 11.3.3).
func TestWhatIsMovedDoesNotOpen(t *testing.T) {
	t.Parallel()
	eachVault(t, func(t *testing.T, v *vault) {
		before := secret.GenerateKey("before")
		v.fill(v.ring(before))
		between := v.ring(secret.GenerateKey("after") + "," + before)
		values := v.all()
		for name, move := range map[string]func(i int) int{
			"within its table": func(i int) int { return i ^ 1 },
			"across tables":    func(i int) int { return (i + pair) % len(values) },
		} {
			for i, value := range values {
				v.must(v.sealed.Replace(t.Context(), value.place, value.Value, values[move(i)].Sealed))
			}
			v.reseal(between, sealed.Counts{Closed: pair})
			for i, value := range values {
				moved := value.Value
				moved.Sealed = values[move(i)].Sealed
				if err := v.sealed.Replace(t.Context(), value.place, moved, value.Sealed); err != nil {
					t.Fatalf("%s: put back: %v", name, err)
				}
			}
		}
		for _, value := range values {
			if value.Bound == "" {
				continue
			}
			for _, bound := range []string{"another", "", strings.ToUpper(value.Bound)} {
				if _, err := between.Open(value.place.Of(bound, value.Key), value.Sealed); err == nil {
					t.Errorf("%s opens though it is bound to %q instead of %q", value.place, bound, value.Bound)
				}
			}
		}
		v.reseal(between, sealed.Counts{Renewed: pair})
	})
}

// What was sealed anew opens to those who use it, with the new key alone.
func TestWhatIsSealedAnewIsWhole(t *testing.T) {
	t.Parallel()
	eachVault(t, func(t *testing.T, v *vault) {
		before, after := secret.GenerateKey("before"), secret.GenerateKey("after")
		v.fill(v.ring(before))
		v.reseal(v.ring(after+","+before), sealed.Counts{Renewed: pair})
		v.reseal(v.ring(after+","+before), sealed.Counts{})
		ctx, ring := t.Context(), v.ring(after)
		signers := v.signers(ring)
		v.must(signers.Load(ctx))
		for _, key := range signers.Published() {
			same(t, "a signing key opens", key.Private != nil, true)
		}
		for i := range pair {
			flow, err := v.prover(ring).Flow(ctx, v.started[i])
			v.must(err)
			same(t, "detail", string(flow.Detail), "detail of a flow")
			link, err := v.prover(ring).Peek(ctx, v.tokens[i], purposes[i])
			v.must(err)
			same(t, "detail", string(link.Detail), "detail of a link")
		}
		v.mustRead(ring)
		status, err := v.keeper(ring).Status(ctx)
		v.must(err)
		same(t, "keys that are needed", len(status.Keys), 1)
	})
}

// mustRead fails the test unless intakes, caught messages and seeds open.
func (v *vault) mustRead(ring *secret.Ring) {
	v.t.Helper()
	ctx := v.t.Context()
	for _, value := range v.all() {
		context := value.place.Of(value.Key)
		if value.Bound != "" {
			context = value.place.Of(value.Bound, value.Key)
		}
		_, err := ring.Open(context, value.Sealed)
		v.must(err)
	}
	claimed, err := v.intakes.Claim(ctx, v.clock.Now().Add(time.Hour), time.Minute, 10)
	v.must(err)
	same(v.t, "intakes", len(claimed), pair)
	for _, intake := range claimed {
		var request string
		v.must(v.desk(ring).Resolve(ctx, intake, &request, func(context.Context) error { return nil }))
		same(v.t, "request", request, "request")
	}
	messages, err := mail.NewDevBox(v.mailbox, ring, v.clock).List(ctx, "", "", 0)
	v.must(err)
	same(v.t, "caught messages", len(messages), pair)
}

// A rotation of the master keys, as the guide tells operators to do it, is noticed by nobody.
func TestMasterKeysAreRotated(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		before, after := secret.GenerateKey("before"), secret.GenerateKey("after")
		restart := func(n *node, ring string) *node {
			t.Helper()
			if n != nil {
				if err := n.stop(); err != nil {
					t.Fatal(err)
				}
			}
			s.variables["MASTER_KEYS"] = ring
			return s.start("APP_URL", "http://accounts.example.com")
		}
		n := restart(nil, before)
		ada := s.newPerson(t).signUp(n)
		undo := ada.moveTo(n, s.newPerson(t).email)
		app := ada.enrol(n)

		n = restart(n, before+","+after)
		ada.mustBeIn(n)
		n = restart(n, after+","+before)
		ada.mustBeIn(n)
		contains(t, s.ran(t, 0, "api", "keys", "status"), "after (current)", `before: run "api keys reseal".`)
		contains(t, s.ran(t, 0, "api", "keys", "reseal"), "SEALED ANEW", "signing keys      1 ", "second factors    1 ", "details of links  1 ")
		status := s.ran(t, 0, "api", "keys", "status")
		contains(t, status, "before: without it 10 recovery codes and 0 passwords stop working")
		if strings.Contains(status, "reseal") {
			t.Errorf("something is left:\n%s", status)
		}
		ada.refresh(n)

		n = restart(n, after)
		ada.mustBeIn(n)
		ada.refresh(n)
		for _, step := range []struct {
			factor client.FactorKind
			code   string
			want   int
		}{{client.FactorKindTotp, app.code(), 200}, {client.FactorKindRecoveryCode, app.recoveryCode(), 400}} {
			got, err := ada.secondStep(n, ada.asked(n).ID, step.code, step.factor)
			same(t, string(step.factor)+" is answered with", fmt.Sprint(got, err), fmt.Sprint(step.want, nil))
		}
		takeBack(t, n, undo)
		ada.mustBeOut(n)
	})
}

// The ring that the embedded default makes for itself is where the guide says.
func TestKeyStatusOfTheEmbeddedDefault(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	s.newPerson(t).signUp(s.start())
	contains(t, s.ran(t, 0, "api", "keys", "status"), "embedded (current)", "signing keys")
	if files := filesBelow(t, s.variables["DATA_DIR"]); files[filepath.Join(s.variables["DATA_DIR"], "master.keys")] == nil {
		t.Error("there is no master.keys")
	}
}
