package config

import (
	"time"

	"github.com/doorward/doorward/core/limit"
)

// Limits is how often what may be done. A limit is written as calls/time: 5/1m lets five pass at once and gives
// one back each twelve seconds.
type Limits struct {
	Switch               string      `env:"RATE_LIMITS" envDefault:"on" doc:"on, or off for measuring. Refused off in production. A limit is written as 5/1m: five at once, and one back each twelve seconds."`
	AddressLimit         limit.Limit `env:"RATE_LIMIT_ADDRESS" envDefault:"200/1m" doc:"All calls that nobody is signed in for, per address (of IPv6 per /64)."`
	SessionLimit         limit.Limit `env:"RATE_LIMIT_SESSION" envDefault:"600/1m" doc:"All calls of a session, and of all personal access tokens of a user together, counted by each replica for itself."`
	ServiceLimit         limit.Limit `env:"RATE_LIMIT_SERVICE" envDefault:"6000/1m" doc:"All calls of a service account, counted by each replica for itself."`
	RefreshLimit         limit.Limit `env:"RATE_LIMIT_REFRESH" envDefault:"30/1m" doc:"Refreshes per session."`
	LoginLimit           limit.Limit `env:"RATE_LIMIT_LOGIN" envDefault:"5/1m" doc:"Sign-ins per address and account."`
	LoginAddressLimit    limit.Limit `env:"RATE_LIMIT_LOGIN_ADDRESS" envDefault:"60/1m" doc:"Sign-ins per address."`
	RegisterLimit        limit.Limit `env:"RATE_LIMIT_REGISTER" envDefault:"3/5m" doc:"Registrations per address and email."`
	RegisterAddressLimit limit.Limit `env:"RATE_LIMIT_REGISTER_ADDRESS" envDefault:"30/5m" doc:"Registrations per address."`
	ForgotLimit          limit.Limit `env:"RATE_LIMIT_FORGOT" envDefault:"3/15m" doc:"Requests for a password reset per address and account."`
	ForgotAddressLimit   limit.Limit `env:"RATE_LIMIT_FORGOT_ADDRESS" envDefault:"30/15m" doc:"Requests for a password reset per address."`
	ResendLimit          limit.Limit `env:"RATE_LIMIT_RESEND" envDefault:"3/15m" doc:"Requests for a message again per address and account or verification."`
	ResendAddressLimit   limit.Limit `env:"RATE_LIMIT_RESEND_ADDRESS" envDefault:"30/15m" doc:"Requests for a message again per address."`
	VerifyLimit          limit.Limit `env:"RATE_LIMIT_VERIFY" envDefault:"5/15m" doc:"Codes tried per address and verification; codes and passwords tried by somebody signed in, per session. Each operation counts for itself."`
	VerifyAddressLimit   limit.Limit `env:"RATE_LIMIT_VERIFY_ADDRESS" envDefault:"60/15m" doc:"Codes tried per address. Each operation counts for itself."`
	LinksLimit           limit.Limit `env:"RATE_LIMIT_LINKS" envDefault:"30/15m" doc:"Links followed per address. Each operation counts for itself."`
	SendLimit            limit.Limit `env:"RATE_LIMIT_SEND" envDefault:"3/15m" doc:"Codes sent per account, and per mailbox that has none; resets and changes of address count apart. Beyond, the answer is as ever and nothing is sent; what was sent before stays good."`
}

// Off reports whether nothing is limited.
func (l Limits) Off() bool { return l.Switch == "off" }

func (s Settings) checkLimits(found *findings) {
	found.require(s.Limits.Switch == "on" || s.Limits.Off(), "RATE_LIMITS is on or off.")
}

// The widest that production takes of a limit that stands between somebody and what they guess, or whom they
// annoy: beyond one a second it is none.
const (
	widestBurst    = 60
	widestInterval = time.Second
)

func (s Settings) checkNarrowLimits(found *findings) {
	found.require(!s.Limits.Off(), "RATE_LIMITS must be on in production.")
	for name, narrow := range map[string]limit.Limit{
		"LOGIN": s.Limits.LoginLimit, "REGISTER": s.Limits.RegisterLimit, "FORGOT": s.Limits.ForgotLimit,
		"RESEND": s.Limits.ResendLimit, "VERIFY": s.Limits.VerifyLimit, "SEND": s.Limits.SendLimit,
	} {
		found.require(narrow.Burst <= widestBurst && narrow.Interval() >= widestInterval,
			"RATE_LIMIT_%s is 60 at once and one a second at the most in production.", name)
	}
}
