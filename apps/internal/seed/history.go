package seed

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// AllEvents gives the history in the order in which it happened: sign-ins, failures and what else people do, more of it
// the more users there are.
func (p Population) AllEvents() iter.Seq2[audit.Event, error] {
	return func(yield func(audit.Event, error) bool) {
		kept := min(p.AuditKept, Span)
		for i := range p.Events {
			dice := p.dice(streamEvents, i)
			reached := math.Pow((float64(i)+dice.Float64())/float64(p.Events), 1/bend)
			at := p.Until.Add(-kept).Add(time.Duration(reached * float64(kept))).Truncate(time.Microsecond)
			if !yield(p.event(at, dice), nil) {
				return
			}
		}
	}
}

// event makes up what happened at an instant to somebody who was there.
func (p Population) event(at time.Time, dice *rand.Rand) audit.Event {
	who, _ := p.outline(dice.IntN(max(1, p.openedBy(at))))
	from := p.client(who, dice)
	happened := audit.Event{
		ID: timedID(at, dice), At: later(at, who.created), Outcome: audit.Success, ActorKind: audit.Person,
		Actor: who.id, Subject: who.id, IP: from.IP, UserAgent: from.UserAgent, Device: from.String(),
		Location: from.Location, KeepUntil: at.Add(p.AuditKept),
	}
	happened.RequestID = timedID(at, dice).String()
	p.tell(&happened, who, dice.IntN(1000))
	return happened
}

// tell says what it was, in the proportions of a site on which most people come, and go again.
func (p Population) tell(happened *audit.Event, who outline, roll int) {
	switch {
	case roll < 600:
		happened.Action, happened.Metadata = audit.ActionSignIn, byPassword("known")
		if !who.able() {
			refuse(happened, who)
		}
	case roll < 720:
		happened.Action, happened.Outcome, happened.Reason = audit.ActionSignIn, audit.Failure, "wrong_password"
		happened.Metadata, happened.ActorKind, happened.Actor = byPassword("new"), audit.Stranger, core.ID{}
	case roll < 800 && who.guarded:
		happened.Action, happened.Metadata = audit.ActionSecondFactor, map[string]string{"factor": account.FactorEmail}
	case roll < 900:
		happened.Action = audit.ActionSignOut
	case roll < 940:
		happened.Action = audit.ActionProfileUpdate
	case roll < 960:
		happened.Action = audit.ActionSettingsUpdate
	case roll < 975:
		happened.Action = audit.ActionPasswordForgot
	case roll < 985:
		happened.Action = audit.ActionPasswordChange
	case roll < 995:
		happened.Action = audit.ActionReauthenticate
		happened.Metadata = map[string]string{"factor": account.FactorPassword}
	default:
		happened.Action, happened.ActorKind, happened.Actor = audit.ActionLock, audit.System, core.ID{}
	}
}

func byPassword(device string) map[string]string {
	return map[string]string{"factor": account.FactorPassword, "device": device}
}

// refuse turns away a sign-in of somebody who may not.
func refuse(happened *audit.Event, who outline) {
	happened.Outcome, happened.Reason = audit.Refused, string(core.CodeAccountSuspended)
	if !who.verified {
		happened.Reason = string(core.CodeEmailUnverified)
	}
}
