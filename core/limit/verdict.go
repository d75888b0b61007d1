package limit

import "time"

// Bucket names what is counted: whose calls of which kind, and how many there may be. The same Name and Key
// always come with the same Limit.
type Bucket struct {
	// Name is the limit's, a short word that everybody may read; never empty.
	Name string
	// Key is whom it counts: an address, an account, a session, or several of them. It is of any length and
	// may be personal: no Limiter shows it or stores it readably outside of its process.
	Key   string
	Limit Limit
}

// Verdict is what became of a call, as the tightest of its buckets tells it.
type Verdict struct {
	Allowed bool
	// Bucket is the tightest one; the zero Bucket where none was asked.
	Bucket Bucket
	// Remaining is how many calls the bucket still holds.
	Remaining int
	// Reset is the time until the bucket is full again.
	Reset time.Duration
	// RetryAfter is the time until the bucket takes the next call, unless another caller gets it; 0 where this
	// one was allowed.
	RetryAfter time.Duration
}

// Open is the verdict on a call that no bucket counts.
func Open() Verdict { return Verdict{Allowed: true} }

// Tighter gives the tighter of two verdicts: a refusal before a permission, of refusals the one to wait
// longer for, of permissions the one with fewer calls left, and that of a bucket before Open.
func (v Verdict) Tighter(other Verdict) Verdict {
	switch {
	case v.Allowed != other.Allowed:
		if v.Allowed {
			return other
		}
		return v
	case other.Bucket.Name == "":
		return v
	case v.Bucket.Name == "":
		return other
	case !v.Allowed:
		if other.RetryAfter > v.RetryAfter {
			return other
		}
		return v
	case other.Remaining < v.Remaining, other.Remaining == v.Remaining && other.Reset > v.Reset:
		return other
	}
	return v
}
