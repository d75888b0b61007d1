package audit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/origin"
)

// The defaults of Config.
const (
	// DefaultRetention is how long events are kept: a year, so that a breach that is found late (the median is
	// counted in months) can still be followed.
	DefaultRetention = 365 * 24 * time.Hour
	// DefaultAttemptRetention is how long tries that failed are kept: they are many, and name addresses of the
	// network.
	DefaultAttemptRetention = 90 * 24 * time.Hour
)

// Config is how long events are kept.
type Config struct {
	// Retention is for all events but tries that failed; DefaultRetention when zero (RETAIN_AUDIT).
	Retention time.Duration
	// AttemptRetention is for those; DefaultAttemptRetention when zero (RETAIN_LOGIN_ATTEMPTS).
	AttemptRetention time.Duration
}

// Deps are what a Trail is made of. All are needed.
type Deps struct {
	Log     Log
	History History
	Origins *origin.Reader
	Clock   core.Clock
	IDs     *core.IDs
	Logger  *slog.Logger
}

// Trail writes down what happens. Safe for concurrent use.
type Trail struct {
	deps   Deps
	config Config
}

// NewTrail makes a trail.
func NewTrail(deps Deps, config Config) *Trail {
	config.Retention = cmp.Or(config.Retention, DefaultRetention)
	config.AttemptRetention = cmp.Or(config.AttemptRetention, DefaultAttemptRetention)
	return &Trail{deps: deps, config: config}
}

// Event completes an event with its id, its time, its retention, and the request and client that ctx carries,
// and brings it within its bounds. What is filled in already stays. An empty Outcome is Success. An empty
// ActorKind is Person where Actor is set, else Stranger.
func (t *Trail) Event(ctx context.Context, event Event) Event {
	client, from := core.ClientFrom(ctx), t.deps.Origins.Of(ctx)
	event = marked(ctx, event)
	event.ID, event.At = t.deps.IDs.New(), t.deps.Clock.Now()
	event.Outcome = cmp.Or(event.Outcome, Success)
	if event.ActorKind == "" {
		event.ActorKind = Stranger
		if !event.Actor.IsZero() {
			event.ActorKind = Person
		}
	}
	event.RequestID = cmp.Or(event.RequestID, client.RequestID)
	event.IP, event.UserAgent = cmp.Or(event.IP, from.IP), cmp.Or(event.UserAgent, from.UserAgent)
	event.Device, event.Location = cmp.Or(event.Device, from.String()), cmp.Or(event.Location, from.Location)
	event.KeepUntil = event.At.Add(t.keep(event))
	return event.bounded()
}

// The entries of metadata that tell by what other than a session of their own somebody acted.
const (
	// MetaImpersonating is the person whom the actor impersonated.
	MetaImpersonating = "impersonating"
	// MetaToken is the personal access token, or the key of the service account, by which the actor came.
	MetaToken = "token"
)

// marked tells by what means the caller that ctx carries acts. Under impersonation the administrator is the actor of
// whatever the person would be, also where a use case knows of the person alone.
func marked(ctx context.Context, event Event) Event {
	caller, known := core.CallerFrom(ctx)
	ours := !event.Actor.IsZero() && (event.Actor == caller.UserID || event.Actor == caller.ID())
	if !known || !ours || caller.Means == core.BySession {
		return event
	}
	event.Actor = caller.ID()
	event.Metadata = maps.Clone(event.Metadata)
	if event.Metadata == nil {
		event.Metadata = map[string]string{}
	}
	if caller.Means == core.ByImpersonation {
		event.Metadata[MetaImpersonating] = caller.UserID.String()
	} else {
		event.Metadata[MetaToken] = caller.TokenID.String()
	}
	return event
}

// keep tells how long the event is kept. Tries are what strangers can make as many of as they like: a proof
// that was wrong, a sign-in that a rule stood against, a reset that was asked for somebody unknown.
func (t *Trail) keep(event Event) time.Duration {
	tries := []Action{ActionSignIn, ActionSecondFactor, ActionPasswordForgot, ActionRegister}
	if event.Outcome == Failure || event.Outcome != Success && slices.Contains(tries, event.Action) {
		return t.config.AttemptRetention
	}
	return t.config.Retention
}

// Record writes the event with the act, in ctx's transaction: neither stands without the other.
func (t *Trail) Record(ctx context.Context, event Event) error {
	return t.deps.Log.Append(ctx, t.Event(ctx, event))
}

// Note writes the event of a refusal, outside any transaction, so that it stands although the request fails. A
// log that is away does not change the refusal: that is told to the operator instead. A client that hangs up
// does not keep its refusal from being written.
func (t *Trail) Note(ctx context.Context, event Event) {
	event = t.Event(ctx, event)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if err := t.deps.Log.Append(ctx, event); err != nil {
		t.deps.Logger.ErrorContext(ctx, "event not written", "action", event.Action, "outcome", event.Outcome,
			"reason", event.Reason, "subject", event.Subject, "error", err)
	}
}

// noteTimeout is how long a refusal waits for its event at most.
const noteTimeout = 2 * time.Second

// Refuse notes the event of an act that err has stopped, with the code of err as the reason: a wrong proof is a
// Failure, a rule that stood against the act is Refused. Nothing is noted without an error, of a fault of ours,
// which is in the log, of a limit, which is in the figures, and of a form filled in wrongly. It gives err back.
func (t *Trail) Refuse(ctx context.Context, event Event, err error) error {
	if outcome, reason := judge(err); outcome != "" {
		event.Outcome, event.Reason = outcome, reason
		t.Note(ctx, event)
	}
	return err
}

func judge(err error) (Outcome, string) {
	var refusal *core.Error
	if !errors.As(err, &refusal) {
		return "", ""
	}
	reason := refusal.Code
	for _, field := range refusal.Fields {
		if field.Code == core.CodeInvalidCredentials {
			reason = field.Code
		}
	}
	if slices.Contains([]core.Code{core.CodeInvalidCredentials, core.CodeInvalidCode, core.CodeInvalidLink}, reason) {
		return Failure, string(reason)
	}
	switch refusal.Kind {
	case core.KindForbidden, core.KindConflict, core.KindGone, core.KindUnauthenticated, core.KindNotFound:
		return Refused, string(reason)
	default:
		return "", ""
	}
}

// Of gives a page of what happened to a person, newest first, and where the next page begins; zero when there
// is none.
func (t *Trail) Of(ctx context.Context, subject core.ID, page core.Page) ([]Event, core.Position, error) {
	return t.Search(ctx, Query{Subject: subject}, page)
}

// Search gives a page of the events that the query selects, newest first, and where the next page begins; zero when
// there is none. KindInvalid for a query that makes no sense.
func (t *Trail) Search(ctx context.Context, query Query, page core.Page) ([]Event, core.Position, error) {
	query, err := query.normal()
	if err != nil {
		return nil, core.Position{}, err
	}
	return core.ReadPage(page, func(page core.Page) ([]Event, error) {
		return t.deps.History.Find(ctx, query, page)
	}, func(last Event) core.Position { return core.Position{At: last.At, ID: last.ID} })
}

// Find gives one event. core.ErrNotFound.
func (t *Trail) Find(ctx context.Context, id core.ID) (Event, error) {
	return t.deps.History.Get(ctx, id)
}
