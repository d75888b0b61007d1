package sealedtest_test

import (
	"fmt"
	"testing"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/sealed/sealedtest"
	"github.com/doorward/doorward/core/secret"
)

func TestStore(t *testing.T) {
	t.Parallel()
	sealedtest.TestStore(t, func(*testing.T) sealedtest.Stores {
		store, rows := sealedtest.NewStore(coretest.NewDatabase()), 0
		return sealedtest.Stores{
			Store: store, Census: store,
			Put: func(t *testing.T, place secret.Place, contents []byte) sealed.Value {
				t.Helper()
				rows++
				value := sealed.Value{Key: fmt.Sprintf("key %03d", rows), Bound: "owner", Sealed: contents}
				coretest.Must(t, store.Put(t.Context(), place, value))
				return value
			},
			Clear: func(t *testing.T, place secret.Place, value sealed.Value) {
				t.Helper()
				coretest.Must(t, store.Remove(t.Context(), place, value.Key))
			},
			PutRecoveryCode: func(_ *testing.T, digest []byte) {
				store.RecoveryDigests = append(store.RecoveryDigests, digest)
			},
			PutPassword: func(_ *testing.T, hash string) { store.Hashes = append(store.Hashes, hash) },
			PutCode:     func(_ *testing.T, code sealedtest.Code) { store.Flows = append(store.Flows, code) },
		}
	})
}
