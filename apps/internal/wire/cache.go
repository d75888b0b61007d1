package wire

import (
	"errors"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/session"
)

// cacheIn are what the cache is made of.
type cacheIn struct {
	fx.In
	Lifecycle fx.Lifecycle
	Settings  config.Settings
	Sessions  session.Lookup `name:"primary"`
	Access    access.Lookup  `name:"primary"`
	Meters    *metrics.Meters
	Clock     core.Clock
	Log       *slog.Logger
}

// cacheOut is the cache behind its three ports, and the link to Valkey, nil where there is none.
type cacheOut struct {
	fx.Out
	Link      *valkey.Link
	Lookup    session.Lookup
	Access    access.Lookup
	Publisher session.Publisher
	Health    cacheHealth
}

// primary is what the cache stands before.
type primary struct {
	session.Lookup
	catalogues
}

type catalogues interface{ access.Lookup }

func (in cacheIn) primary() primary { return primary{in.Sessions, in.Access} }

// cacheHealth tells what is wrong with the cache; nil when nothing is.
type cacheHealth func() error

// newCache puts Valkey before the primary where VALKEY_URL names one, else memory of this process.
func newCache(in cacheIn) (cacheOut, error) {
	if in.Settings.Storage.ValkeyURL == "" {
		sessions := inprocess.NewSessions(in.primary(), in.Clock, in.Meters)
		return cacheOut{Lookup: sessions, Access: sessions, Publisher: sessions, Health: func() error { return nil }}, nil
	}
	link, err := valkey.NewLink(valkey.Config{
		URL: in.Settings.Storage.ValkeyURL.Reveal(), Prefix: in.Settings.Storage.ValkeyPrefix, Log: in.Log,
	})
	if err != nil {
		return cacheOut{}, err
	}
	sessions := valkey.NewSessions(link, in.primary(), in.Meters)
	in.Lifecycle.Append(fx.Hook{OnStart: link.Start, OnStop: link.Stop})
	in.Meters.Gauge("cache_degraded_seconds", "How long the cache has not been trusted; 0 when it is.", func() float64 {
		if status := link.Status(); status.Degraded {
			return time.Since(status.Since).Seconds()
		}
		return 0
	})
	return cacheOut{Link: link, Lookup: sessions, Access: sessions, Publisher: sessions, Health: linkHealth(link)}, nil
}

func linkHealth(link *valkey.Link) cacheHealth {
	return func() error {
		if status := link.Status(); status.Degraded {
			return errors.New(status.Reason)
		}
		return nil
	}
}

var cacheModule = fx.Module("cache", fx.Provide(newCache))
