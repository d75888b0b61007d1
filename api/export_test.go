package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
)

// What the tests of this package look at from inside.
var (
	Bearer          = bearer
	ValidRequestID  = validRequestID
	PreferredCoding = preferredCoding
	ComparePaths    = comparePaths
)

// Follow feeds a stream of requests, in pieces of the given size, to what follows frames. It tells how much of it
// is good, and whether that ends where a request does.
func Follow(stream []byte, piece int) (good int, whole bool, err error) {
	following := frames{limit: 16 << 10}
	for len(stream) > 0 && err == nil {
		var taken int
		taken, err = following.follow(stream[:min(piece, len(stream))])
		good, stream = good+taken, stream[taken:]
	}
	return good, following.at == inHead && len(following.text) == 0, err
}

// WriteMe and WriteSignedIn give the texts of the replies that are written by hand, and WriteText that of a text.
func WriteMe(me oapi.Me) []byte {
	reply := &meReply{user: me.User, enrolBy: me.EnrolBy}
	held, err := me.Session.Get()
	reply.session, reply.sessionless = held, err != nil
	reply.impersonatedBy, _ = me.ImpersonatedBy.Get()
	return document{}.me(reply)
}

// WriteSignedIn is described with WriteMe.
func WriteSignedIn(entry oapi.SignedIn) []byte { return document{}.signedIn(entry) }

// WriteText is described with WriteMe.
func WriteText(text string) []byte { return document{}.quoted(text) }

// ReadCookies gives what a Cookie field tells of the cookie of access, of those of CSRF and device, and of refreshing.
func ReadCookies(field string) (access, csrf, device string, refresh []string) {
	var header fasthttp.RequestHeader
	header.Set(fasthttp.HeaderCookie, field)
	held := readJar(&header)
	return held.access.value, held.csrf.value, held.device.value, held.refresh
}

// Rule is a line of the policy.
type Rule struct {
	SignedIn, Optional, Recent, Enrolling bool
	// Services tells that service accounts may call, InPerson that tokens and impersonators may not.
	Services, InPerson bool
	// SignedOut tells that live credentials are refused, Private that it is hidden from who does not hold the permission.
	SignedOut, Private bool
	// Needs is the key of a permission, and Or that of another which does as well.
	Needs, Or string
}

// Policy is the policy as the tests compare it with the contract.
func Policy() map[string]Rule {
	table := make(map[string]Rule)
	for id, line := range policy {
		table[id] = Rule{
			SignedIn: line.access == forPersons || line.access == forCallers, Optional: line.access == forHolders || line.access == forOperators,
			Recent: line.recent, Enrolling: line.enrolling, Services: line.access == forCallers, InPerson: line.inPerson,
			Needs: line.needs.Key(), Or: line.or.Key(), SignedOut: line.access == forStrangers, Private: line.access == forOperators,
		}
	}
	return table
}

// SignsIn reports whether the policy lets an operation answer with tokens.
func SignsIn(id string) bool { return policy[id].signsIn }

// ForStrangers reports whether the policy keeps an operation from callers who are signed in.
func ForStrangers(id string) bool { return policy[id].access == forStrangers }

// Repeated tells what becomes of calls that are repeated with a key, by operation, in the words of the contract.
func Repeated() map[string]any {
	table := make(map[string]any)
	for id, line := range policy {
		switch line.repeated {
		case isReplayed:
			table[id] = true
		case isSpent:
			table[id] = "spent"
		case runsAgain:
		}
	}
	return table
}

// TransportCodes are the codes that this package adds to the domain's.
func TransportCodes() []core.Code {
	var codes []core.Code
	for _, known := range transportFailures {
		if known.Code != core.CodeInvalidInput && known.Code != core.CodeNotFound {
			codes = append(codes, known.Code)
		}
	}
	return slices.Sorted(slices.Values(append(codes, CodeCSRFFailed)))
}

// SecretOperations are those whose replies hold tokens or codes.
func SecretOperations() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for id := range maps.Keys(policy) {
			if policy[id].secret && !yield(id) {
				return
			}
		}
	})
}

// DescribePolicy says in words who may call each operation, with what permission, whether it wants the person's own
// session, or even a recent sign-in, and what limits there are, as cells of a table.
func DescribePolicy() map[string]string {
	who := map[audience]string{
		forAnyone: "anybody", forStrangers: "who is not signed in", forHolders: "anybody, with a token of their own",
		forPersons: "who is signed in", forCallers: "who is signed in, and service accounts", forOperators: "the private listener, or who holds the permission", forThisMachine: "this machine",
	}
	described := map[string]string{}
	for id, line := range policy {
		in, names := "", []string{}
		switch {
		case line.recent:
			in = "recently"
		case line.inPerson:
			in = "yes"
		}
		for _, each := range line.limits {
			names = append(names, each.name)
		}
		needs := line.needs.Key()
		if line.or.Key() != "" {
			needs += " or " + line.or.Key()
		}
		described[id] = who[line.access] + " | " + needs + " | " + in + " | " + strings.Join(names, ", ")
	}
	return described
}
