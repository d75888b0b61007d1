package wire

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/apps/internal/background"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// healthIn are what is looked at.
type healthIn struct {
	fx.In
	Settings config.Settings
	Database Engine
	Cache    cacheHealth
	Peer     *mailPeer
	Outbox   mail.Outbox
	Clock    core.Clock
}

// newHealth looks at the parts. Only the database is critical: without a cache, a mail server or a folder
// the server goes on, more slowly or later.
func newHealth(in healthIn) *api.Health {
	probes := []api.Probe{
		{Name: "db", Critical: true, Check: func(ctx context.Context) (map[string]float64, error) {
			return nil, in.Database.Ping(ctx)
		}},
		{Name: "cache", Check: func(context.Context) (map[string]float64, error) { return nil, in.Cache() }},
		{Name: "mail", Check: in.mail},
	}
	if folder := in.folder(); folder != "" {
		probes = append(probes, api.Probe{
			Name: "storage", Critical: in.Settings.SQLite(),
			Check: func(context.Context) (map[string]float64, error) { return storage(folder) },
		})
	}
	return api.NewHealth(in.Clock, probes...)
}

// folder is where the process keeps something, empty when it does so nowhere.
func (in healthIn) folder() string {
	switch {
	case in.Settings.SQLite():
		return filepath.Dir(in.Settings.SQLitePath())
	case in.Settings.Storage.MasterKeys == "":
		return in.Settings.Profile.DataDir
	default:
		return ""
	}
}

// mail tells how the peer was when it was asked last, and how much waits for it.
func (in healthIn) mail(ctx context.Context) (map[string]float64, error) {
	now := in.Clock.Now()
	stats, err := in.Outbox.Stats(ctx, now)
	if err != nil {
		return nil, err
	}
	facts := map[string]float64{"queued": float64(stats.Queued), "failed": float64(stats.Failed)}
	if !stats.OldestDue.IsZero() {
		facts["oldest_due_seconds"] = max(0, now.Sub(stats.OldestDue).Seconds())
	}
	return facts, in.Peer.state()
}

// peerEvery is the pause between two looks at the mail server. They are made beside the requests: one that
// hangs must not make a readiness check wait.
const peerEvery = 15 * time.Second

// mailPeer remembers how the mail server was.
type mailPeer struct {
	sender mail.Sender
	seen   atomic.Pointer[peerState]
}

type peerState struct{ err error }

func newMailPeer(sender mail.Sender) *mailPeer {
	peer := &mailPeer{sender: sender}
	peer.seen.Store(&peerState{})
	return peer
}

func (p *mailPeer) state() error { return p.seen.Load().err }

func (p *mailPeer) loop() background.Loop {
	return background.Loop{Name: "mail check", Every: peerEvery, Step: func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, peerEvery)
		defer cancel()
		p.seen.Store(&peerState{p.sender.Check(ctx)})
		return false, nil
	}}
}

// storageLeast is the free space below which a database soon cannot write.
const storageLeast = 64 << 20

// storage tries to write where the database and the keys are.
func storage(folder string) (map[string]float64, error) {
	trial, err := os.CreateTemp(folder, ".health-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(trial.Name()) }()
	if err := trial.Close(); err != nil {
		return nil, err
	}
	free, known := freeSpace(folder)
	if !known {
		return nil, nil
	}
	facts := map[string]float64{"free_bytes": float64(free)}
	if free < storageLeast {
		return facts, fmt.Errorf("only %d MiB are free", free>>20)
	}
	return facts, nil
}

var healthModule = fx.Module("health", fx.Provide(newMailPeer, newHealth))
