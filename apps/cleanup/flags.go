package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/doorward/doorward/core/retention"
)

// usageError is a command line that cannot be read, or one that asks for help.
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
	fmt.Fprintf(os.Stderr, "cleanup: %v\n\n%s", u.err, u.usage)
	return exitUsage
}

func parse(args []string) (retention.Options, error) {
	var (
		options retention.Options
		kinds   string
		usage   strings.Builder
	)
	flags := flag.NewFlagSet("cleanup", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&options.DryRun, "dry-run", false, "count what would be removed and remove nothing")
	flags.IntVar(&options.BatchSize, "batch", 0, "rows removed in one transaction, 1 to 10000 (default CLEANUP_BATCH)")
	flags.StringVar(&kinds, "kinds", "", "what to remove, separated by commas (default all): "+known())
	err := flags.Parse(args)
	if err == nil {
		err = check(flags, &options, kinds)
	}
	if err != nil {
		fmt.Fprint(&usage, "Usage: cleanup [flags]\n\n")
		flags.SetOutput(&usage)
		flags.PrintDefaults()
		fmt.Fprint(&usage, "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 another cleanup is running.\n")
		return options, usageError{err, usage.String()}
	}
	return options, nil
}

func check(flags *flag.FlagSet, options *retention.Options, kinds string) error {
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one word too many", flags.Arg(0))
	}
	if options.BatchSize < 0 || options.BatchSize > retention.BatchMax {
		return fmt.Errorf("a batch of %d is out of bounds", options.BatchSize)
	}
	for name := range strings.SplitSeq(kinds, ",") {
		if name = strings.TrimSpace(name); name != "" {
			options.Kinds = append(options.Kinds, retention.Kind(name))
		}
	}
	return nil
}

func known() string {
	var names []string
	for _, kind := range retention.Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}
