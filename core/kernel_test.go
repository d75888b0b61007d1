package core_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
)

func TestClockFuncCutsToWhatDatabasesKeep(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("east", 2*60*60)
	clock := core.ClockFunc(func() time.Time { return time.Date(2026, 3, 1, 14, 0, 0, 1_234_567, zone) })
	want := time.Date(2026, 3, 1, 12, 0, 0, 1_234_000, time.UTC)
	if got := clock.Now(); got != want { //nolint:revive // the very value, zone included
		t.Errorf("got %v", got)
	}
}

func TestRequireRecent(t *testing.T) {
	t.Parallel()
	now := coretest.Epoch
	principal := core.Principal{AuthTime: now.Add(-15 * time.Minute)}
	if err := principal.RequireRecent(now, 15*time.Minute, "pwd"); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	err := principal.RequireRecent(now, 15*time.Minute-time.Microsecond, "pwd", "otp")
	var refusal *core.Error
	if !errors.As(err, &refusal) || refusal.Kind != core.KindForbidden || refusal.Code != core.CodeReauthentication {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{"pwd", "otp"}, refusal.Factors); diff != "" {
		t.Error(diff)
	}
	if err := (core.Principal{}).RequireRecent(now, time.Hour); err == nil {
		t.Error("nobody is recent")
	}
}

func TestClientTravelsInContext(t *testing.T) {
	t.Parallel()
	want := core.Client{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "test", RequestID: "r1", Languages: "en"}
	got := core.ClientFrom(core.WithClient(t.Context(), want))
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
	if got := core.ClientFrom(t.Context()); got != (core.Client{}) {
		t.Errorf("outside of a request: %v", got)
	}
}

func TestPositionZero(t *testing.T) {
	t.Parallel()
	if !(core.Position{}).IsZero() || (core.Position{ID: core.ID{1}}).IsZero() || (core.Position{At: coretest.Epoch}).IsZero() {
		t.Error("only the zero position is the beginning")
	}
}

func TestDiscardKeepsNothing(t *testing.T) {
	t.Parallel()
	if core.Discard().Enabled(t.Context(), 100) {
		t.Error("the logger is enabled")
	}
}

// hearing notes what is announced, and whether the transaction was over.
type hearing struct {
	db      *coretest.Database
	inside  bool
	changes []core.Change
}

func (h *hearing) Announce(ctx context.Context, changes ...core.Change) {
	h.inside = h.inside || h.db.InTransaction(ctx)
	h.changes = append(h.changes, changes...)
}

func TestCommitAnnouncesWhatIsCommitted(t *testing.T) {
	t.Parallel()
	change := core.Change{Subject: core.SubjectUser, ID: core.ID{1}, Rev: 2}
	refusal := errors.New("refused")
	for name, c := range map[string]struct {
		act  func(context.Context) ([]core.Change, error)
		err  error
		want []core.Change
	}{
		"changes": {func(context.Context) ([]core.Change, error) { return []core.Change{change}, nil }, nil, []core.Change{change}},
		"none":    {func(context.Context) ([]core.Change, error) { return nil, nil }, nil, nil},
		"failure": {func(context.Context) ([]core.Change, error) { return []core.Change{change}, refusal }, refusal, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := coretest.NewDatabase()
			heard := &hearing{db: db}
			err := core.Commit(t.Context(), db, heard, func(ctx context.Context) ([]core.Change, error) {
				if !db.InTransaction(ctx) {
					t.Error("not in a transaction")
				}
				return c.act(ctx)
			})
			if !errors.Is(err, c.err) || heard.inside {
				t.Errorf("got %v, announced inside: %v", err, heard.inside)
			}
			if diff := cmp.Diff(c.want, heard.changes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReadPage reads a list of five by pages, each asked for one item more than it has.
func TestReadPage(t *testing.T) {
	t.Parallel()
	read := func(page core.Page) (items []byte, err error) {
		for i := page.After.ID[0] + 1; i <= 5 && len(items) < page.Limit; i++ {
			items = append(items, i)
		}
		return items, nil
	}
	at := func(item byte) core.Position { return core.Position{ID: core.ID{item}} }
	var pages [][]byte
	for page := (core.Page{Limit: 2}); len(pages) == 0 || !page.After.IsZero(); {
		items, next, err := core.ReadPage(page, read, at)
		if err != nil {
			t.Fatal(err)
		}
		pages, page.After = append(pages, items), next
	}
	if want := [][]byte{{1, 2}, {3, 4}, {5}}; !reflect.DeepEqual(pages, want) {
		t.Errorf("pages %v, want %v", pages, want)
	}
	for limit, size := range map[int]int{0: core.PageLimitDefault, -1: 1, 1: 1, 200: 200, 201: core.PageLimitMax} {
		if got := (core.Page{Limit: limit}).Size(); got != size {
			t.Errorf("a page of %d has %d, want %d", limit, got, size)
		}
	}
}
