package portability_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/portability"
	"github.com/doorward/doorward/core/portability/portabilitytest"
	"github.com/doorward/doorward/core/session"
)

var errEnded = core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "")

// Those who move accounts: by their own session, by a personal token, and by a key.
func inPerson(m *mover) core.Principal  { return m.caller }
func byProgram(m *mover) core.Principal { return m.Program(m.caller.UserID, moves...) }
func byMachine(m *mover) core.Principal { return m.Machine("mover", moves...) }

var moves = []string{access.UsersImport.Key(), access.UsersExport.Key()}

// endings are all that ends what somebody came by.
var endings = map[string]struct {
	caller func(m *mover) core.Principal
	end    func(m *mover) error
}{
	"signing out": {inPerson, func(m *mover) error { return m.SignIn.Logout(m.Ctx, m.caller) }},
	"an end of all sessions": {inPerson, func(m *mover) error {
		return m.Directory.EndSessions(m.Ctx, directory.Operator(""), m.caller.UserID)
	}},
	"a forced reset": {inPerson, func(m *mover) error {
		return m.Directory.ForceReset(m.Ctx, directory.Operator(""), m.caller.UserID)
	}},
	"a password that others may know": {inPerson, func(m *mover) error {
		return m.Directory.ForceReset(m.Ctx, directory.Operator(""), m.caller.UserID)
	}},
	"a session that nobody uses": {inPerson, func(m *mover) error {
		m.Later(session.DefaultConfig().IdleTTL)
		return nil
	}},
	"a token that is revoked": {byProgram, func(m *mover) error {
		return m.TokenRows.Remove(m.Ctx, m.caller.UserID, m.caller.TokenID)
	}},
	"a forced reset, which takes tokens": {byProgram, func(m *mover) error {
		return m.Directory.ForceReset(m.Ctx, directory.Operator(""), m.caller.UserID)
	}},
	"a key that is revoked": {byMachine, func(m *mover) error {
		return m.Machines.Keys().Remove(m.Ctx, m.caller.ServiceID, m.caller.TokenID)
	}},
}

// TestMovingEndsWithWhatTheCallerCameBy ends that while an import and an export are under way.
func TestMovingEndsWithWhatTheCallerCameBy(t *testing.T) {
	t.Parallel()
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := moving(t, account.RoleOwner)
			m.caller = ending.caller(m)
			var people strings.Builder
			for i := range 450 {
				_, _ = fmt.Fprintf(&people, `{"external_id":"%d","email":"u%d@example.com"}`+"\n", i, i)
			}
			exported, imported := m.porting.Export(m.caller, false), m.porting.Import(m.caller, strings.NewReader(people.String()))
			_, err := exported.Next(m.Ctx)
			m.Must(err)
			told, err := imported.Next(m.Ctx)
			m.Must(err)
			done := len(told)
			m.Must(ending.end(m))
			m.Later(time.Second)
			_, err = exported.Next(m.Ctx)
			m.Refused(err, errEnded)
			_, err = imported.Next(m.Ctx)
			m.Refused(err, errEnded)
			coretest.Equal(t, 1+done, len(must(m.Users.All(m.Ctx))(t)))
		})
	}
}

// TestPersonalDataEndsWithTheSession signs somebody out whose document is under way.
func TestPersonalDataEndsWithTheSession(t *testing.T) {
	t.Parallel()
	m := moving(t, account.RoleUser)
	work := portability.NewRecords(portability.PersonalDeps{
		Users: m.Users, Warden: m.Warden, Holdings: portabilitytest.Shelf{}, History: m.Log, Post: m.Post, Origins: m.Origins, Tx: m.DB,
		Trail: m.Trail, Clock: m.Clock,
	}, account.DefaultRecentWindow).Personal(m.caller)
	for range 2 {
		_, err := work.Next(m.Ctx)
		m.Must(err)
	}
	m.Must(m.SignIn.Logout(m.Ctx, m.caller))
	m.Later(time.Second)
	_, err := work.Next(m.Ctx)
	m.Refused(err, errEnded)
}
