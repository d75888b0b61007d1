package retentiontest

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/idempotency"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/secret"
)

func expiringEvent(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	event := audittest.Event(accounttest.NewID(), at(0))
	event.KeepUntil = when
	coretest.Must(t, s.Audit.Append(t.Context(), event))
}

// device adds one that is known until the instant, and gives it.
func (s Stores) device(t *testing.T, until time.Time) device.Device {
	t.Helper()
	_, digest := secret.NewToken()
	known := device.Device{
		ID: accounttest.NewID(), UserID: s.user(t).ID, Digest: digest, CreatedAt: at(0), LastUsedAt: at(0), ExpiresAt: until,
	}
	coretest.Must(t, s.Devices.Put(t.Context(), known))
	return known
}

func expiringDevice(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	s.device(t, when)
}

// restingTries counts a try of a known device at the instant: it is counted once, where a stranger's is counted
// twice.
func restingTries(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	known := s.device(t, when.Add(hour))
	_, err := s.Tries.Reserve(t.Context(), lockout.Reservation{
		Subject: known.ID.String(), Source: "source", User: known.UserID, Token: known.Digest, From: known.From, Now: when,
		Rules: lockout.Rules{Tries: lockout.DefaultTries, Duration: lockout.DefaultDuration},
	})
	coretest.Must(t, err)
}

func pendingFactor(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	coretest.Must(t, s.Factors.Add(t.Context(), s.factor(t, when)))
}

func (s Stores) factor(t *testing.T, when time.Time) mfa.Factor {
	return mfa.Factor{
		ID: accounttest.NewID(), UserID: s.user(t).ID, Kind: mfa.KindTOTP, Sealed: []byte{1}, LastStep: -1, CreatedAt: when,
	}
}

func keepsFactors(t *testing.T, s Stores) {
	confirmed := s.factor(t, at(0))
	confirmed.ConfirmedAt = at(hour)
	coretest.Must(t, s.Factors.Add(t.Context(), confirmed))
	coretest.Equal(t, 0, s.count(t, retention.KindFactors, at(100000*hour)))
	coretest.Equal(t, 0, s.sweep(t, retention.KindFactors, at(100000*hour), 10))
}

func expiringKeyOfCall(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	record := idempotencytest.Record(accounttest.NewID().String(), when.Add(-idempotency.Kept))
	_, err := s.Idempotency.Begin(t.Context(), record)
	coretest.Must(t, err)
}

func expiringToken(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	token := apitokentest.NewToken(s.user(t).ID, at(0))
	token.ExpiresAt = when
	coretest.Must(t, s.Tokens.Put(t.Context(), token))
}

func expiringServiceKey(t *testing.T, s Stores, when time.Time) {
	t.Helper()
	account := apitokentest.NewService(at(0))
	coretest.Must(t, s.Services.Create(t.Context(), account))
	lasting, key := apitokentest.NewKey(account.ID, at(0)), apitokentest.NewKey(account.ID, at(0))
	lasting.ExpiresAt, key.ExpiresAt = time.Time{}, when
	coretest.Must(t, s.ServiceKeys.Put(t.Context(), lasting)) // it never expires
	coretest.Must(t, s.ServiceKeys.Put(t.Context(), key))
}
