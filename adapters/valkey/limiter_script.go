package valkey

import (
	"crypto/sha1" //nolint:gosec // it names the script in the protocol of the server and protects nothing
	"encoding/hex"
)

// spendScript is limit.Limit.Spend by the server's clock, in microseconds. Replicas of two versions run side
// by side on the same keys, so what a key holds never changes: when the bucket is full again, in microseconds
// of Unix time. The key goes when the bucket is full.
//
//	KEYS[1]  the bucket
//	ARGV[1]  how many calls it holds
//	ARGV[2]  the time in which one comes back
//
// It returns whether the call is allowed, the time until the bucket is full, and the time until it takes the
// next call.
const spendScript = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval = tonumber(ARGV[2])
local capacity = interval * tonumber(ARGV[1])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
full = math.min(math.max(full, now), now + capacity)
local after = full + interval
local wait = after - capacity - now
if wait > 0 then
  return {0, full - now, wait}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, after - now, 0}
`

// spendDigest is how EVALSHA names the script.
var spendDigest = func() string {
	sum := sha1.Sum([]byte(spendScript)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}()
