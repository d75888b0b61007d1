package limit

import (
	"context"
	"time"
)

// Limiter counts calls. Safe for concurrent use.
type Limiter interface {
	// Take takes one call from every bucket and gives the verdict of the tightest; the call is allowed when all
	// of them had one. Each bucket decides for itself and in one step: of many calls at once on one that
	// holds n, n get one. A bucket that refuses stays as it is; what the others gave is not given back, and
	// they may be spared where one is known to be empty. Buckets that differ in name or key are
	// independent. Without buckets the verdict is Open.
	//
	// Where counting is shared and what shares it is away, the call is counted where that can be done: it is
	// never let through uncounted, and never refused for that reason. The only error is KindUnavailable, when
	// ctx has ended.
	Take(ctx context.Context, buckets ...Bucket) (Verdict, error)
	// Known tells, without taking anything or asking anybody, whether one of the buckets is known to be empty;
	// the verdict is then the refusal that Take would give, and else Open. It may miss what others have
	// taken, and never refuses what Take would not.
	Known(buckets ...Bucket) Verdict
}

// Standby is a Limiter of one process that goes on counting where a shared one has left off.
type Standby interface {
	Limiter
	// Learn notes that the bucket will not be full before the instant. What is known to be later stays.
	Learn(bucket Bucket, full time.Time)
}
