package directory_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/internal/house"
)

func errForbidden() error { return core.NewError(core.KindForbidden, core.CodeForbidden, "") }

// TestActsWantTheirPermission tries each act with its permission alone, with all others, and upon those upon whom the
// caller may not act.
func TestActsWantTheirPermission(t *testing.T) {
	t.Parallel()
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var others []access.Bit
			for bit := access.UsersRead; bit.Key() != ""; bit++ {
				if bit != act.needs {
					others = append(others, bit)
				}
			}
			with, without := s.holder(t, "with@example.com", act.needs), s.holder(t, "without@example.com", others...)
			s.Refused(act.do(s, directory.Caller(without, "why"), s.id), errForbidden())
			s.Refused(act.do(s, directory.Caller(without, "why"), s.IDs.New()), errForbidden())
			s.Refused(act.do(s, directory.Caller(with, "why"), s.IDs.New()), core.ErrNotFound)
			s.Refused(act.do(s, directory.Caller(with, "why"), s.admin.UserID), access.ErrExceeds)
			s.Refused(act.do(s, directory.Caller(s.admin, "why"), s.Admin("owner@example.com", account.RoleOwner).UserID), access.ErrExceeds)
			if act.own {
				s.Must(act.do(s, directory.Caller(with, "why"), with.UserID))
			} else {
				err := act.do(s, directory.Caller(with, "why"), with.UserID)
				coretest.Equal(t, access.ErrOneself.Message, core.AsError(err).Message)
			}
			s.Must(act.do(s, directory.Caller(with, "why"), s.id))
			fresh := open(t)
			s.Must(act.do(fresh, directory.Operator("why"), fresh.id))
		})
	}
}

// TestNobodyRestoresThemselves tells whoever tries why, and not that they lack the permission.
func TestNobodyRestoresThemselves(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, err := s.Directory.Restore(s.Ctx, s.by(), s.admin.UserID)
	coretest.Equal(t, access.ErrOneself.Message, core.AsError(err).Message)
}

// A token does no more than its scopes, and a caller who was suspended nothing at all.
func TestCallersAreJudgedAsTheyAreNow(t *testing.T) {
	t.Parallel()
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			token := s.Program(s.admin.UserID, access.UsersRead.Key())
			s.Refused(act.do(s, directory.Caller(token, "why"), s.id), errForbidden())
			s.Alter(s.admin.UserID, func(user *account.User) { user.Status = account.StatusSuspended })
			if err := act.do(s, s.because("why"), s.id); core.AsError(err).Kind != core.KindUnauthenticated {
				t.Errorf("a suspended administrator: %v", err)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("щ", audit.ValueMax)
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.Must(act.do(s, s.because(long), s.id))
			events := s.Log.All()
			coretest.Equal(t, long, events[len(events)-1].Metadata["reason"])
			for _, reason := range []string{long + "щ", "two\nlines", "a\x1b[31m", "not \xff UTF-8"} {
				s.Refused(act.do(s, s.because(reason), s.id), core.Invalid())
			}
		})
	}
	s := open(t)
	_, err := s.Directory.Suspend(s.Ctx, s.because(" "), s.id)
	s.Refused(err, core.Invalid())
}

// TestTheLastOwnerStays has owners suspend and delete each other, all at once: one is always left.
func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	const owners = 8
	for _, name := range []string{"suspend", "delete"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var all []core.Principal
			for i := range owners {
				all = append(all, s.Admin(string(rune('a'+i))+"@example.com", account.RoleOwner))
			}
			house.Race(t, owners, func(i int) error {
				return acts[name].do(s, directory.Caller(all[i], "why"), all[(i+1)%owners].UserID)
			})
			left := 0
			for _, owner := range all {
				if s.User(owner.UserID).Status == account.StatusActive {
					left++
				}
			}
			if left == 0 {
				t.Fatal("no owner is left")
			}
		})
	}
	s := open(t)
	owner := s.Admin("owner@example.com", account.RoleOwner)
	s.Refused(acts["suspend"].do(s, directory.Operator("why"), owner.UserID), account.ErrLastOwner)
	s.Refused(acts["delete"].do(s, directory.Operator("why"), owner.UserID), account.ErrLastOwner)
}
