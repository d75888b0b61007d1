package coretest

import (
	"context"
	"errors"
	"testing"

	"github.com/doorward/doorward/core"
)

// Cells is what the suite of core.Transactor is run on: a transactor and any store that takes part in its
// transactions, seen as a set of numbers.
type Cells struct {
	Tx core.Transactor
	// Put adds a number that is not there.
	Put func(ctx context.Context, n int) error
	// Has reports whether the number is there.
	Has func(ctx context.Context, n int) (bool, error)
}

// TestTransactor is the contract of core.Transactor. Open makes fresh, empty cells for one case.
func TestTransactor(t *testing.T, open func(t *testing.T) Cells) {
	t.Helper()
	Run(t, open, map[string]func(t *testing.T, c Cells){
		"commits":                           commits,
		"an error rolls back":               errorRollsBack,
		"a panic rolls back and goes on":    panicRollsBack,
		"a nested call joins":               nestedJoins,
		"a nested error dooms the whole":    nestedDooms,
		"what is rolled back is never seen": neverSeen,
		"an ended ctx begins nothing":       endedContext,
		"a ctx that ends inside rolls back": endsInside,
		"a store heeds ctx":                 storeHeeds,
		"many at once all commit":           manyCommit,
	})
}

func (c Cells) want(t *testing.T, n int, want bool) {
	t.Helper()
	got, err := c.Has(t.Context(), n)
	Must(t, err)
	if got != want {
		t.Fatalf("number %d: got %v, want %v", n, got, want)
	}
}

func commits(t *testing.T, c Cells) {
	Must(t, c.Tx.InTx(t.Context(), func(ctx context.Context) error {
		Must(t, c.Put(ctx, 1))
		inside, err := c.Has(ctx, 1)
		Equal(t, true, inside)
		return err
	}))
	c.want(t, 1, true)
}

var errRefusal = errors.New("refused on purpose")

func errorRollsBack(t *testing.T, c Cells) {
	err := c.Tx.InTx(t.Context(), func(ctx context.Context) error {
		Must(t, c.Put(ctx, 1))
		return errRefusal
	})
	Refused(t, err, errRefusal)
	c.want(t, 1, false)
}

func panicRollsBack(t *testing.T, c Cells) {
	func() {
		defer func() { Equal(t, any("boom"), recover()) }()
		_ = c.Tx.InTx(t.Context(), func(ctx context.Context) error {
			Must(t, c.Put(ctx, 1))
			panic("boom")
		})
	}()
	c.want(t, 1, false)
	Must(t, c.Put(t.Context(), 1))
}

func nestedJoins(t *testing.T, c Cells) {
	err := c.Tx.InTx(t.Context(), func(ctx context.Context) error {
		Must(t, c.Tx.InTx(ctx, func(ctx context.Context) error { return c.Put(ctx, 1) }))
		return errRefusal
	})
	Refused(t, err, errRefusal)
	c.want(t, 1, false)
}

func nestedDooms(t *testing.T, c Cells) {
	err := c.Tx.InTx(t.Context(), func(ctx context.Context) error {
		Must(t, c.Put(ctx, 1))
		Refused(t, c.Tx.InTx(ctx, func(context.Context) error { return errRefusal }), errRefusal)
		return nil
	})
	Refused(t, err, errRefusal)
	c.want(t, 1, false)
}

func neverSeen(t *testing.T, c Cells) {
	put, asking, seen := make(chan struct{}), make(chan struct{}), make(chan bool)
	go func() {
		<-put
		close(asking)
		has, err := c.Has(t.Context(), 1)
		seen <- has || err != nil
	}()
	err := c.Tx.InTx(t.Context(), func(ctx context.Context) error {
		Must(t, c.Put(ctx, 1))
		close(put)
		<-asking
		return errRefusal
	})
	Refused(t, err, errRefusal)
	Equal(t, false, <-seen)
}

func endedContext(t *testing.T, c Cells) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.Tx.InTx(ctx, func(context.Context) error {
		t.Error("ran without a ctx")
		return nil
	})
	Equal(t, core.KindUnavailable, core.AsError(err).Kind)
}

func endsInside(t *testing.T, c Cells) {
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Tx.InTx(ctx, func(ctx context.Context) error {
		Must(t, c.Put(ctx, 1))
		cancel()
		return nil
	})
	Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	c.want(t, 1, false)
}

func storeHeeds(t *testing.T, c Cells) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.Put(ctx, 1)
	Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	c.want(t, 1, false)
}

func manyCommit(t *testing.T, c Cells) {
	const many = 50
	Equal(t, many, Race(t, many, nil, func(ctx context.Context, i int) error {
		return c.Tx.InTx(ctx, func(ctx context.Context) error { return c.Put(ctx, i) })
	}))
	for i := range many {
		c.want(t, i, true)
	}
}
