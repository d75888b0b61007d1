package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// profile is what a database is filled with.
type profile string

// The profiles.
const (
	// profileEmpty is the owner alone.
	profileEmpty profile = "empty"
	// profileDemo is a small site with a rich history, to look at.
	profileDemo profile = "demo"
	// profileLoad is a large one, to measure with.
	profileLoad profile = "load"
)

// size is how much a profile makes where the flags do not say.
type size struct{ users, sessions, events int }

// size gives what goes with so many users; the profile's own number where none is given. A million users have half a
// million live sessions, as a site has that most people visit every few weeks.
func (p profile) size(users int) size {
	switch p {
	case profileDemo:
		if users == 0 {
			users = 200
		}
		return size{users, 2 * users, 40 * users}
	case profileLoad:
		if users == 0 {
			users = 1_000_000
		}
		return size{users, users / 2, users}
	case profileEmpty:
	}
	return size{}
}

// order is what the command line asks for.
type order struct {
	profile    profile
	size       size
	seed       uint64
	until      time.Time
	wipe       bool
	wipeName   string
	production bool
	usage      string
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

const about = `Usage: seeder [flags]

Makes the first owner (OWNER_EMAIL, OWNER_PASSWORD) where there is none and, on request, people with their sessions,
devices and history. What is there already stays as it is: an order that was cut off goes on where it stopped.

`

// amounts are sizes that flags gave; nil where none did.
type amounts struct{ users, sessions, events *int }

// amount reads a flag that is a number of something.
func amount(into **int) func(string) error {
	return func(text string) error {
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 {
			return errors.New("not a number of anything")
		}
		*into = &number
		return nil
	}
}

// or gives the number, or another where there is none.
func or(number *int, other int) int {
	if number == nil {
		return other
	}
	return *number
}

func parse(args []string) (order, error) {
	var wanted order
	var chosen, until string
	var numbers amounts
	var usage strings.Builder
	flags := flag.NewFlagSet("seeder", flag.ContinueOnError)
	flags.StringVar(&chosen, "profile", "", "empty: the owner alone; demo: 200 users and much history; load: 1000000 users (default empty, with --users load)")
	flags.Func("users", "how many made-up `people` to add (default as the profile says)", amount(&numbers.users))
	flags.Func("sessions", "how `many` sessions to add to them", amount(&numbers.sessions))
	flags.Func("events", "how `many` events to add to the audit log", amount(&numbers.events))
	flags.Uint64Var(&wanted.seed, "seed", 1, "chooses the users: the same number makes the same ones")
	flags.StringVar(&until, "until", "", "the day (2026-12-31) on which the history ends; the same day makes the same rows (default today, or that of an earlier run)")
	flags.BoolVar(&wanted.wipe, "wipe", false, "first remove everything that is in the database; without --yes-wipe only tell what that is")
	flags.StringVar(&wanted.wipeName, "yes-wipe", "", "the name of the database that --wipe is meant for")
	flags.BoolVar(&wanted.production, "production", false, "permit this in production, but for --wipe")
	fmt.Fprint(&usage, about)
	flags.SetOutput(&usage)
	flags.PrintDefaults()
	flags.SetOutput(io.Discard)
	wanted.usage = usage.String()
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("%q is one word too many", flags.Arg(0))
	}
	if err == nil {
		err = wanted.fill(profile(chosen), numbers, until)
	}
	if err != nil {
		return wanted, usageError{err: err, usage: wanted.usage}
	}
	return wanted, nil
}

// fill completes the order.
func (o *order) fill(chosen profile, numbers amounts, until string) (err error) {
	users, sessions, events := or(numbers.users, 0), or(numbers.sessions, 0), or(numbers.events, 0)
	if chosen == "" && users > 0 {
		chosen = profileLoad
	}
	if chosen == "" {
		chosen = profileEmpty
	}
	o.profile = chosen
	switch {
	case !slices.Contains([]profile{profileEmpty, profileDemo, profileLoad}, chosen):
		return fmt.Errorf("there is no profile %q", chosen)
	case chosen == profileEmpty && users+sessions+events > 0:
		return errors.New("sessions and events need users: say --users or another profile")
	case o.wipeName != "" && !o.wipe:
		return errors.New("--yes-wipe goes with --wipe")
	}
	if until != "" {
		if o.until, err = time.Parse(time.DateOnly, until); err != nil {
			return fmt.Errorf("%q is no day such as 2026-12-31", until)
		}
	}
	o.size = chosen.size(users)
	o.size.sessions, o.size.events = or(numbers.sessions, o.size.sessions), or(numbers.events, o.size.events)
	return nil
}
