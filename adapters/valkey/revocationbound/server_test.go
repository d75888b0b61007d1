//go:build bound

package revocationbound_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/adapters/valkey/valkeytest"
)

// server is a process of our own, to be frozen and killed.
type server struct {
	port    int
	dir     string
	args    []string
	process *exec.Cmd
}

// start starts valkey-server or redis-server with more arguments than the port.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{port: freePort(t), dir: t.TempDir(), args: args}
	t.Cleanup(func() { s.kill(t) })
	s.restart(t)
	return s
}

func (s *server) restart(t testing.TB) {
	t.Helper()
	args := append([]string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir,
	}, s.args...)
	if len(s.args) > 0 && filepath.IsAbs(s.args[0]) { // a configuration file comes first
		args = append(append([]string{}, s.args...), "--port", strconv.Itoa(s.port))
	}
	s.process = exec.CommandContext(context.WithoutCancel(t.Context()), binary(t), args...)
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	valkeytest.Eventually(t, "the server listens", func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.address())
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func (s *server) address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

func (s *server) url() string { return "redis://" + s.address() }

func (s *server) freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

func (s *server) thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as a crash would.
func (s *server) kill(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	_ = s.process.Wait()
}

func binary(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"valkey-server", "redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("neither valkey-server nor redis-server is on PATH")
	return ""
}

// freePort is one that is free, as is its bus port, 10000 above. Both are below those that the kernel hands to
// clients.
func freePort(t testing.TB) int {
	t.Helper()
	for port := 12000 + os.Getpid()%8000; port < 22000; port++ {
		if !taken[port] && free(t, port) && free(t, port+10000) {
			taken[port] = true
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func free(t testing.TB, port int) bool {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		_ = listener.Close()
	}
	return err == nil
}

var taken = map[int]bool{}

// startCluster starts three primaries that share the slots.
func startCluster(t testing.TB) []*server {
	t.Helper()
	var nodes []*server
	for range 3 {
		nodes = append(nodes, start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"))
	}
	for i, node := range nodes {
		first, last := 16384*i/3, 16384*(i+1)/3-1
		command(t, node, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		command(t, node, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		command(t, node, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(nodes[0].port))
	}
	for _, node := range nodes {
		valkeytest.Eventually(t, "the cluster is complete", func() bool {
			return strings.Contains(command(t, node, "CLUSTER", "INFO"), "cluster_state:ok") &&
				strings.Contains(command(t, node, "CLUSTER", "INFO"), "cluster_known_nodes:3")
		})
	}
	return nodes
}

// startSentinel starts a primary, a replica of it and a sentinel that watches both.
func startSentinel(t testing.TB) (primary, sentinel *server) {
	t.Helper()
	primary = start(t)
	replica := start(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(primary.port))
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n", primary.port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	valkeytest.Eventually(t, "the replica is in step", func() bool {
		return strings.Contains(command(t, replica, "INFO", "replication"), "master_link_status:up")
	})
	sentinel = start(t, config, "--sentinel")
	valkeytest.Eventually(t, "the sentinel knows the replica", func() bool {
		return strings.Contains(command(t, sentinel, "INFO", "sentinel"), "slaves=1")
	})
	return primary, sentinel
}

// command sends one command to one server and gives its answer as text.
func command(t testing.TB, to *server, words ...string) string {
	t.Helper()
	client, err := valkeygo.NewClient(valkeygo.ClientOption{
		InitAddress: []string{to.address()}, ForceSingleClient: true, DisableCache: true, AlwaysRESP2: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answer, err := client.Do(ctx, client.B().Arbitrary(words...).Build()).ToString()
	if err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	return answer
}
