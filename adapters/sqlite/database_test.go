package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// holderFile names, in the environment of a child process, the database whose lock it is to hold.
const holderFile = "SQLITE_TEST_HOLDER"

// TestMain is also the program of the child process that TestALockDiesWithItsHolder kills.
func TestMain(m *testing.M) {
	if path := os.Getenv(holderFile); path != "" {
		hold(path)
	}
	os.Exit(m.Run())
}

func hold(path string) {
	db, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err == nil {
		_, held, lockErr := db.Locks().TryLock(context.Background(), "cleanup")
		fmt.Println(held, lockErr)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
	os.Exit(1)
}

func TestALockDiesWithItsHolder(t *testing.T) {
	t.Parallel()
	path := sqlitetest.File(t)
	holder := exec.CommandContext(t.Context(), os.Args[0])
	holder.Env = append(os.Environ(), holderFile+"="+path)
	input, err := holder.StdinPipe()
	coretest.Must(t, err)
	defer func() { _ = input.Close() }()
	output, err := holder.StdoutPipe()
	coretest.Must(t, err)
	coretest.Must(t, holder.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	coretest.Must(t, err)
	coretest.Equal(t, "true <nil>\n", line)

	locks := sqlitetest.OpenFile(t, path).Locks()
	_, held, err := locks.TryLock(t.Context(), "cleanup")
	coretest.Must(t, err)
	coretest.Equal(t, false, held)
	coretest.Must(t, holder.Process.Kill())
	_ = holder.Wait() // says that it was killed
	release, held, err := locks.TryLock(t.Context(), "cleanup")
	coretest.Must(t, err)
	coretest.Equal(t, true, held)
	release()
}

func TestManyProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	const processes = 8
	path := filepath.Join(t.TempDir(), "new.db")
	dbs := make([]*sqlite.Database, processes)
	for i := range dbs {
		dbs[i] = sqlitetest.OpenFile(t, path)
	}
	plan, err := dbs[0].Plan(t.Context())
	coretest.Must(t, err)
	var applied atomic.Int64
	coretest.Race(t, processes, nil, func(ctx context.Context, i int) error {
		migrations, err := dbs[i].Migrate(ctx)
		applied.Add(int64(len(migrations)))
		return err
	})
	coretest.Equal(t, int64(len(plan)), applied.Load())
	status, err := dbs[1].Status(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, len(plan), len(status))
	rest, err := dbs[1].Plan(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, 0, len(rest))
}

func TestPingStatsAndClose(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: sqlitetest.File(t), Readers: 2})
	coretest.Must(t, err)
	coretest.Must(t, db.Ping(t.Context()))
	coretest.Equal(t, 3, db.Stats().Max)
	coretest.Must(t, db.InTx(t.Context(), func(context.Context) error {
		coretest.Equal(t, 1, db.Stats().InUse)
		return nil
	}))
	coretest.Must(t, db.Close())
	coretest.Equal(t, core.KindUnavailable, core.AsError(db.Ping(t.Context())).Kind)
}

func TestOpenWithoutFolder(t *testing.T) {
	t.Parallel()
	_, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "missing", "x.db")})
	if err == nil {
		t.Fatal("opened a file in a folder that is not there")
	}
}

func TestTheFileIsWhereItIsWantedAndPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c#d%41.db")
	db := sqlitetest.OpenFile(t, path)
	_, err := db.Migrate(t.Context())
	coretest.Must(t, err)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		coretest.Must(t, err)
		coretest.Equal(t, os.FileMode(0o600), info.Mode())
	}
}

// TestWritersOfTwoProcessesTakeTurns races transactions of two databases on one file.
func TestWritersOfTwoProcessesTakeTurns(t *testing.T) {
	t.Parallel()
	path := sqlitetest.File(t)
	dbs := []*sqlite.Database{sqlitetest.OpenFile(t, path), sqlitetest.OpenFile(t, path)}
	const writers = 40
	successes := coretest.Race(t, writers, nil, func(ctx context.Context, i int) error {
		db := dbs[i%2]
		return db.InTx(ctx, func(ctx context.Context) error {
			return db.Accounts().Create(ctx, accounttest.Person(""))
		})
	})
	coretest.Equal(t, writers, successes)
}

// TestABusyFileIsUnavailable keeps the write lock in another process's place beyond the busy time-out.
func TestABusyFileIsUnavailable(t *testing.T) {
	t.Parallel()
	path := sqlitetest.File(t)
	holder := sqlitetest.OpenFile(t, path)
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, BusyTimeout: time.Millisecond})
	coretest.Must(t, err)
	defer func() { coretest.Must(t, db.Close()) }()
	coretest.Must(t, holder.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, holder.Accounts().Create(ctx, accounttest.Person("")))
		err := db.InTx(t.Context(), func(context.Context) error { return nil })
		coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
		_, err = db.Accounts().UsernameTaken(t.Context(), "ada") // reading goes on
		return err
	}))
	coretest.Must(t, db.Accounts().Create(t.Context(), accounttest.Person("")))
}

func TestTheSchemaRefusesWhatTheDomainShould(t *testing.T) {
	t.Parallel()
	db := sqlitetest.Open(t)
	for name, spoil := range map[string]func(*account.User){
		"status":   func(user *account.User) { user.Status = "odd" },
		"password": func(user *account.User) { user.Password = "plain text" },
		"revision": func(user *account.User) { user.Rev = -1 },
		"length":   func(user *account.User) { user.Profile.Bio = strings.Repeat("x", 5000) },
		"key":      func(user *account.User) { user.UsernameKey = "" },
		"deletion": func(user *account.User) { user.Status = account.StatusDeleted },
		"role":     func(user *account.User) { user.Roles = []string{""} },
	} {
		user := accounttest.Person("")
		spoil(&user)
		err := db.Accounts().Create(t.Context(), user)
		if core.AsError(err).Kind != core.KindInternal {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := db.Accounts().Find(t.Context(), user.ID); err == nil {
			t.Errorf("%s: half of the account stayed", name)
		}
	}
}

func TestWhatHangsOnNobodyIsNotFound(t *testing.T) {
	t.Parallel()
	db := sqlitetest.Open(t)
	coretest.Must(t, db.InTx(t.Context(), func(ctx context.Context) error {
		flow := verification.Flow{
			ID: accounttest.NewID(), Purpose: verification.PurposeRestore, Subject: "x", User: accounttest.NewID(),
			Digest: secret.Random(32), CreatedAt: coretest.Epoch, ExpiresAt: coretest.Epoch,
		}
		coretest.Refused(t, db.Flows().Start(ctx, flow), core.ErrNotFound)
		link := verification.Link{
			Purpose: flow.Purpose, User: flow.User, CreatedAt: coretest.Epoch, ExpiresAt: coretest.Epoch,
		}
		coretest.Refused(t, db.Links().Put(ctx, link), core.ErrNotFound)
		return db.Accounts().Create(ctx, accounttest.Person("ada"))
	}))
}
