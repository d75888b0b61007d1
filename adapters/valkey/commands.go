package valkey

import (
	"context"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/core"
)

// await runs a command and waits for it no longer than ctx. The command runs in a goroutine of its own,
// because valkey-go waits without regard to ctx where a queue is full or somebody else is dialling; it holds
// its place until it has really ended. The error is ctx's; the command's own is in its result.
func await[R any](ctx context.Context, places chan struct{}, command func(context.Context) R) (result R, err error) {
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return result, ctx.Err()
	}
	ended := make(chan R, 1)
	go func() {
		ended <- command(ctx)
		<-places
	}()
	select {
	case result = <-ended:
		return result, nil
	case <-ctx.Done():
		return result, ctx.Err()
	}
}

// get reads an entry and has its invalidation sent to us. found is false when there is none.
func (l *Link) get(ctx context.Context, key string) (held entry, found bool, err error) {
	client := l.client.Load()
	if client == nil {
		return entry{}, false, errAway
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	result, err := await(ctx, l.reading, func(ctx context.Context) valkeygo.ValkeyResult {
		return (*client).DoCache(ctx, (*client).B().Get().Key(key).Cache(), copyTTL)
	})
	return l.read(result, err)
}

// fill writes what was read from the primary and gives what stands then. readAt is when the read began;
// state is what was known of Valkey then.
func (l *Link) fill(
	ctx context.Context, key string, copied entry, readAt time.Duration, state *beatState,
) (standing entry, found bool, err error) {
	client := l.client.Load()
	now := l.pulse.at(l.elapsed())
	if client == nil || now == nil || now.epoch != state.epoch {
		return entry{}, false, errAway
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	deadline := time.Unix(0, int64(readAt+state.ahead+fillLimit))
	result, err := await(ctx, l.reading, func(ctx context.Context) valkeygo.ValkeyResult {
		return write.Exec(ctx, *client, []string{key}, copied.arguments(deadline))
	})
	return l.read(result, err)
}

// read takes the entry out of a reply. A failure stops further reads until Valkey has answered a heartbeat.
func (l *Link) read(result valkeygo.ValkeyResult, err error) (held entry, found bool, _ error) {
	var text string
	if err == nil {
		text, err = result.ToString()
	}
	if valkeygo.IsValkeyNil(err) {
		return entry{}, false, nil
	}
	if err == nil {
		held, err = parseEntry(text)
	}
	if err != nil {
		l.slow.Store(true)
		return entry{}, false, err
	}
	return held, true, nil
}

// mark makes copies of the subject below the revision stale.
func (l *Link) mark(ctx context.Context, change core.Change) error {
	client := l.client.Load()
	if client == nil || l.pulse.hopeless(l.elapsed()) {
		return errAway
	}
	result, err := await(ctx, l.publishing, func(ctx context.Context) valkeygo.ValkeyResult {
		keys := []string{l.keys.key(change.Subject, change.ID)}
		return write.Exec(ctx, *client, keys, entry{rev: change.Rev}.arguments(time.Time{}))
	})
	if err != nil {
		return err
	}
	return result.Error()
}
