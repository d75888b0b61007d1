package mail

import (
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
)

// GiveUpAfter is how old a message gets before it is given up: long enough for a peer that is away over
// a weekend. RFC 5321 §4.5.4.1 has relays go on for four or five days; the codes and links in our
// letters live for a day at the most, notices for a week.
const GiveUpAfter = 72 * time.Hour

const (
	firstDelay = 5 * time.Second
	maxDelay   = 15 * time.Minute
)

// Backoff is the longest wait after the given attempt, the first being 1: 5 s, 10 s, 20 s and so on,
// doubling up to 15 min. The wait that is used is drawn between half of it and all of it, so that what
// failed together is not repeated together. It begins far below the 30 min of RFC 5321 §4.5.4.1 because
// the peer is our own submission server, and what is in the letters is wanted within minutes.
func Backoff(attempt int) time.Duration {
	delay := firstDelay
	for range attempt - 1 {
		if delay *= 2; delay >= maxDelay {
			return maxDelay
		}
	}
	return delay
}

func jittered(longest time.Duration) time.Duration {
	half := longest / 2
	random, err := rand.Int(rand.Reader, big.NewInt(int64(longest-half)+1))
	if err != nil {
		return longest // crypto/rand does not fail; without jitter is still right
	}
	return (half + time.Duration(random.Int64())).Truncate(time.Microsecond) // as databases keep times
}

// maxReason bounds what is noted of a failure, in code points.
const maxReason = 300

// reason is what may be noted and logged of a failure: one line, without the letter's secrets, which
// peers are known to repeat (a filter that names the link it dislikes).
func reason(failure error, letter Letter) string {
	var refused *core.Error
	if errors.As(failure, &refused) && refused.Err != nil {
		failure = refused.Err
	}
	told := failure.Error()
	for _, hidden := range []string{letter.Token, letter.Code} {
		if hidden != "" {
			told = strings.ReplaceAll(told, hidden, "[redacted]")
		}
	}
	return line(told, maxReason)
}
