package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/token"
)

// Every root can be built from the parts there are.
func TestEveryRootResolves(t *testing.T) {
	t.Parallel()
	settings := settingsIn(t, t.TempDir())
	for name, app := range map[string]fx.Option{
		"server":  wire.ServerOptions(settings),
		"keys":    wire.CommandOptions[*token.Ring](settings),
		"sealed":  wire.CommandOptions[*sealed.Keeper](settings),
		"cleanup": wire.CommandOptions[*retention.Sweeper](settings),
		"seeder":  wire.CommandOptions[account.Store](settings),
	} {
		if err := fx.ValidateApp(app); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func startServer(t *testing.T, settings config.Settings, log io.Writer) *wire.Server {
	t.Helper()
	server, err := wire.NewServer(settings, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server
}

func statusOf(t *testing.T, address string) int {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// The embedded default comes up, is well in every part, and goes down without leaving a listener.
func TestServerStartsAndStops(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	settings := settingsIn(t, t.TempDir(), "ADMIN_ADDR", "127.0.0.1:0", "LOG_LEVEL", "warn")
	server := startServer(t, settings, &log)
	public, private := server.URL(), server.AdminURL()
	if got := server.Settings().Server.AppURL; got != public {
		t.Errorf("links lead to %s, the server is at %s", got, public)
	}
	for _, address := range []string{
		public + "/health/ready", public + "/health", public + "/docs", private + "/health/db", private + "/health/cache",
		private + "/health/mail", private + "/health/storage", private + "/health/system", private + "/metrics",
	} {
		if got := statusOf(t, address); got != http.StatusOK {
			t.Errorf("%s answers %d", address, got)
		}
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{public, private} {
		if conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://")); err == nil {
			conn.Close()
			t.Errorf("%s still listens", address)
		}
	}
	if log.Len() > 0 {
		t.Errorf("logged:\n%s", log.String())
	}
}

// systems is a database in the format of GEOIP_FILE that knows no places.
const systems = "../../../adapters/geoip/testdata/GeoLite2-ASN-Test.mmdb"

// What keeps a server from starting is told plainly, and it leaves nothing behind.
func TestStartFailuresAreExplained(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	tests := map[string]struct {
		pairs []string
		want  string
	}{
		"port in use": {[]string{"PORT", port}, "HOST and PORT: listen tcp 127.0.0.1:" + port},
		"no database": {[]string{"DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"}, "the database of DATABASE_URL does not answer: "},
		"no folder":   {[]string{"DATA_DIR", "/dev/null/data"}, "the folder of the database: "},
		"no places":   {[]string{"GEOIP_FILE", "missing.mmdb"}, "GEOIP_FILE: place database missing.mmdb: no such file"},
		"other facts": {[]string{"GEOIP_FILE", systems}, "GEOIP_FILE: place database " + systems + ": it is a \"GeoLite2-ASN\", not a city database"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := wire.NewServer(settingsIn(t, t.TempDir(), test.pairs...), io.Discard)
			if err == nil {
				err = server.Start(t.Context())
			}
			var told bytes.Buffer
			wire.Explain(&told, err)
			if !strings.HasPrefix(told.String(), "doorward: "+test.want) || strings.Contains(told.String(), "missing dependencies") {
				t.Errorf("told %q", told.String())
			}
		})
	}
}

func TestSettingsAreExplainedAsAList(t *testing.T) {
	t.Parallel()
	_, err := config.Parse(map[string]string{"APP_ENV": "production", "PORT": "many"})
	var told bytes.Buffer
	wire.Explain(&told, errors.Join(err))
	if !strings.Contains(told.String(), "\n  - PORT does not read as") || !strings.Contains(told.String(), "docs/configuration.md") {
		t.Errorf("told %q", told.String())
	}
}
