package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
)

// healthTimeout is less than what container engines give a check by default (30 s), and more than the
// second that each part of the server has to answer.
const healthTimeout = 5 * time.Second

// checkHealth asks the server on this machine whether to send requests to it. It is for images that hold
// no other client.
func checkHealth(ctx context.Context) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	target := "http://" + net.JoinHostPort(localHost(settings.Server.Host), strconv.Itoa(settings.Server.Port)) + "/health/ready"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", target, response.Status)
	}
	return nil
}

// localHost is where to reach a listener from the same machine.
func localHost(host string) string {
	switch address, err := netip.ParseAddr(host); {
	case err != nil || !address.IsUnspecified():
		return host
	case address.Is4():
		return "127.0.0.1"
	default:
		return "::1"
	}
}

func printVersion(context.Context) error {
	fmt.Println("doorward", wire.Version())
	return nil
}
