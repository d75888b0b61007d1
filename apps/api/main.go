// Command api is the server of Doorward, and what its operators need beside it. Without a command it
// serves; "api help" lists the others. Settings come from the environment and a .env file.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
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
  accounts unlock X  forget the failed sign-ins of the account with the address or username X
  accounts require-second-factor X [--off]
                     demand a second factor of the account X, or no longer
  accounts remove-second-factors X
                     remove all second factors of the account X, whose owner has lost them
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

// about are the commands that take whom or what they are about.
var about = map[string]func(ctx context.Context, subject string) error{
	"accounts unlock":                      unlockAccount,
	"accounts require-second-factor":       requireSecondFactor(true),
	"accounts require-second-factor --off": requireSecondFactor(false),
	"accounts remove-second-factors":       removeSecondFactors,
}

func main() { os.Exit(run(os.Args[1:])) }

// find gives the command that the arguments name.
func find(arguments []string) (command func(ctx context.Context) error, known bool) {
	if words, subject := split(arguments); subject != "" {
		if command, known := about[words]; known {
			return func(ctx context.Context) error { return command(ctx, subject) }, true
		}
	}
	command, known = commands[strings.Join(arguments, " ")]
	return command, known
}

// split tells the words of a command from what it is about, which stands last, or last but for a flag.
func split(arguments []string) (words, subject string) {
	last := len(arguments) - 1
	if last > 1 && strings.HasPrefix(arguments[last], "--") {
		last--
	}
	if last < 1 {
		return "", ""
	}
	rest := slices.Delete(slices.Clone(arguments), last, last+1)
	return strings.Join(rest, " "), arguments[last]
}

func run(arguments []string) int {
	command, known := find(arguments)
	if !known {
		fmt.Fprintf(os.Stderr, "api: there is no command %q\n\n%s", strings.Join(arguments, " "), usage)
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
