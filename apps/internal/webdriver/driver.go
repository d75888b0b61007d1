package webdriver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// startTimeout is how long a driver may take until it listens; a cold disk is slow.
const startTimeout = 30 * time.Second

// Driver is a running driver program, such as chromedriver.
type Driver struct {
	// Address is where it listens.
	Address string
	program *exec.Cmd
	// ended is closed when the program has, and exit tells how from then on.
	ended chan struct{}
	exit  error
}

// Launch starts a driver program on a free port of this machine and waits until it is ready. The program ends
// with ctx, or with Stop.
func Launch(ctx context.Context, program string, arguments ...string) (*Driver, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	driver := &Driver{
		Address: "http://127.0.0.1:" + port, ended: make(chan struct{}),
		program: exec.CommandContext(ctx, program, append(arguments, "--port="+port)...), //nolint:gosec // the test names it
	}
	if err := driver.program.Start(); err != nil {
		return nil, fmt.Errorf("webdriver: start %s: %w", program, err)
	}
	go func() {
		defer close(driver.ended)
		driver.exit = driver.program.Wait()
	}()
	if err := driver.await(ctx); err != nil {
		return nil, errors.Join(err, driver.Stop())
	}
	return driver, nil
}

// freePort finds a port that nobody listens at. Another program may take it before the driver does: then the
// driver fails to start and says so.
func freePort(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("webdriver: find a free port: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil || !ok {
		return "", fmt.Errorf("webdriver: give a free port back: %w", err)
	}
	return strconv.Itoa(address.Port), nil
}

// await asks for the driver's status (§8.3) until it is ready.
func (d *Driver) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	beat := time.NewTicker(20 * time.Millisecond)
	defer beat.Stop()
	asked := &Browser{base: d.Address, http: http.Client{Timeout: time.Second}}
	for {
		var status struct {
			Ready bool `json:"ready"`
		}
		err := asked.call(ctx, http.MethodGet, "/status", nil, &status)
		if err == nil && status.Ready {
			return nil
		}
		select {
		case <-beat.C:
		case <-d.ended:
			return fmt.Errorf("webdriver: the driver ended before it was ready: %w", errors.Join(errEnded, d.exit))
		case <-ctx.Done():
			return fmt.Errorf("webdriver: the driver is not ready: %w", errors.Join(ctx.Err(), err))
		}
	}
}

var errEnded = errors.New("program ended")

// Stop ends the driver and waits for its end. Browsers are closed before: they may outlive it.
func (d *Driver) Stop() error {
	if err := d.program.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("webdriver: stop the driver: %w", err)
	}
	<-d.ended
	return nil
}
