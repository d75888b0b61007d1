package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/terminal"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/sealed"
	"github.com/doorward/doorward/core/secret"
)

// holdings says in an operator's words what lies in a place.
var holdings = map[secret.Place]string{
	secret.PlaceSigningKeys: "signing keys",
	secret.PlaceFactors:     "second factors",
	secret.PlaceIntakes:     "waiting requests",
	secret.PlaceFlows:       "details of codes",
	secret.PlaceLinks:       "details of links",
	secret.PlaceOutbox:      "mails to be sent",
	secret.PlaceMailbox:     "caught mails",
	secret.PlaceReplies:     "kept replies",
}

// resealAll seals anew with the current master key, and tells how far it came also when it fails.
func resealAll(ctx context.Context) error {
	return withKeeper(ctx, func(ctx context.Context, keeper *sealed.Keeper) error {
		var bars painter
		if terminal.Is(os.Stderr) {
			bars.out = os.Stderr
		}
		summary, err := keeper.Reseal(ctx, sealed.Options{Progress: bars.paint})
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "WHAT\tSEALED ANEW\tCHANGED MEANWHILE\tNO KEY OPENS")
		for _, place := range secret.Places() {
			if counts, gone := summary.Counts[place]; gone {
				fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", holdings[place], counts.Renewed, counts.Changed, counts.Closed)
			}
		}
		if printed := table.Flush(); err == nil {
			err = printed
		}
		return err
	})
}

// tellMasterKeys tells what needs each master key.
func tellMasterKeys(ctx context.Context) error {
	return withKeeper(ctx, func(ctx context.Context, keeper *sealed.Keeper) error {
		status, err := keeper.Status(ctx)
		if err != nil {
			return err
		}
		return printStatus(os.Stdout, status)
	})
}

func printStatus(out io.Writer, status sealed.Status) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "KEY")
	for _, key := range status.Keys {
		fmt.Fprint(table, "\t", keyTitle(key))
	}
	row := func(title string, count func(sealed.Key) int64) {
		fmt.Fprint(table, "\n", title)
		for _, key := range status.Keys {
			fmt.Fprint(table, "\t", count(key))
		}
	}
	for _, place := range secret.Places() {
		row(holdings[place], func(key sealed.Key) int64 { return key.Sealed[place] })
	}
	row("recovery codes", func(key sealed.Key) int64 { return key.RecoveryCodes })
	row("peppered passwords", func(key sealed.Key) int64 { return key.Passwords })
	fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	if status.Codes > 0 {
		fmt.Fprintf(out, "%d codes that were sent are good until %s at the latest, by whichever key was current.\n",
			status.Codes, stamp(status.CodesUntil))
	}
	for _, key := range status.Keys {
		if advice := adviceOn(key); advice != "" {
			fmt.Fprintln(out, advice)
		}
	}
	return nil
}

func keyTitle(key sealed.Key) string {
	switch {
	case key.ID == "":
		return "not in the ring"
	case key.Current:
		return key.ID + " (current)"
	default:
		return key.ID
	}
}

func adviceOn(key sealed.Key) string {
	forever := key.RecoveryCodes + key.Passwords
	switch {
	case key.Current:
		return ""
	case key.ID == "":
		return `What needs a key that is not in the ring is unusable until that key is put back.`
	case key.Needed() > forever:
		return fmt.Sprintf(`%s: run "api keys reseal".`, key.ID)
	case forever > 0:
		return fmt.Sprintf("%s: without it %d recovery codes and %d passwords stop working; their owners can set new ones.",
			key.ID, key.RecoveryCodes, key.Passwords)
	default:
		return key.ID + ": can be taken out once SESSION_MAX_TTL has passed since it stopped being the first."
	}
}

// painter shows one bar after another, one for each place.
type painter struct {
	out   io.Writer
	place secret.Place
	bar   *terminal.Bar
	seen  int64
}

func (p *painter) paint(progress sealed.Progress) {
	if p.bar == nil || p.place != progress.Place {
		p.bar, p.place, p.seen = terminal.NewBar(p.out, holdings[progress.Place], 0), progress.Place, 0
	}
	counts := progress.Counts
	done := counts.Renewed + counts.Changed + counts.Closed
	p.bar.Add(done - p.seen)
	p.seen = done
	if progress.Done {
		p.bar.Done()
	}
}

func withKeeper(ctx context.Context, act func(context.Context, *sealed.Keeper) error) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	return wire.Run(ctx, settings, os.Stderr, act)
}
