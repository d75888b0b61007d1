package inprocess_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session/sessiontest"
)

func TestSessionsKeepTheContract(t *testing.T) {
	t.Parallel()
	sessiontest.Cache(t, func(_ *testing.T, primary sessiontest.Lookups) sessiontest.Caches {
		clock := coretest.NewClock()
		cache := inprocess.NewSessions(primary, clock, nil)
		return sessiontest.Caches{
			Replicas: []sessiontest.Replica{{Lookups: cache, Publisher: cache}},
			Expire:   func() { clock.Advance(inprocess.TTL) },
		}
	})
}
