package valkey

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/core"
)

const (
	// copyTTL is how long a copy lives in Valkey from its writing, which is no later than fillLimit after
	// the read it came from: 28 s together, below the 30 that are promised where writes are lost.
	copyTTL = 25 * time.Second
	// markTTL is how long a mark lives. It has to outlive every read that began before it by more than
	// fillLimit, and 30 s leave room for a server that was frozen.
	markTTL = 30 * time.Second
	// fillLimit is how long after the beginning of its read a copy may still be written, by the server's
	// own clock: a command that was stuck on its way comes too late to undo a mark that has gone meanwhile.
	fillLimit = 3 * time.Second
	// revDigits is the width of the largest revision, so that revisions compare as text. Lua's numbers are
	// doubles, exact up to 2^53 only.
	revDigits = 19
)

// entry is what Valkey holds of a subject: a copy at a revision, or, when the body is empty, the mark that
// every copy below the revision is stale.
type entry struct {
	rev  int64
	body string
}

func (e entry) isMark() bool { return e.body == "" }

var errEntry = errors.New("an entry has no revision")

// parseEntry reads a stored value. It keeps the text.
func parseEntry(text string) (entry, error) {
	if len(text) < revDigits {
		return entry{}, errEntry
	}
	rev, err := strconv.ParseUint(text[:revDigits], 10, 63)
	if err != nil {
		return entry{}, errEntry
	}
	return entry{rev: int64(rev), body: text[revDigits:]}, nil //nolint:gosec // 63 bits
}

// write is the one script that writes entries, for revokers and fillers alike: it sets only what has a newer
// revision, or a copy over a mark of the same one, and returns what stands then. A copy that comes after its
// deadline is not set.
//
//	KEYS[1]  the entry
//	ARGV[1]  its revision, 19 digits
//	ARGV[2]  its body; empty for a mark
//	ARGV[3]  its time to live in milliseconds
//	ARGV[4]  the deadline in milliseconds of Unix time; 0 for none
var write = valkeygo.NewLuaScript(`
local held = redis.call('GET', KEYS[1])
if held then
  local rev = string.sub(held, 1, 19)
  if rev > ARGV[1] or (rev == ARGV[1] and (#held > 19 or ARGV[2] == '')) then
    return held
  end
end
local deadline = tonumber(ARGV[4])
if deadline > 0 then
  local now = redis.call('TIME')
  if now[1] * 1000 + now[2] / 1000 > deadline then
    return held
  end
end
local value = ARGV[1] .. ARGV[2]
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
return value
`)

// arguments are those of write for the entry.
func (e entry) arguments(deadline time.Time) []string {
	ttl, until := copyTTL, int64(0)
	if e.isMark() {
		ttl = markTTL
	}
	if !deadline.IsZero() {
		until = deadline.UnixMilli()
	}
	return []string{
		fmt.Sprintf("%0*d", revDigits, e.rev), e.body,
		strconv.FormatInt(ttl.Milliseconds(), 10), strconv.FormatInt(until, 10),
	}
}

// keyspace names entries. The whole name but for the prefix is in braces, so that each subject has a slot of
// its own in a cluster and other keys of the subject could join it there.
//
// Neither the keys nor the width of the revision may ever change: replicas of two versions that run side by
// side have to see each other's marks. The body says its own version.
type keyspace string

func (k keyspace) key(subject core.Subject, id core.ID) string {
	return string(k) + ":{" + string(subject) + ":" + id.String() + "}"
}

// subject reads a key of this space.
func (k keyspace) subject(key string) (core.Subject, core.ID, bool) {
	inner, found := strings.CutPrefix(key, string(k)+":{")
	if !found {
		return "", core.ID{}, false
	}
	inner, found = strings.CutSuffix(inner, "}")
	name, text, cut := strings.Cut(inner, ":")
	id, err := core.ParseID(text)
	return core.Subject(name), id, found && cut && err == nil
}
