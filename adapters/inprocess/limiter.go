package inprocess

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
)

const (
	// shards is how many parts a Limiter has, each with a lock of its own.
	shards = 16
	// Buckets is how many buckets a Limiter holds: some 6 MiB when it is full. Whoever would push others out
	// needs as many addresses, because the limits by address bound how many buckets one of them fills.
	Buckets = 1 << 16
	// glance is how many buckets are looked at for a full one, which can go without loss, before the oldest
	// goes.
	glance = 32
)

// Limiter is a limit.Standby in memory of bounded size. When it is full, buckets that are full make room, and
// else the one that nobody asked for longest; nothing is ever let through uncounted. Buckets are kept by two
// keyed hashes of 64 bits and not by their names. Safe for concurrent use.
type Limiter struct {
	clock core.Clock
	seeds [2]maphash.Seed
	parts [shards]shard
}

var _ limit.Standby = (*Limiter)(nil)

// NewLimiter makes an empty limiter whose buckets fill by the clock.
func NewLimiter(clock core.Clock) *Limiter {
	l := &Limiter{clock: clock, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	for i := range l.parts {
		l.parts[i].places = make(map[digest]int32)
	}
	return l
}

// digest stands for a bucket.
type digest [2]uint64

// label is what tells buckets apart.
type label struct{ name, key string }

func (l *Limiter) digest(bucket limit.Bucket) digest {
	named := label{bucket.Name, bucket.Key}
	return digest{maphash.Comparable(l.seeds[0], named), maphash.Comparable(l.seeds[1], named)}
}

func (l *Limiter) part(of digest) *shard { return &l.parts[of[0]%shards] }

// now is the clock's time as buckets are kept: since 1970.
func (l *Limiter) now() time.Duration { return time.Duration(l.clock.Now().UnixNano()) }

// Take implements limit.Limiter.
func (l *Limiter) Take(ctx context.Context, buckets ...limit.Bucket) (limit.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return limit.Verdict{}, core.Unavailable(err)
	}
	now, tightest := l.now(), limit.Open()
	for _, bucket := range buckets {
		of := l.digest(bucket)
		verdict := l.part(of).spend(of, bucket.Limit, now)
		verdict.Bucket = bucket
		tightest = tightest.Tighter(verdict)
	}
	return tightest, nil
}

// Known implements limit.Limiter.
func (l *Limiter) Known(buckets ...limit.Bucket) limit.Verdict {
	now, tightest := l.now(), limit.Open()
	for _, bucket := range buckets {
		of := l.digest(bucket)
		if _, verdict := bucket.Limit.Spend(l.part(of).full(of), now); !verdict.Allowed {
			verdict.Bucket = bucket
			tightest = tightest.Tighter(verdict)
		}
	}
	return tightest
}

// Learn implements limit.Standby.
func (l *Limiter) Learn(bucket limit.Bucket, full time.Time) {
	now, until := l.now(), time.Duration(full.UnixNano())
	if until > now {
		of := l.digest(bucket)
		l.part(of).raise(of, until, now)
	}
}

// Len is how many buckets are held, those that are full again included.
func (l *Limiter) Len() int {
	held := 0
	for i := range l.parts {
		held += l.parts[i].len()
	}
	return held
}

// none is the place of no bucket.
const none = -1

// shard is a part of a Limiter: buckets in the order in which they were last asked for.
type shard struct {
	mu     sync.Mutex
	places map[digest]int32
	kept   []kept
	// newest and oldest are the ends of the order, where there are any.
	newest, oldest int32
	// hand is where the last look for a full bucket ended.
	hand int
}

// kept is one bucket.
type kept struct {
	of digest
	// full is when it is full again.
	full time.Duration
	// newer and older are its neighbours in the order.
	newer, older int32
}

// spend decides on one call.
func (s *shard) spend(of digest, rule limit.Limit, now time.Duration) (verdict limit.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket := &s.kept[s.touch(of, now)]
	bucket.full, verdict = rule.Spend(bucket.full, now)
	return verdict
}

// raise puts off when the bucket is full.
func (s *shard) raise(of digest, full, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket := &s.kept[s.touch(of, now)]
	bucket.full = max(bucket.full, full)
}

// full tells when the bucket is full; 0 where it is not held.
func (s *shard) full(of digest) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, held := s.places[of]; held {
		return s.kept[at].full
	}
	return 0
}

func (s *shard) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

// touch makes the bucket the newest and gives its place; one that is not held gets one.
func (s *shard) touch(of digest, now time.Duration) int32 {
	at, held := s.places[of]
	switch {
	case held:
		if at == s.newest {
			return at
		}
		s.unlink(at)
	case len(s.kept) < Buckets/shards:
		at = int32(len(s.kept)) //nolint:gosec // below Buckets
		s.kept = append(s.kept, kept{of: of})
		s.places[of] = at
	default:
		at = s.least(now)
		s.unlink(at)
		delete(s.places, s.kept[at].of)
		s.kept[at], s.places[of] = kept{of: of}, at
	}
	s.link(at)
	return at
}

// least is the bucket that can best be spared: a full one, of the next few places all around, or the oldest.
func (s *shard) least(now time.Duration) int32 {
	for range glance {
		s.hand = (s.hand + 1) % len(s.kept)
		if s.kept[s.hand].full <= now {
			return int32(s.hand) //nolint:gosec // below Buckets
		}
	}
	return s.oldest
}

// link makes a bucket that is not in the order its newest.
func (s *shard) link(at int32) {
	bucket := &s.kept[at]
	bucket.newer, bucket.older = none, none
	if len(s.places) == 1 {
		s.oldest = at
	} else {
		bucket.older = s.newest
		s.kept[s.newest].newer = at
	}
	s.newest = at
}

// unlink takes a bucket out of the order.
func (s *shard) unlink(at int32) {
	bucket := s.kept[at]
	if bucket.newer == none {
		s.newest = bucket.older
	} else {
		s.kept[bucket.newer].older = bucket.older
	}
	if bucket.older == none {
		s.oldest = bucket.newer
	} else {
		s.kept[bucket.older].newer = bucket.newer
	}
}
