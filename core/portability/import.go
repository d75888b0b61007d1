package portability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// Status is what became of a line.
type Status string

// The statuses.
const (
	Created   Status = "created"
	Updated   Status = "updated"
	Unchanged Status = "unchanged"
	Rejected  Status = "rejected"
)

// Outcome tells what became of a line. ID is the account, zero for a line that was rejected; Code and Field say why it
// was, Field empty where it was not for one member.
type Outcome struct {
	Line       int
	ExternalID string
	Status     Status
	ID         core.ID
	Code       core.Code
	Field      string
}

// Import is one import under way. It is used by one goroutine at a time, and keeps one batch in memory.
type Import struct {
	service *Service
	caller  core.Principal
	scanner *scanner
	// held is a line that begins the next batch, because the batch before has one of the same account.
	held   *draft
	ended  error
	counts map[Status]int
	// outcomes are those of the batch, by the place of its lines.
	outcomes []Outcome
}

// Import begins an import of lines, one account each, for a caller with the permission users.import. Lines are taken in
// batches of two hundred, each in a transaction of its own: what Next has told of stands, whatever comes of the rest.
// A repeated import goes on where an earlier one ended, for lines that are known already change nothing.
//
// No mail is sent. Nobody is given, or loses, rights that the caller does not hold, or roles at all unless the caller holds
// access.write; no account that holds more than the caller is changed; and what people sign in with is not, of the caller and of all who
// have a permission of administration or had one since an import made them.
func (s *Service) Import(caller core.Principal, body io.Reader) *Import {
	return &Import{service: s, caller: caller, scanner: newScanner(body), counts: make(map[Status]int)}
}

// Next does the next batch and tells what became of its lines, in their order; the slice is good until it is called
// again. The errors are io.EOF, with no outcome, after the last line, those of the reader, and those of
// access.Warden.Enter and access.Verdict.Err; nothing of the batch is done then.
func (i *Import) Next(ctx context.Context) ([]Outcome, error) {
	drafts := i.read()
	if len(i.outcomes) == 0 {
		if errors.Is(i.ended, io.EOF) && len(i.counts) == 0 {
			// Nobody learns by an empty import that they might.
			if err := i.service.permit(ctx, i.caller); err != nil {
				return nil, err
			}
		}
		return nil, i.ended
	}
	if err := i.service.commit(ctx, i.caller, drafts, i.outcomes); err != nil {
		return nil, i.service.deps.Trail.Refuse(ctx, importEvent(i.caller), err)
	}
	for _, outcome := range i.outcomes {
		i.counts[outcome.Status]++
	}
	return i.outcomes, nil
}

// read gathers a batch: the drafts of the lines that break no rule, and an outcome for every line. Lines that were read
// before the reader failed are done first.
func (i *Import) read() (drafts []draft) {
	i.outcomes = i.outcomes[:0]
	now, seen := i.service.deps.Clock.Now(), make(map[string]bool, batchSize)
	for len(i.outcomes) < batchSize {
		next, failure := i.held, error(nil)
		if i.held = nil; next == nil && i.ended == nil {
			next, failure = i.readLine()
		}
		switch {
		case next == nil:
			return drafts
		case failure == nil && seen[next.line.ExternalID]:
			i.held = next
			return drafts
		case failure == nil:
			*next, failure = i.service.draftOf(next.line, next.number, now)
		}
		outcome := Outcome{Line: next.number, ExternalID: next.line.ExternalID}
		if failure != nil {
			outcome.reject(failure)
		} else {
			seen[next.line.ExternalID] = true
			drafts = append(drafts, *next)
		}
		i.outcomes = append(i.outcomes, outcome)
	}
	return drafts
}

// readLine gives the next line and what is wrong with its form; nil at the end.
func (i *Import) readLine() (*draft, error) {
	text, number, err := i.scanner.next()
	if err != nil {
		i.ended = err
		return nil, nil //nolint:nilerr,nilnil // the end is no failure of a line
	}
	line, failure := ParseLine(text)
	return &draft{line: line, number: number}, failure
}

// reject notes why a line was refused. It is no place for a fault of ours.
func (o *Outcome) reject(refusal error) {
	domain := core.AsError(refusal)
	o.Status, o.Code, o.Field, o.ID = Rejected, domain.Code, "", core.ID{}
	if len(domain.Fields) > 0 {
		o.Code, o.Field = domain.Fields[0].Code, domain.Fields[0].Field
	}
}

func importEvent(caller core.Principal) audit.Event {
	return audit.Event{Action: audit.ActionUserImport}.By(caller)
}

// Close writes down that the import is over, with how many lines were what. whole tells whether it came to its end.
func (i *Import) Close(ctx context.Context, whole bool) {
	if len(i.counts) == 0 {
		return
	}
	event := importEvent(i.caller)
	event.Metadata = map[string]string{"whole": strconv.FormatBool(whole)}
	for _, status := range []Status{Created, Updated, Unchanged, Rejected} {
		event.Metadata[string(status)] = strconv.Itoa(i.counts[status])
	}
	i.service.deps.Trail.Note(ctx, event)
}

// permit judges whether the caller may import at all.
func (s *Service) permit(ctx context.Context, caller core.Principal) error {
	return s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		_, err := s.enter(ctx, caller)
		return err
	})
}

func (s *Service) enter(ctx context.Context, caller core.Principal) (access.Judged, error) {
	judged, err := s.deps.Warden.Enter(ctx, caller)
	if err != nil {
		return judged, err
	}
	act := access.Act{Any: access.UsersImport}
	return judged, access.Decide(&judged.Caller, act, &access.Resource{}).Err(act)
}

// commit does a batch in one transaction, and fills in its outcomes.
func (s *Service) commit(ctx context.Context, caller core.Principal, drafts []draft, outcomes []Outcome) error {
	template := s.deps.Trail.Event(ctx, importEvent(caller))
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		judged, err := s.enter(ctx, caller)
		if err != nil {
			return nil, err
		}
		standing, err := s.standing(ctx, drafts)
		if err != nil {
			return nil, fmt.Errorf("look up a batch: %w", err)
		}
		work := batch{
			service: s, caller: caller, judged: judged, standing: standing, template: template,
			outcomes: make(map[int]*Outcome, len(drafts)),
		}
		for at := range outcomes {
			work.outcomes[outcomes[at].Line] = &outcomes[at]
		}
		return work.do(ctx, drafts)
	})
}

func (s *Service) standing(ctx context.Context, drafts []draft) (Standing, error) {
	ids := make([]string, len(drafts))
	emails, usernames := make([]string, len(drafts)), make([]string, 0, len(drafts))
	for at, each := range drafts {
		ids[at], emails[at] = each.line.ExternalID, each.user.EmailKey
		if each.user.UsernameKey != "" {
			usernames = append(usernames, each.user.UsernameKey)
		}
	}
	if len(drafts) == 0 {
		return Standing{}, nil
	}
	return s.deps.Store.Standing(ctx, ids, emails, usernames)
}

// batch is the work on one batch, in its transaction.
type batch struct {
	service  *Service
	caller   core.Principal
	judged   access.Judged
	standing Standing
	// template is an event of this import, complete but for its id, its subject and what it tells.
	template audit.Event
	outcomes map[int]*Outcome
	changes  []core.Change
}

func (b *batch) do(ctx context.Context, drafts []draft) ([]core.Change, error) {
	var fresh []draft
	for _, each := range drafts {
		known, stands := b.standing.Accounts[each.line.ExternalID]
		var err error
		switch {
		case !stands:
			if b.claim(each) {
				fresh = append(fresh, each)
			}
		case known.Marked && known.Mark.Line == each.digest:
			b.settle(each, Unchanged, known.User.ID)
		default:
			err = b.amend(ctx, each, known)
		}
		if err != nil {
			return nil, err
		}
	}
	return b.changes, b.add(ctx, fresh)
}

func (b *batch) settle(each draft, status Status, id core.ID) {
	outcome := b.outcomes[each.number]
	*outcome = Outcome{Line: each.number, ExternalID: each.line.ExternalID, Status: status, ID: id}
}

// event tells of one account, in metadata of its own. It costs no look at the client again.
func (b *batch) event(id core.ID, status Status) audit.Event {
	event := b.template
	event.ID, event.Subject = b.service.deps.IDs.New(), id
	event.Metadata = map[string]string{"status": string(status)}
	maps.Copy(event.Metadata, b.template.Metadata)
	return event
}

// claim judges whether the account of a new line may be, and takes its names against later lines of the batch.
func (b *batch) claim(each draft) bool {
	refusal := b.judgeRoles(each.user.Roles, access.Set{}, !each.plain())
	if _, taken := b.standing.Emails[each.user.EmailKey]; refusal == nil && taken {
		refusal = account.ErrEmailTaken
	}
	if _, taken := b.standing.Usernames[each.user.UsernameKey]; refusal == nil && taken {
		refusal = account.ErrUsernameTaken
	}
	if refusal != nil {
		b.outcomes[each.number].reject(refusal)
		return false
	}
	b.standing.Emails[each.user.EmailKey] = core.ID{}
	if each.user.UsernameKey != "" {
		b.standing.Usernames[each.user.UsernameKey] = core.ID{}
	}
	return true
}

// judgeRoles refuses roles that do not exist, and an act that gives them to, or takes what is held from, somebody where
// the caller holds less. To assign any, beside account.RoleUser to a new account, wants access.AccessWrite as everywhere:
// applications know roles by their names, also those that give nothing here.
func (b *batch) judgeRoles(roles []string, held access.Set, assigns bool) error {
	for _, role := range roles {
		if !slices.ContainsFunc(b.judged.Catalogue.Roles, func(known access.Role) bool { return known.Name == role }) {
			return core.InvalidField(fieldRoles, core.CodeUnknownValue, "There is no such role.")
		}
		given := b.judged.Catalogue.OfRole(role)
		held.Join(&given)
	}
	act, resource := access.Act{Any: access.UsersImport}, access.Resource{Holds: held}
	if err := access.Decide(&b.judged.Caller, act, &resource).Err(act); err != nil || !assigns {
		return err
	}
	act.Any = access.AccessWrite
	return access.Decide(&b.judged.Caller, act, &resource).Err(act)
}

// add makes the new accounts together, or, where a name was taken in this very moment, one by one.
func (b *batch) add(ctx context.Context, fresh []draft) error {
	if len(fresh) == 0 {
		return nil
	}
	made, events := make([]Imported, len(fresh)), make([]audit.Event, len(fresh))
	for at, each := range fresh {
		held := b.held(each.user)
		made[at] = Imported{User: each.user, Mark: each.mark(), By: b.caller.ID(), At: each.user.UpdatedAt}
		made[at].Mark.Severed = held.Administers()
		made[at].User.ID = b.service.deps.IDs.New()
		events[at] = b.event(made[at].User.ID, Created)
		if !each.plain() {
			access.NoteMemberships(&events[at], nil, each.user.Roles)
		}
	}
	err := b.service.deps.Store.Add(ctx, made, events...)
	if err == nil {
		for at, each := range fresh {
			b.settle(each, Created, made[at].User.ID)
		}
		return nil
	}
	if !isTaken(err) {
		return fmt.Errorf("add accounts: %w", err)
	}
	for at, each := range fresh {
		switch err := b.service.deps.Store.Add(ctx, made[at:at+1], events[at]); {
		case err == nil:
			b.settle(each, Created, made[at].User.ID)
		case isTaken(err):
			b.outcomes[each.number].reject(err)
		default:
			return fmt.Errorf("add an account: %w", err)
		}
	}
	return nil
}

// isTaken reports whether a name that somebody else has just taken stood against it.
func isTaken(err error) bool {
	return errors.Is(err, account.ErrEmailTaken) || errors.Is(err, account.ErrUsernameTaken) ||
		errors.Is(err, account.ErrExternalIDTaken)
}
