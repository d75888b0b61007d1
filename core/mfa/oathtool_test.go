//go:build oathtool

package mfa_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

// TestAgainstOathtool compares codes with those of oathtool (OATH Toolkit), an implementation that shares nothing with
// this one. It runs where .ci/oathtool has found or installed that program.
func TestAgainstOathtool(t *testing.T) {
	t.Parallel()
	for i := range int64(50) {
		seed := mfa.NewSeed()
		seconds := i * 100_000_007                                  // from 1970 to 2128
		output, err := exec.CommandContext(t.Context(), "oathtool", //nolint:gosec // a program by its name, a seed made here
			"--totp=sha1", "--digits=6", "--time-step-size=30s", "--now=@"+strconv.FormatInt(seconds, 10),
			"--base32", mfa.EncodeSeed(seed)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		coretest.Equal(t, strings.TrimSpace(string(output)), mfa.CodeAt(seed, seconds/30))
	}
}
