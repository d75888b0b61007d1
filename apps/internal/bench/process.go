package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program under measurement.
type process struct {
	command *exec.Cmd
	// address is where it listens: host:port.
	address string
	// output is the file that it writes to.
	output string
	ended  chan error
}

// launch starts a program with nothing but the given environment, its output going to a file of folder.
func launch(ctx context.Context, folder, program string, environment []string, arguments ...string) (*process, error) {
	output, err := os.Create(filepath.Join(folder, filepath.Base(program)+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // a program that the caller has built
	command.Dir, command.Env, command.Stdout, command.Stderr = folder, environment, output, output
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		return nil, err
	}
	started := &process{command: command, output: output.Name(), ended: make(chan error, 1)}
	go func() { started.ended <- command.Wait() }()
	return started, nil
}

// firstLine waits for the first line that the process writes.
func (p *process) firstLine(ctx context.Context) (string, error) {
	for ended := false; ; {
		text, err := os.ReadFile(p.output)
		if err != nil {
			return "", err
		}
		line, _, whole := strings.Cut(string(text), "\n")
		switch {
		case whole:
			return line, nil
		case ended:
			return "", fmt.Errorf("%s ended without a word: %s", p.command.Path, text)
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			ended = true // after a last look at what it wrote
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// stop ends the process and waits for it.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended: //nolint:errcheck // how it ended is not asked
	case <-time.After(20 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended //nolint:errcheck // as above
	}
}

// await waits until the process says at /health/ready that it is, looking every millisecond.
func (p *process) await(ctx context.Context) error {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/health/ready", http.NoBody)
		if err != nil {
			return err
		}
		reply, err := client.Do(request)
		if err == nil {
			_ = reply.Body.Close()
			if reply.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended: //nolint:errcheck // the log tells why
			p.ended <- nil
			return errors.New("the server ended at its start; its log tells why")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// tick is the unit of CPU times in /proc: USER_HZ, which is 100 per second on every architecture that Linux
// still builds for (proc_pid_stat(5)).
const tick = 10 * time.Millisecond

// cpu is the user and system time that the process has used.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field, the name, may hold spaces; utime and stime are the 14th and 15th.
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}

// resident is the memory of the process that is in RAM, in bytes: VmRSS, shared pages of files included.
func (p *process) resident() (int64, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "VmRSS:"); found {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// peak reads the resident memory every 5 ms until stop is called, which gives the highest.
func (p *process) peak() (stop func() int64) {
	done, highest := make(chan struct{}), make(chan int64)
	go func() {
		var found int64
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			if now, err := p.resident(); err == nil {
				found = max(found, now)
			}
			select {
			case <-done:
				highest <- found
				return
			case <-ticker.C:
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-highest
	}
}
