package lockout

import (
	"encoding/base64"
	"net/netip"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/secret"
)

// AnySource is the counter of all unknown sources together.
const AnySource = ""

// NoticeSource is where it is kept when the owner was last told of a lock, apart from the counters, which a
// success forgets: it could otherwise be told again at once.
const NoticeSource = "notice"

// DeviceSource is the counter of a known device.
func DeviceSource(id core.ID) string { return "device/" + id.String() }

// PasswordOf is the password of a user.
func PasswordOf(user core.ID) string { return "password/" + user.String() }

// SecondFactorOf is the second factor of a user.
func SecondFactorOf(user core.ID) string { return "second_factor/" + user.String() }

// SessionOf is the password, or a second factor, that whoever holds a session proves anew there. It is counted for each
// session: a thief guesses no more often than anybody else, and a stranger keeps no owner from proving anything.
func SessionOf(session core.ID) string { return "session/" + session.String() }

// Of are all counters of a user.
func Of(user core.ID) []Counters {
	return []Counters{{Subject: PasswordOf(user)}, {Subject: SecondFactorOf(user)}}
}

// The contexts of the digests, which keep them apart from each other and from all others of the ring.
const (
	unknownContext = "lockout/unknown"
	shownContext   = "lockout/shown"
	sourceContext  = "lockout/source"
)

// Subjects names what must not stand in a table as it is. Counters are looked up by these names, so a rotated
// master key makes them start anew; those of accounts that exist go by the user's id and stay. Safe for concurrent use.
type Subjects struct{ ring *secret.Ring }

// NewSubjects makes them of the ring that keys the digests.
func NewSubjects(ring *secret.Ring) *Subjects { return &Subjects{ring} }

// Unknown is the password of an identifier, in its normal form, that no account has: it locks like any other.
func (s *Subjects) Unknown(identifier string) string {
	return "unknown/" + s.digest(unknownContext, identifier)
}

// Shown is the counter behind the number of tries that a client is told it has left. It goes by what the client
// wrote, whether or not an account has it, so that two names of one account cannot be found to belong together.
func (s *Subjects) Shown(identifier string) string {
	return "shown/" + s.digest(shownContext, identifier)
}

// addressPrefix begins the sources that are addresses. Their streaks end nothing by themselves: many people share one.
const addressPrefix = "address/"

func isAddress(source string) bool { return strings.HasPrefix(source, addressPrefix) }

// SourceOf is an address of the network: an IPv6 one by its /64, see limit.AddressKey.
func (s *Subjects) SourceOf(address netip.Addr) string {
	return addressPrefix + s.digest(sourceContext, limit.AddressKey(address))
}

func (s *Subjects) digest(context, text string) string {
	return base64.RawURLEncoding.EncodeToString(s.ring.Digest(context, text))
}
