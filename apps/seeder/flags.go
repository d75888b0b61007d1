package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// order is what the command line asks for.
type order struct {
	users, sessions int
	seed            uint64
	production      bool
	usage           string
}

// usageError is a command line that cannot be followed, or one that asks for help.
type usageError struct {
	err   error
	usage string
}

// Error implements error.
func (u usageError) Error() string { return u.err.Error() }

// explain prints the usage: asked for, to standard output and with success.
func (u usageError) explain() int {
	if errors.Is(u.err, flag.ErrHelp) {
		fmt.Print(u.usage)
		return exitOK
	}
	fmt.Fprintf(os.Stderr, "seeder: %v\n\n%s", u.err, u.usage)
	return exitUsage
}

func parse(args []string) (order, error) {
	var wanted order
	var usage strings.Builder
	flags := flag.NewFlagSet("seeder", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&wanted.users, "users", 0, "how many made-up users to add")
	flags.IntVar(&wanted.sessions, "sessions", 0, "how many sessions to add to them")
	flags.Uint64Var(&wanted.seed, "seed", 1, "chooses the users: the same number makes the same ones")
	flags.BoolVar(&wanted.production, "production", false, "permit this in production")
	fmt.Fprint(&usage, "Usage: seeder [flags]\n\nMakes the first owner (OWNER_EMAIL, OWNER_PASSWORD) where there is none, and made-up users on request.\n\n")
	flags.SetOutput(&usage)
	flags.PrintDefaults()
	flags.SetOutput(io.Discard)
	wanted.usage = usage.String()
	err := flags.Parse(args)
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("%q is one word too many", flags.Arg(0))
	case wanted.users < 0 || wanted.sessions < 0:
		err = errors.New("numbers of users and sessions are not negative")
	case wanted.sessions > 0 && wanted.users == 0:
		err = errors.New("sessions need users: say --users too")
	}
	if err != nil {
		return wanted, usageError{err: err, usage: wanted.usage}
	}
	return wanted, nil
}
