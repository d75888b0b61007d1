package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// process is a server of a site that runs as its own program, so that it can be killed.
type process struct {
	*node
	command *exec.Cmd
	wait    func() error
}

// binaries builds the commands once for all tests, and gives the folder.
var binaries = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "doorward-e2e-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", folder+string(filepath.Separator), "../../api", "../../cleanup", "../../seeder")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, output)
	}
	return folder, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, err := binaries(); err == nil {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

// command prepares one of the commands with the site's settings and nothing else from outside.
func (s *site) command(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	folder, err := binaries()
	if err != nil {
		s.t.Fatal(err)
	}
	command := exec.Command(filepath.Join(folder, name), args...)
	command.Dir = s.t.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + command.Dir}
	for name, value := range s.variables {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// run runs a command to its end and gives its exit code and output.
func (s *site) run(name string, args ...string) (code int, output string) {
	s.t.Helper()
	text, err := s.command(name, args...).Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), string(text) + string(exit.Stderr)
	case err != nil:
		s.t.Fatal(err)
	}
	return 0, string(text)
}

// spawn starts the server as a program.
func (s *site) spawn() *process {
	s.t.Helper()
	p := &process{command: s.command("api")}
	address := make(chan string, 1)
	p.command.Stderr = &addressFinder{log: s.log, found: address}
	if err := p.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	p.wait = sync.OnceValue(p.command.Wait)
	ended := make(chan error, 1)
	go func() { ended <- p.wait() }()
	s.t.Cleanup(func() {
		s.http.CloseIdleConnections()
		p.kill()
	})
	select {
	case at := <-address:
		p.node = &node{site: s, address: "http://" + at}
	case err := <-ended:
		s.t.Fatalf("the server ended: %v", err)
	}
	s.reads(p.node)
	return p
}

// kill ends the program without warning.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.wait()
}

// terminate asks the program to end and gives its exit code.
func (p *process) terminate() int {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	_ = p.wait()
	return p.command.ProcessState.ExitCode()
}

// addressFinder passes a log on and looks for the line that tells where the server listens.
type addressFinder struct {
	log   *record
	found chan<- string
	rest  string
}

func (f *addressFinder) Write(text []byte) (int, error) {
	f.rest += string(text)
	for {
		line, rest, complete := strings.Cut(f.rest, "\n")
		if !complete {
			return f.log.Write(text)
		}
		f.rest = rest
		var entry struct{ Message, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == "listening" {
			select {
			case f.found <- entry.Address:
			default:
			}
		}
	}
}
