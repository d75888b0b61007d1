package limittest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
)

// Parts are what a case works with: limiters of its own that nobody else counts with.
type Parts struct {
	// Replicas share what they count; one at least.
	Replicas []limit.Limiter
	// Wait lets that time pass, and may let more.
	Wait func(d time.Duration)
	// Disturbed, if set, reports that something outside came between, a peer that was late on a busy machine;
	// what a case found then proves nothing, and it is repeated.
	Disturbed func() bool
}

// attempts is how often a disturbed case is repeated.
const attempts = 10

// Limiter holds implementations of limit.Limiter to the contract. open makes fresh parts.
func Limiter(t *testing.T, open func(t *testing.T) Parts) {
	t.Helper()
	for name, test := range map[string]func(ctx context.Context, p Parts) error{
		"as many pass as the bucket holds": burstPasses,
		"refusals cost nothing":            refusalsAreFree,
		"one comes back after the other":   oneComesBack,
		"it fills to the brim, no further": fillsToTheBrim,
		"names and keys are independent":   independent,
		"replicas count together":          together,
		"of several the tightest is told":  tightestIsTold,
		"one empty bucket refuses":         oneEmptyRefuses,
		"nothing asked, nothing refused":   nothingAsked,
		"what is known costs nothing":      knownIsFree,
		"an ended ctx counts nothing":      endedContext,
		"many at once, as many pass":       manyAtOnce,
		"many at once on several buckets":  manyOnSeveral,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for attempt := 1; ; attempt++ {
				parts := open(t)
				err := test(t.Context(), parts)
				if err == nil {
					return
				}
				if parts.Disturbed == nil || !parts.Disturbed() || attempt == attempts {
					t.Fatal(err)
				}
			}
		})
	}
}

// slow gives a bucket that does not fill while a case runs.
func slow(name, key string, burst int) limit.Bucket {
	return limit.Bucket{Name: name, Key: key, Limit: limit.Limit{Burst: burst, Period: 12 * time.Hour}}
}

// quick gives a bucket that a case can wait for.
func quick(burst int) limit.Bucket {
	return limit.Bucket{Name: "quick", Key: "203.0.113.7", Limit: limit.Limit{Burst: burst, Period: time.Second}}
}

// take takes one call and wants it allowed or refused.
func (p Parts) take(ctx context.Context, allowed bool, buckets ...limit.Bucket) (limit.Verdict, error) {
	verdict, err := p.Replicas[0].Take(ctx, buckets...)
	if err == nil && verdict.Allowed != allowed {
		err = fmt.Errorf("allowed is %v, want %v: %+v", verdict.Allowed, allowed, verdict)
	}
	return verdict, err
}

// drain takes calls until one is refused, and gives the refusal and how many had passed.
func (p Parts) drain(ctx context.Context, bucket limit.Bucket) (refusal limit.Verdict, passed int, err error) {
	const plenty = 1000
	for passed < plenty {
		refusal, err = p.Replicas[passed%len(p.Replicas)].Take(ctx, bucket)
		if err != nil || !refusal.Allowed {
			return refusal, passed, err
		}
		passed++
	}
	return refusal, passed, errors.New("nothing is ever refused")
}

func burstPasses(ctx context.Context, p Parts) error {
	bucket := slow("login", "203.0.113.7 ada", 5)
	for left := 4; left >= 0; left-- {
		verdict, err := p.take(ctx, true, bucket)
		if err != nil {
			return err
		}
		if verdict.Remaining != left || verdict.Bucket != bucket || verdict.RetryAfter != 0 {
			return fmt.Errorf("%+v, want %d left", verdict, left)
		}
		brim := time.Duration(5-left) * bucket.Limit.Interval()
		if verdict.Reset > brim || verdict.Reset < brim-time.Hour {
			return fmt.Errorf("full in %v, want %v", verdict.Reset, brim)
		}
	}
	refusal, err := p.take(ctx, false, bucket)
	if err == nil && (refusal.RetryAfter <= 0 || refusal.RetryAfter > bucket.Limit.Interval() || refusal.Remaining != 0 ||
		refusal.Bucket != bucket || refusal.Reset <= refusal.RetryAfter) {
		err = fmt.Errorf("refused with %+v", refusal)
	}
	return err
}

func refusalsAreFree(ctx context.Context, p Parts) error {
	bucket := slow("login", "203.0.113.7 ada", 2)
	first, _, err := p.drain(ctx, bucket)
	if err != nil {
		return err
	}
	for range 20 {
		again, err := p.take(ctx, false, bucket)
		if err != nil {
			return err
		}
		if again.RetryAfter > first.RetryAfter || again.Reset > first.Reset {
			return fmt.Errorf("a refusal put the next call off from %+v to %+v", first, again)
		}
	}
	return nil
}

func oneComesBack(ctx context.Context, p Parts) error {
	bucket := quick(2)
	for range 3 {
		refusal, _, err := p.drain(ctx, bucket)
		if err != nil {
			return err
		}
		p.Wait(refusal.RetryAfter)
		if _, err := p.take(ctx, true, bucket); err != nil {
			return err
		}
	}
	return nil
}

func fillsToTheBrim(ctx context.Context, p Parts) error {
	bucket := quick(4)
	refusal, _, err := p.drain(ctx, bucket)
	if err != nil {
		return err
	}
	p.Wait(refusal.Reset)
	verdict, err := p.take(ctx, true, bucket)
	if err == nil && verdict.Remaining != 3 {
		err = fmt.Errorf("%+v after the bucket was full", verdict)
	}
	p.Wait(2 * bucket.Limit.Period)
	if verdict, again := p.take(ctx, true, bucket); err == nil && (again != nil || verdict.Remaining != 3) {
		err = fmt.Errorf("%+v, %w long after the bucket was full", verdict, again)
	}
	return err
}

func independent(ctx context.Context, p Parts) error {
	if _, _, err := p.drain(ctx, slow("login", "203.0.113.7", 2)); err != nil {
		return err
	}
	for _, other := range []limit.Bucket{
		slow("login", "203.0.113.8", 2), slow("register", "203.0.113.7", 2), slow("login", "", 2),
		slow("log", "in203.0.113.7", 2),
	} {
		if verdict, err := p.take(ctx, true, other); err != nil || verdict.Remaining != 1 {
			return fmt.Errorf("%+v shares with another: %+v, %w", other, verdict, err)
		}
	}
	return nil
}

func together(ctx context.Context, p Parts) error {
	bucket := slow("login", "2001:db8::/64", 7)
	_, passed, err := p.drain(ctx, bucket)
	if err == nil && passed != 7 {
		err = fmt.Errorf("%d passed over %d replicas, want 7", passed, len(p.Replicas))
	}
	for _, replica := range p.Replicas {
		verdict, failed := replica.Take(ctx, bucket)
		if err == nil && (failed != nil || verdict.Allowed) {
			err = fmt.Errorf("a replica gave %+v, %w", verdict, failed)
		}
	}
	return err
}

func tightestIsTold(ctx context.Context, p Parts) error {
	wide, tight, tighter := slow("wide", "a", 60), slow("tight", "b", 5), slow("tighter", "b", 2)
	for _, each := range []struct {
		buckets []limit.Bucket
		want    limit.Bucket
	}{{[]limit.Bucket{wide, tight}, tight}, {[]limit.Bucket{tight, wide}, tight}, {[]limit.Bucket{wide, tighter, tight}, tighter}} {
		if verdict, err := p.take(ctx, true, each.buckets...); err != nil || verdict.Bucket != each.want {
			return fmt.Errorf("of %v told %+v: %w", each.buckets, verdict, err)
		}
	}
	return nil
}

func oneEmptyRefuses(ctx context.Context, p Parts) error {
	wide, tight := slow("wide", "a", 60), slow("tight", "b", 2)
	if _, _, err := p.drain(ctx, tight); err != nil {
		return err
	}
	refusal, err := p.take(ctx, false, wide, tight)
	if err != nil || refusal.Bucket != tight || refusal.RetryAfter <= 0 {
		return fmt.Errorf("refused with %+v, %w", refusal, err)
	}
	_, err = p.take(ctx, true, wide)
	return err
}

func nothingAsked(ctx context.Context, p Parts) error {
	verdict, err := p.take(ctx, true)
	if err == nil && (verdict != limit.Open() || p.Replicas[0].Known() != limit.Open()) {
		err = fmt.Errorf("%+v without a bucket", verdict)
	}
	return err
}

func knownIsFree(ctx context.Context, p Parts) error {
	bucket, other := slow("login", "203.0.113.7 ada", 3), slow("other", "", 3)
	for range 2 {
		for range 5 {
			if known := p.Replicas[0].Known(bucket); known != limit.Open() {
				return fmt.Errorf("known to be empty: %+v", known)
			}
		}
		if _, err := p.take(ctx, true, bucket); err != nil {
			return err
		}
	}
	if verdict, err := p.take(ctx, true, bucket); err != nil || verdict.Remaining != 0 {
		return fmt.Errorf("%+v after asking what is known, %w", verdict, err)
	}
	if _, err := p.take(ctx, false, bucket); err != nil {
		return err
	}
	known := p.Replicas[0].Known(other, bucket)
	if known.Allowed || known.Bucket != bucket || known.RetryAfter <= 0 || known.RetryAfter > bucket.Limit.Interval() {
		return fmt.Errorf("what was refused is not known: %+v", known)
	}
	return nil
}

func endedContext(ctx context.Context, p Parts) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	bucket := slow("login", "a", 1)
	if _, err := p.Replicas[0].Take(ended, bucket); err == nil || core.AsError(err).Kind != core.KindUnavailable {
		return fmt.Errorf("got the error %w without a ctx", err)
	}
	_, err := p.take(ctx, true, bucket)
	return err
}

// racers is how many calls come at once.
const racers = 60

func manyAtOnce(ctx context.Context, p Parts) error {
	bucket := slow("login", "203.0.113.7 ada", 7)
	passed, err := race(ctx, p, func(int) []limit.Bucket { return []limit.Bucket{bucket} })
	if err == nil && passed != 7 {
		err = fmt.Errorf("%d of %d passed at once, want 7", passed, racers)
	}
	return err
}

func manyOnSeveral(ctx context.Context, p Parts) error {
	address := slow("address", "203.0.113.7", 20)
	passed, err := race(ctx, p, func(i int) []limit.Bucket {
		return []limit.Bucket{address, slow("login", fmt.Sprint("203.0.113.7 ", i), 1)}
	})
	if err == nil && passed != 20 {
		err = fmt.Errorf("%d of %d passed at once, want 20", passed, racers)
	}
	return err
}

func race(ctx context.Context, p Parts, buckets func(i int) []limit.Bucket) (passed int, err error) {
	verdicts, failures := make([]limit.Verdict, racers), make([]error, racers)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range racers {
		running.Go(func() {
			<-start
			verdicts[i], failures[i] = p.Replicas[i%len(p.Replicas)].Take(ctx, buckets(i)...)
		})
	}
	close(start)
	running.Wait()
	for _, verdict := range verdicts {
		if verdict.Allowed {
			passed++
		}
	}
	return passed, errors.Join(failures...)
}
