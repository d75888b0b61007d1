package api

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/limit"
)

// The names of limits, as RateLimit fields show them. Those by address alone are wide, because many people
// share one behind a NAT; the narrow ones count a pair, of the address and of whom the body names. None counts
// an account alone: with such a one anybody could keep its owner out from anywhere.
const (
	// LimitAddress bounds all calls that nobody is signed in for, by address.
	LimitAddress = "address"
	// LimitSession bounds all calls of a session. It is counted by each replica for itself, so that a
	// signed-in call costs no round trip.
	LimitSession = "session"
	// LimitService bounds all calls of a service account, with whichever of its keys, and is counted like LimitSession.
	LimitService = "service"
	// LimitRefresh bounds refreshes, by the session that a genuine token names. It is counted like LimitSession:
	// nothing is guessed here either.
	LimitRefresh = "refresh"
	// LimitLogin bounds sign-ins by pair.
	LimitLogin = "login"
	// LimitLoginAddress bounds sign-ins by address.
	LimitLoginAddress = "login-address"
	// LimitRegister bounds registrations by pair.
	LimitRegister = "register"
	// LimitRegisterAddress bounds registrations by address.
	LimitRegisterAddress = "register-address"
	// LimitForgot bounds demands for a reset of the password by pair.
	LimitForgot = "forgot"
	// LimitForgotAddress bounds demands for a reset of the password by address.
	LimitForgotAddress = "forgot-address"
	// LimitResend bounds demands for a message by pair, and of those who are signed in by session.
	LimitResend = "resend"
	// LimitResendAddress bounds demands for a message by address.
	LimitResendAddress = "resend-address"
	// LimitVerify bounds proofs by code by pair, and of those who are signed in, by password too, by session.
	LimitVerify = "verify"
	// LimitVerifyAddress bounds proofs by code by address.
	LimitVerifyAddress = "verify-address"
	// LimitLinks bounds the use of links, which are too long to be guessed, by address.
	LimitLinks = "links"
)

// Limits are the limits by name.
type Limits map[string]limit.Limit

// counting is whom a limit counts.
type counting uint8

const (
	// byAddress counts the client's address; of IPv6 its /64.
	byAddress counting = iota
	// byPair counts the address together with the account, or the verification, that the body names. A body
	// that names none, because it holds a link, is not counted by it.
	byPair
	// bySession counts the session of a caller who is signed in.
	bySession
	// byHolder counts the session that a refresh token names, in place of all its calls. The token is authentic,
	// or else whoever knows the id of a session could use up its refreshes.
	byHolder
)

// limited is one limit of an operation. Each operation counts for itself.
type limited struct {
	name string
	by   counting
}

// What operations are limited by, beside the ceilings of all calls.
var (
	limitedLogins    = []limited{{LimitLoginAddress, byAddress}, {LimitLogin, byPair}}
	limitedRegisters = []limited{{LimitRegisterAddress, byAddress}, {LimitRegister, byPair}}
	limitedForgots   = []limited{{LimitForgotAddress, byAddress}, {LimitForgot, byPair}}
	limitedResends   = []limited{{LimitResendAddress, byAddress}, {LimitResend, byPair}}
	// limitedProofs are those of strangers, limitedConfirms those of callers who are signed in.
	limitedProofs   = []limited{{LimitVerifyAddress, byAddress}, {LimitVerify, byPair}}
	limitedConfirms = []limited{{LimitVerify, bySession}}
	limitedSends    = []limited{{LimitResend, bySession}}
	limitedLinks    = []limited{{LimitLinks, byAddress}}
	limitedRefresh  = []limited{{LimitRefresh, byHolder}}
)

// plan is what the requests of one operation, or page, count against.
type plan struct {
	// operation tells its buckets from those of others.
	operation string
	limits    []limited
	// uncounted requests are those that keep the server running, and a developer's own.
	uncounted bool
	// early tells that an address may be refused before anything else is looked at. Where callers may turn out
	// to be signed in it is not: what their neighbours have used up is not theirs.
	early bool
	// holds tells that a refresh token may name a session.
	holds bool
	// addressed tells that the limits count by address also where the caller is signed in.
	addressed bool
}

func planOf(operation string, demanded rule) plan {
	made := plan{
		operation: operation, limits: demanded.limits, uncounted: demanded.uncounted,
		early: demanded.access == forAnyone || demanded.access == forStrangers,
	}
	for _, each := range demanded.limits {
		made.holds = made.holds || each.by == byHolder
		made.addressed = made.addressed || each.by == byAddress || each.by == byPair
	}
	made.early = made.early && !made.holds && !made.uncounted
	return made
}

// checkLimits wants a limit for every name that the policy mentions.
func (s *server) checkLimits() error {
	if s.deps.Limiter == nil {
		return nil
	}
	named := []limited{{name: LimitAddress}, {name: LimitSession}, {name: LimitService}}
	for _, line := range policy {
		named = append(named, line.limits...)
	}
	for _, each := range named {
		if s.options.Limits[each.name].Burst < 1 {
			return fmt.Errorf("there is no limit called %s", each.name)
		}
	}
	return nil
}

// counts reports whether requests are counted at all: not where limits are off, nor on the private listener.
func (s *server) counts() bool { return s.deps.Limiter != nil && !s.private }

// foresee refuses an address that is known to have used its calls up, before the request is looked at. It asks
// nobody and counts nothing.
func (s *server) foresee(c *fiber.Ctx, p plan) error {
	if !s.counts() || !p.early {
		return nil
	}
	from := subject{address: addressOf(c)}
	return tell(c, s.deps.Limiter.Known(s.shared(p, from)...))
}

// count takes one call from all that the request counts against: for every replica together in one round
// trip, and for a caller who is signed in besides from what this replica counts alone. valid tells that body
// and caller are what the operation asks for; of others the address is counted. It tells the client what is left.
// The error is a refusal, or that ctx has ended.
func (s *server) count(c *fiber.Ctx, p plan, valid bool) error {
	if !s.counts() || p.uncounted {
		return nil
	}
	verdict, from := limit.Open(), s.subjectOf(c, p, valid)
	var err error
	if !from.session.IsZero() {
		verdict, err = s.deps.Ceiling.Take(c.UserContext(), s.own(p, from))
	}
	if buckets := s.shared(p, from); err == nil && verdict.Allowed && len(buckets) > 0 {
		var more limit.Verdict
		more, err = s.deps.Limiter.Take(c.UserContext(), buckets...)
		verdict = verdict.Tighter(more)
	}
	if err != nil {
		return err
	}
	return tell(c, verdict)
}

// subject is whom a request is counted for.
type subject struct {
	// address is given where something is counted by it.
	address string
	// named is the account or verification of the body, where it is known and names one.
	named string
	// session is that of a caller who is signed in or, in a refresh, holds a token; else zero. For a caller without one
	// it stands for the person whose token, or the service account whose key, was shown.
	session core.ID
	// service tells that it is a service account.
	service bool
}

func addressOf(c *fiber.Ctx) string { return limit.AddressKey(core.ClientFrom(c.UserContext()).IP) }

func (s *server) subjectOf(c *fiber.Ctx, p plan, valid bool) subject {
	var from subject
	signedIn, known := caller.From(c.UserContext())
	members, _ := c.Locals(bodyLocal).(map[string]any)
	switch {
	case known:
		from.session, from.service = countedAs(signedIn.Principal)
	case valid && p.holds:
		from.session = s.holder(c.UserContext(), members)
	}
	if p.addressed && valid {
		from.named = namedBy(members)
	}
	if p.addressed || from.session.IsZero() {
		from.address = addressOf(c)
	}
	return from
}

// countedAs gives whom the calls of an admitted caller count for: all tokens of a person, and all keys of a service
// account, together, so that having more of them gives no more calls.
func countedAs(who core.Principal) (id core.ID, service bool) {
	switch who.Means {
	case core.ByToken:
		return who.UserID, false
	case core.ByService:
		return who.ServiceID, true
	case core.BySession, core.ByImpersonation:
	}
	return who.SessionID, false
}

// holder gives the session of a genuine refresh token, and else zero.
func (s *server) holder(ctx context.Context, members map[string]any) core.ID {
	inBody, _ := members["refresh_token"].(string)
	token, err := s.deps.refreshToken(ctx, inBody)
	if err != nil {
		return core.ID{}
	}
	session, err := s.deps.Bindings.SessionOf(token)
	if err != nil {
		return core.ID{}
	}
	return session
}

// namedBy gives whom a body names, in one spelling: an account by what one signs in with, or else the
// verification that a code belongs to. It is the same whether there is such a one.
func namedBy(members map[string]any) string {
	for _, member := range [...]string{"identifier", "email"} {
		if text, ok := members[member].(string); ok {
			identifier, _ := account.ParseIdentifier(text)
			if identifier.Key == "" {
				return "nobody"
			}
			return "account " + identifier.Key
		}
	}
	for _, member := range [...]string{"verification_id", "challenge_id"} {
		if text, ok := members[member].(string); ok {
			if id, err := core.ParseID(text); err == nil {
				text = id.String()
			}
			return "verification " + text
		}
	}
	return ""
}

// own is the bucket that this replica counts alone, of a caller with a session.
func (s *server) own(p plan, from subject) limit.Bucket {
	if from.service {
		return s.bucket(LimitService, string(from.session[:]))
	}
	if p.holds {
		return s.bucket(LimitRefresh, string(from.session[:]))
	}
	return s.bucket(LimitSession, string(from.session[:]))
}

// shared are the buckets that all replicas count together.
func (s *server) shared(p plan, from subject) []limit.Bucket {
	var buckets []limit.Bucket // most calls of a caller who is signed in have none
	if from.session.IsZero() {
		buckets = append(buckets, s.bucket(LimitAddress, from.address))
	}
	for _, each := range p.limits {
		if key, applies := from.key(each.by); applies {
			buckets = append(buckets, s.bucket(each.name, p.operation+" "+key))
		}
	}
	return buckets
}

// key is what a limit counts the subject by, where it counts it together with other replicas.
func (from subject) key(by counting) (key string, applies bool) {
	switch by {
	case byAddress:
		return from.address, true
	case byPair:
		return from.address + " " + from.named, from.named != ""
	case bySession:
		return from.session.String(), !from.session.IsZero()
	default:
		return "", false
	}
}

func (s *server) bucket(name, key string) limit.Bucket {
	return limit.Bucket{Name: name, Key: key, Limit: s.options.Limits[name]}
}

// countCall is count for what is no operation of the contract. It is a handler before others.
func (s *server) countCall(c *fiber.Ctx) error {
	if err := s.count(c, plan{}, false); err != nil {
		return err
	}
	return c.Next()
}

// countUnrouted counts a request that no route took, and may answer it otherwise than with its failure.
func (s *server) countUnrouted(c *fiber.Ctx, failure error) error {
	if routeTemplate(c) != unrouted {
		return failure
	}
	if err := s.count(c, plan{}, false); err != nil {
		return err
	}
	return failure
}

// errLimited refuses whoever calls too often.
var errLimited = core.NewError(core.KindLimited, core.CodeRateLimited, "This was done too often. Please wait a little.")

// The fields of draft-ietf-httpapi-ratelimit-headers-10.
const (
	rateLimitField  = "RateLimit"
	ratePolicyField = "RateLimit-Policy"
)

// tell writes what is left of the tightest limit, and gives the refusal where there is one. r is how many calls
// are left, t in how many seconds all of them are back; q calls are given per w seconds.
func tell(c *fiber.Ctx, verdict limit.Verdict) error {
	bucket := verdict.Bucket
	if bucket.Name == "" {
		return nil
	}
	header := &c.Response().Header
	var room [64]byte
	header.SetBytesV(rateLimitField, item(room[:0], bucket.Name, ";r=", int64(verdict.Remaining), ";t=", wholeSeconds(verdict.Reset)))
	header.SetBytesV(ratePolicyField, item(room[:0], bucket.Name, ";q=", int64(bucket.Limit.Burst), ";w=", wholeSeconds(bucket.Limit.Period)))
	if verdict.Allowed {
		return nil
	}
	refusal := *errLimited
	refusal.RetryAfter = verdict.RetryAfter
	return &refusal
}

// item writes a string with two parameters, as a Structured Field has them (RFC 9651 §3.1.2).
func item(text []byte, name, first string, one int64, second string, other int64) []byte {
	text = append(text, '"')
	text = append(text, name...)
	text = append(text, '"')
	text = strconv.AppendInt(append(text, first...), one, 10)
	return strconv.AppendInt(append(text, second...), other, 10)
}
