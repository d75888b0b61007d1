package valkey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
)

// CountingTimeout is how long a call waits for Valkey to count it before it is counted by this replica alone.
const CountingTimeout = 50 * time.Millisecond

// CountingObserver counts checks of limits. Its methods return at once.
type CountingObserver interface {
	// LimitChecked tells whether a check was made together with all replicas, or by this one alone.
	LimitChecked(shared bool)
}

// LimiterConfig is how a Limiter counts.
type LimiterConfig struct {
	// Secret keys the digests that stand for buckets, because addresses are few enough to try them all. It is
	// the same for all replicas; those that differ count apart.
	Secret []byte
	// Standby counts while Valkey is away, and knows what Valkey has said before.
	Standby limit.Standby
	// Clock is the standby's.
	Clock core.Clock
	// Observer may be nil.
	Observer CountingObserver
}

// Limiter is a limit.Limiter that all replicas share. The buckets of one call are asked for together, in one
// round trip, and fill by the server's clock. What it says is taken over by the standby: a bucket that is
// known to be empty costs no round trip, and when Valkey is not trusted, slow or failing the standby goes on
// from there, with the same limits for this replica alone. Safe for concurrent use.
type Limiter struct {
	link   *Link
	config LimiterConfig
}

var _ limit.Limiter = (*Limiter)(nil)

// NewLimiter makes a limiter over the link.
func NewLimiter(link *Link, config LimiterConfig) *Limiter {
	if config.Observer == nil {
		config.Observer = unobserved{}
	}
	return &Limiter{link: link, config: config}
}

// LimitChecked implements CountingObserver.
func (unobserved) LimitChecked(bool) {}

// Known implements limit.Limiter.
func (l *Limiter) Known(buckets ...limit.Bucket) limit.Verdict {
	return l.config.Standby.Known(buckets...)
}

// Take implements limit.Limiter. It waits for Valkey no longer than CountingTimeout.
func (l *Limiter) Take(ctx context.Context, buckets ...limit.Bucket) (limit.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return limit.Verdict{}, core.Unavailable(err)
	}
	if refusal := l.Known(buckets...); !refusal.Allowed || len(buckets) == 0 {
		return refusal, nil
	}
	verdict, err := l.share(ctx, buckets)
	if ctx.Err() != nil {
		return limit.Verdict{}, core.Unavailable(ctx.Err())
	}
	l.config.Observer.LimitChecked(err == nil)
	if err != nil {
		return l.config.Standby.Take(ctx, buckets...)
	}
	return verdict, nil
}

// share counts the call together with the other replicas.
func (l *Limiter) share(ctx context.Context, buckets []limit.Bucket) (limit.Verdict, error) {
	client := l.link.client.Load()
	if client == nil || l.link.slow.Load() || l.link.pulse.at(l.link.elapsed()) == nil {
		return limit.Verdict{}, errAway
	}
	waiting, cancel := context.WithTimeout(ctx, CountingTimeout)
	defer cancel()
	replies, err := await(waiting, l.link.counting, func(ctx context.Context) []valkeygo.ValkeyResult {
		return l.run(ctx, *client, buckets)
	})
	var verdict limit.Verdict
	if err == nil {
		verdict, err = l.judge(buckets, replies)
	}
	if _, answered := valkeygo.IsValkeyErr(err); err != nil && !answered && ctx.Err() == nil {
		l.link.slow.Store(true) // until it has answered a heartbeat
	}
	return verdict, err
}

// judge reads the replies, for the standby too. By its clock a bucket is full as much later as the reply took,
// so that whoever waits as long as this replica says passes everywhere.
func (l *Limiter) judge(buckets []limit.Bucket, replies []valkeygo.ValkeyResult) (limit.Verdict, error) {
	now := l.config.Clock.Now()
	tightest := limit.Open()
	for i, bucket := range buckets {
		verdict, err := readVerdict(bucket, replies[i])
		if err != nil {
			return limit.Verdict{}, err
		}
		l.config.Standby.Learn(bucket, now.Add(verdict.Reset))
		tightest = tightest.Tighter(verdict)
	}
	return tightest, nil
}

// run sends one script call per bucket, all at once. A server that does not know the script, because it has
// just started, is sent its text.
func (l *Limiter) run(ctx context.Context, client valkeygo.Client, buckets []limit.Bucket) []valkeygo.ValkeyResult {
	commands := make(valkeygo.Commands, 0, len(buckets))
	for _, bucket := range buckets {
		commands = append(commands, client.B().Evalsha().Sha1(spendDigest).Numkeys(1).
			Key(l.key(bucket)).Arg(spendArguments(bucket.Limit)...).Build())
	}
	replies := client.DoMulti(ctx, commands...)
	for i, bucket := range buckets {
		if failure, ok := valkeygo.IsValkeyErr(replies[i].Error()); ok && failure.IsNoScript() {
			replies[i] = client.Do(ctx, client.B().Eval().Script(spendScript).Numkeys(1).
				Key(l.key(bucket)).Arg(spendArguments(bucket.Limit)...).Build())
		}
	}
	return replies
}

// key names a bucket: the limit in clear, and a keyed digest of whom it counts, which is its slot in a cluster.
func (l *Limiter) key(bucket limit.Bucket) string {
	mac := hmac.New(sha256.New, l.config.Secret)
	mac.Write([]byte(bucket.Name))
	mac.Write([]byte{0}) // names hold no NUL, so that the two cannot be shifted against each other
	mac.Write([]byte(bucket.Key))
	const length = 16 // 128 bits tell all buckets apart
	digest := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:length])
	return string(l.link.keys) + ":limit:" + bucket.Name + ":{" + digest + "}"
}

func spendArguments(rule limit.Limit) []string {
	return []string{strconv.Itoa(rule.Burst), strconv.FormatInt(rule.Interval().Microseconds(), 10)}
}

var errVerdict = errors.New("valkey: a verdict is malformed")

// readVerdict reads what the script has answered for the bucket.
func readVerdict(bucket limit.Bucket, reply valkeygo.ValkeyResult) (limit.Verdict, error) {
	numbers, err := reply.AsIntSlice()
	if err == nil && len(numbers) != 3 {
		err = errVerdict
	}
	if err != nil {
		return limit.Verdict{}, err
	}
	verdict := limit.Verdict{
		Allowed: numbers[0] == 1, Bucket: bucket,
		Reset: time.Duration(numbers[1]) * time.Microsecond, RetryAfter: time.Duration(numbers[2]) * time.Microsecond,
	}
	if verdict.Allowed {
		interval := bucket.Limit.Interval()
		verdict.Remaining = int((interval*time.Duration(bucket.Limit.Burst) - verdict.Reset) / interval)
	}
	return verdict, nil
}
