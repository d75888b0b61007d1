package wire

import (
	"context"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/secret"
)

// limitersIn are what counts calls.
type limitersIn struct {
	fx.In
	Settings config.Settings
	Link     *valkey.Link
	Ring     *secret.Ring
	Meters   *metrics.Meters
	Clock    core.Clock
}

// limitersOut are those that count: Shared for all replicas together, Ceiling for this one alone. Both are nil
// where limits are off; Sending is open then.
type limitersOut struct {
	fx.Out
	Shared  limit.Limiter `name:"shared"`
	Ceiling limit.Limiter `name:"ceiling"`
	Sending limit.Gate
}

// newLimiters counts in Valkey where there is one, with memory of this process standing by, else in memory
// alone.
func newLimiters(in limitersIn) limitersOut {
	if in.Settings.Limits.Off() {
		return limitersOut{}
	}
	standby, ceiling := inprocess.NewLimiter(in.Clock), inprocess.NewLimiter(in.Clock)
	in.Meters.Gauge("limit_buckets", "Buckets that this process holds.", func() float64 {
		return float64(standby.Len() + ceiling.Len())
	})
	var shared limit.Limiter = standby
	if in.Link != nil {
		shared = valkey.NewLimiter(in.Link, valkey.LimiterConfig{
			Secret: in.Ring.Derive("rate-limit")[0].Key, Standby: standby, Clock: in.Clock, Observer: in.Meters,
		})
	}
	shared = metered{shared, in.Meters}
	return limitersOut{
		Shared: shared, Ceiling: metered{ceiling, in.Meters},
		Sending: limit.NewGate(shared, "send", in.Settings.Limits.SendLimit),
	}
}

// metered counts refusals.
type metered struct {
	limit.Limiter
	meters *metrics.Meters
}

// Take implements limit.Limiter.
func (m metered) Take(ctx context.Context, buckets ...limit.Bucket) (limit.Verdict, error) {
	verdict, err := m.Limiter.Take(ctx, buckets...)
	if err == nil && !verdict.Allowed {
		m.meters.LimitRefused(verdict.Bucket.Name)
	}
	return verdict, err
}

// Known implements limit.Limiter.
func (m metered) Known(buckets ...limit.Bucket) limit.Verdict {
	verdict := m.Limiter.Known(buckets...)
	if !verdict.Allowed {
		m.meters.LimitRefused(verdict.Bucket.Name)
	}
	return verdict
}

// edgeLimits are the limits of the edge by name.
func edgeLimits(settings config.Limits) api.Limits {
	return api.Limits{
		api.LimitAddress: settings.AddressLimit, api.LimitSession: settings.SessionLimit, api.LimitService: settings.ServiceLimit, api.LimitRefresh: settings.RefreshLimit,
		api.LimitLogin: settings.LoginLimit, api.LimitLoginAddress: settings.LoginAddressLimit,
		api.LimitRegister: settings.RegisterLimit, api.LimitRegisterAddress: settings.RegisterAddressLimit,
		api.LimitForgot: settings.ForgotLimit, api.LimitForgotAddress: settings.ForgotAddressLimit,
		api.LimitResend: settings.ResendLimit, api.LimitResendAddress: settings.ResendAddressLimit,
		api.LimitVerify: settings.VerifyLimit, api.LimitVerifyAddress: settings.VerifyAddressLimit,
		api.LimitLinks: settings.LinksLimit,
	}
}

var limitsModule = fx.Module("limits", fx.Provide(newLimiters))
