// Command api is the server of Doorward, and what its operators need beside it. Without a command it
// serves; "api help" lists the others. Settings come from the environment and a .env file.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

const usage = `Usage: api [command]

  (none)             serve
  migrate up         migrate the database
  migrate status     tell which migrations are applied
  migrate plan       tell which migrations would be applied
  keys list          tell the signing keys
  keys rotate        make a new signing key and retire the old one
  keys master        print a new entry for MASTER_KEYS
  keys status        tell what needs each key of MASTER_KEYS
  keys reseal        seal with the first key of MASTER_KEYS what older ones sealed
  healthcheck        ask the server on this machine whether it is ready
  version            print the version
  help               print this

Settings come from the environment and .env; docs/configuration.md lists them.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`

var commands = map[string]func(ctx context.Context) error{
	"":               serve,
	"migrate up":     migrateUp,
	"migrate status": migrateStatus,
	"migrate plan":   migratePlan,
	"keys list":      listKeys,
	"keys rotate":    rotateKeys,
	"keys master":    makeMasterKey,
	"keys status":    tellMasterKeys,
	"keys reseal":    resealAll,
	"healthcheck":    checkHealth,
	"version":        printVersion,
	"help":           help,
	"-h":             help,
	"--help":         help,
}

func main() { os.Exit(run(strings.Join(os.Args[1:], " "))) }

func run(line string) int {
	command, known := commands[line]
	if !known {
		fmt.Fprintf(os.Stderr, "api: there is no command %q\n\n%s", line, usage)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal a second one ends the process at once, as if nobody listened.
	context.AfterFunc(ctx, stop)
	if err := command(ctx); err != nil {
		explain(err)
		return exitFailure
	}
	return exitOK
}

func help(context.Context) error {
	fmt.Print(usage)
	return nil
}
