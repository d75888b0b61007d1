package directory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/directory/directorytest"
)

// awayOnce is a store that is away when it is first asked for somebody.
type awayOnce struct {
	account.Store
	back bool
}

func (a *awayOnce) Find(ctx context.Context, id core.ID) (account.User, error) {
	if !a.back {
		a.back = true
		return account.User{}, core.Unavailable(errors.New("no database"))
	}
	return a.Store.Find(ctx, id)
}

// TestAFaultIsNoRefusal loses the database at the first look of a restoration: nothing stands against that, and nothing is
// written down.
func TestAFaultIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.suspended()
	before := len(s.Log.All())
	users := directory.NewService(directory.Deps{
		Index: directorytest.NewMemory(s.Users), Users: &awayOnce{Store: s.Users}, Memberships: s.Access, Warden: s.Warden,
		Sessions: s.Sessions, Devices: s.DeviceRows, Tokens: s.TokenRows, Factors: s.Factors, Tries: s.Tries,
		Prover: s.Prover, Post: s.Post, Trail: s.Trail, Tx: s.DB, Announcer: s.Announced, Clock: s.Clock, IDs: s.IDs,
	}, directory.Config{})
	_, err := users.Restore(s.Ctx, s.by(), s.id)
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	coretest.Equal(t, before, len(s.Log.All()))
	_, err = users.Restore(s.Ctx, s.by(), s.id)
	s.Must(err)
}
