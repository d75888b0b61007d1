package access

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// Deps are what a Service is made of. All are needed.
type Deps struct {
	// Lookup answers what only reads.
	Lookup      Lookup
	Catalogues  Catalogues
	Memberships Memberships
	Users       account.Store
	Obligations Obligations
	Imports     Imports
	Grants      Grants
	Warden      *Warden
	Post        mail.Post
	Origins     *origin.Reader
	Trail       *audit.Trail
	Tx          core.Transactor
	Announcer   core.Announcer
	Clock       core.Clock
	IDs         *core.IDs
}

// Service changes roles, groups and permissions, and who has them. Who may read them has been asked at the edge; what
// changes anything is judged here, in the transaction that does it, and no caller gives, takes or touches more than they
// hold.
type Service struct{ deps Deps }

// NewService makes the service.
func NewService(deps Deps) *Service { return &Service{deps: deps} }

// writes is the act of all that this service changes. That something is one's own gives nothing here.
var writes = Act{Any: AccessWrite}

// permit judges a change of something that holds, gives or takes the sets.
func (j *Judged) permit(sets ...Set) error {
	var resource Resource
	for i := range sets {
		resource.Holds.Join(&sets[i])
	}
	return Decide(&j.Caller, writes, &resource).Err(writes)
}

// amendment judges and does a change of the catalogue, in a transaction that may run again, and notes in the event what
// it changes; the subject, too, of what did not exist before. It gives false where nothing is to be changed.
type amendment func(ctx context.Context, judged *Judged, event *audit.Event) (changed bool, err error)

// amend changes the catalogue: it is locked and read, changed, raised, and announced once that is committed. What was
// done is written down with it, and so is what was refused.
func (s *Service) amend(ctx context.Context, caller core.Principal, action audit.Action, subject core.ID, do amendment) error {
	event := audit.Event{Action: action, Subject: subject}.By(caller)
	err := core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		judged, err := s.deps.Warden.Enter(ctx, caller)
		if err != nil {
			return nil, err
		}
		done := event
		if changed, err := do(ctx, &judged, &done); err != nil || !changed {
			return nil, err
		}
		if err := s.deps.Trail.Record(ctx, done); err != nil {
			return nil, err
		}
		change, err := s.deps.Catalogues.Raise(ctx, s.deps.Clock.Now())
		return []core.Change{change}, err
	})
	return s.deps.Trail.Refuse(ctx, event, err)
}
