//go:build sameness

package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/apps/internal/shift"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/mfa"
)

// The promise: what an answer takes does not tell whether an address has an account, nor in which state it is. It
// holds when the median of the differences lies, at 99.9 %, nearer to nothing than nearness; the control, with
// injected put into one of the two, must not.
const (
	nearness      = time.Millisecond
	injected      = 2 * time.Millisecond
	confidence    = 3.29
	samenessPairs = 600
	townsfolk     = 40
)

// stranger is whom a question names.
type stranger string

const (
	unknown    stranger = "unknown"
	known      stranger = "known"
	unverified stranger = "unverified"
	suspended  stranger = "suspended"
	barred     stranger = "reset demanded"
	protected  stranger = "protected by a second factor"
)

// alter makes an account of that state.
var alter = map[stranger]func(user *account.User){
	known:      func(*account.User) {},
	unverified: func(user *account.User) { user.EmailVerified = false },
	suspended:  func(user *account.User) { user.Status = account.StatusSuspended },
	barred:     func(user *account.User) { user.MustReset = true },
	protected:  func(*account.User) {},
}

// town is the addresses of a site by the state of their accounts.
type town map[stranger][]string

// settle opens accounts of every state, without a request.
func settle(t *testing.T, s *site) town {
	t.Helper()
	addresses := town{}
	type parts struct {
		fx.In
		Engine  wire.Engine
		Hasher  credential.Hasher
		Factors mfa.Store
		IDs     *core.IDs
	}
	err := wire.RunMigrated(t.Context(), s.settings(), s.log, func(ctx context.Context, p parts) error {
		hash, err := credential.Hash(ctx, p.Hasher, "the password of everybody")
		if err != nil {
			return err
		}
		var users []account.User
		var factors []mfa.Factor
		for state, change := range alter {
			for range townsfolk {
				user := resident(p.IDs.New(), hash)
				change(&user)
				addresses[state] = append(addresses[state], user.Email)
				users = append(users, user)
				if state == protected {
					factors = append(factors, mfa.Factor{
						ID: p.IDs.New(), UserID: user.ID, Kind: mfa.KindTOTP, Sealed: []byte("seed"), LastStep: -1,
						CreatedAt: user.CreatedAt, ConfirmedAt: user.CreatedAt,
					})
				}
			}
		}
		if err := p.Engine.BulkUsers(ctx, users); err != nil {
			return err
		}
		for _, factor := range factors {
			if err := p.Factors.Add(ctx, factor); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range townsfolk {
		addresses[unknown] = append(addresses[unknown], strings.ToLower(rand.Text())+"@example.com")
	}
	return addresses
}

func resident(id core.ID, hash account.PasswordHash) account.User {
	address, now := strings.ToLower(rand.Text())+"@example.com", time.Now()
	return account.User{
		ID: id, Email: address, EmailKey: address, EmailVerified: true, Profile: account.Profile{Name: "Ada Lovelace"},
		Status: account.StatusActive, Roles: []string{account.RoleUser}, Password: hash, PasswordChangedAt: now,
		CreatedAt: now, UpdatedAt: now, Rev: 1,
	}
}

// question is one that names an address.
type question struct {
	name, path string
	status     int
	body       func(address string) map[string]string
}

var questions = []question{
	{"login", "/v1/auth/login", http.StatusUnauthorized, func(address string) map[string]string {
		return map[string]string{"identifier": address, "password": "not the password of anybody"}
	}},
	{"register", "/v1/auth/register", http.StatusAccepted, func(address string) map[string]string {
		return map[string]string{"email": address, "password": "pw " + rand.Text(), "name": "Ada Lovelace"}
	}},
	{"forgot", "/v1/auth/forgot-password", http.StatusAccepted, byIdentifier},
	{"resend", "/v1/auth/resend-verification", http.StatusAccepted, byIdentifier},
}

// wrongCode is about a verification, whose id stands in the place of an address. Five tries of one are answered in
// another way than those that follow, which are no less alike.
var wrongCode = question{"wrong code", "/v1/auth/reset-password", http.StatusBadRequest, func(id string) map[string]string {
	return map[string]string{"verification_id": id, "code": "000000", "new_password": "pw " + rand.Text()}
}}

// verifications asks for three verifications of each address and gives their ids.
func (m *meter) verifications(addresses []string) (ids []string) {
	m.t.Helper()
	for range 3 {
		for _, address := range addresses {
			reply := must[*client.ForgotPasswordResponse](m.t, http.StatusAccepted)(m.node.stranger().ForgotPasswordWithResponse(
				m.t.Context(), client.ForgotPasswordRequest{Identifier: address}))
			ids = append(ids, reply.JSON202.Verification.ID)
		}
	}
	time.Sleep(2 * rest)
	return ids
}

// TestWrongCodesTakeTheSameTime compares the codes of somebody unknown with those of accounts.
func TestWrongCodesTakeTheSameTime(t *testing.T) {
	for way, open := range samenessSites {
		t.Run(way, func(t *testing.T) {
			m, addresses := open(t, quiet...).measured(t)
			found := m.compare(wrongCode, m.verifications(addresses[unknown]), m.verifications(addresses[known]), 0)
			t.Logf("shift %v", found)
			if !found.Within(nearness) {
				t.Errorf("the time of a wrong code tells: shift %v, promised within %v", found, nearness)
			}
		})
	}
}

func byIdentifier(address string) map[string]string { return map[string]string{"identifier": address} }

// meter asks and takes the time.
type meter struct {
	t    *testing.T
	node *node
	http *http.Client
}

func newMeter(t *testing.T, n *node) *meter {
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &meter{t: t, node: n, http: &http.Client{Transport: transport, Timeout: patience}}
}

// ask takes how long the answer takes to the end of its body.
func (m *meter) ask(q question, address string, delay time.Duration) time.Duration {
	m.t.Helper()
	body, err := json.Marshal(q.body(address))
	if err != nil {
		m.t.Fatal(err)
	}
	started := time.Now()
	time.Sleep(delay)
	response, err := m.http.Post(m.node.address+q.path, "application/json", bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	took := time.Since(started)
	if err != nil || response.StatusCode != q.status {
		m.t.Fatalf("%s: answered %d %s, %v", q.name, response.StatusCode, answer, err)
	}
	return took
}

// compare asks about both in pairs, in an order that chance decides, and gives the shift from the first to the
// second.
func (m *meter) compare(q question, first, second []string, delay time.Duration) shift.Interval {
	m.t.Helper()
	differences := make([]time.Duration, 0, samenessPairs)
	for i := range samenessPairs {
		a, b := first[i%len(first)], second[i%len(second)]
		var left, right time.Duration
		if mathrand.IntN(2) == 0 { //nolint:gosec // only an order
			left = m.ask(q, a, 0)
			right = m.ask(q, b, delay)
		} else {
			right = m.ask(q, b, delay)
			left = m.ask(q, a, 0)
		}
		differences = append(differences, right-left)
	}
	return shift.Of(differences, confidence)
}

// warm lets pools and caches fill.
func (m *meter) warm(addresses []string) {
	for _, q := range questions {
		for _, address := range addresses {
			m.ask(q, address, 0)
		}
	}
}

// samenessSites are both ways to run. They are measured one after the other.
var samenessSites = map[string]func(t *testing.T, pairs ...string) *site{"embedded": embedded, "production shape": distributed}

func (s *site) measured(t *testing.T) (*meter, town) {
	t.Helper()
	addresses := settle(t, s)
	m := newMeter(t, s.start())
	m.warm(addresses[unknown])
	return m, addresses
}

var quiet = []string{"RATE_LIMITS", "off", "LOG_LEVEL", "warn"}

// TestAnswersTakeTheSameTime compares every state of an account with an address that has none.
func TestAnswersTakeTheSameTime(t *testing.T) {
	for way, open := range samenessSites {
		t.Run(way, func(t *testing.T) {
			m, addresses := open(t, quiet...).measured(t)
			for _, q := range questions {
				for state := range alter {
					t.Run(q.name+" "+string(state), func(t *testing.T) {
						m.t = t
						found := m.compare(q, addresses[unknown], addresses[state], 0)
						t.Logf("shift %v", found)
						if !found.Within(nearness) {
							t.Errorf("the answer's time tells: shift %v, promised within %v", found, nearness)
						}
					})
				}
			}
		})
	}
}

// burst is how many questions come one after the other, and rest is the pause in which a worker is done with them.
const (
	burst = 20
	rest  = 400 * time.Millisecond
)

// TestAnswersOfABurstTakeTheSameTime asks many times in a row about one kind of address, so that what a worker does for
// it behind the answers would be in the way of the next ones.
func TestAnswersOfABurstTakeTheSameTime(t *testing.T) {
	for way, open := range samenessSites {
		t.Run(way, func(t *testing.T) {
			m, addresses := open(t, quiet...).measured(t)
			for _, q := range questions[1:] {
				t.Run(q.name, func(t *testing.T) {
					m.t = t
					var differences []time.Duration
					for range samenessPairs / burst {
						left, right := m.burst(q, addresses[unknown]), m.burst(q, addresses[known])
						for i := range left {
							differences = append(differences, right[i]-left[i])
						}
					}
					found := shift.Of(differences, confidence)
					t.Logf("shift %v", found)
					if !found.Within(nearness) {
						t.Errorf("the time of a burst tells: shift %v, promised within %v", found, nearness)
					}
				})
			}
		})
	}
}

func (m *meter) burst(q question, addresses []string) (took []time.Duration) {
	for i := range burst {
		took = append(took, m.ask(q, addresses[i%len(addresses)], 0))
	}
	time.Sleep(rest)
	return took
}

// TestAShiftIsFound is the control: two milliseconds more for one of the two must be found, or the measurement
// measures nothing.
func TestAShiftIsFound(t *testing.T) {
	for way, open := range samenessSites {
		t.Run(way, func(t *testing.T) {
			m, addresses := open(t, quiet...).measured(t)
			for _, q := range questions {
				found := m.compare(q, addresses[unknown], addresses[known], injected)
				t.Logf("%s: shift %v", q.name, found)
				if found.Within(nearness) || found.Low <= 0 {
					t.Errorf("%s: %v were put in and not found: %v; the control is broken", q.name, injected, found)
				}
			}
		})
	}
}
