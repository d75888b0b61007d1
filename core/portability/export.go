package portability

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// Export is one export under way. It is used by one goroutine at a time, and keeps one page in memory.
type Export struct {
	service *Service
	caller  core.Principal
	hashes  bool
	after   core.ID
	begun   bool
	// judged is when it was last asked whether the caller may.
	judged time.Time
	count  int
	lines  []Line
}

// Export begins an export of all accounts that are active or deactivated, by id ascending, for a caller with the
// permission users.export. Accounts that are suspended or deleted are left out: an import opens accounts, and would let
// them in again. With hashes it tells the password hashes too; that needs users.export_hashes, and a person who has proven
// lately who they are.
func (s *Service) Export(caller core.Principal, hashes bool) *Export {
	return &Export{service: s, caller: caller, hashes: hashes}
}

// Next gives the next lines; the slice is good until it is called again. The errors are io.EOF, with no line, after the
// last one, those of access.Warden.Enter and access.Verdict.Err, at the first call core.CodeReauthentication and
// core.ErrInPerson, and KindUnavailable. Each line tells of an account as it is when the page is read: accounts that are opened or closed
// meanwhile may be there or not.
func (e *Export) Next(ctx context.Context) ([]Line, error) {
	if err := e.permit(ctx); err != nil {
		return nil, e.service.deps.Trail.Refuse(ctx, e.event(), err)
	}
	users, err := e.service.deps.Store.Page(ctx, e.after, pageSize)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	if len(users) == 0 {
		return nil, io.EOF
	}
	e.lines = e.lines[:0]
	for _, user := range users {
		e.lines = append(e.lines, e.lineOf(user))
	}
	e.after, e.count = users[len(users)-1].ID, e.count+len(users)
	return e.lines, nil
}

func (e *Export) event() audit.Event {
	return audit.Event{
		Action: audit.ActionUserExport, Metadata: map[string]string{"password_hashes": strconv.FormatBool(e.hashes)},
	}.By(e.caller)
}

// judgeEvery is how often an export is judged anew: whoever loses the right, or the account, while they read slowly gets
// no more than what leaves in that time.
const judgeEvery = time.Second

// permit judges whether the caller may, and writes down that they did before anything leaves.
func (e *Export) permit(ctx context.Context) error {
	deps := e.service.deps
	now := deps.Clock.Now()
	if e.begun && now.Sub(e.judged) < judgeEvery {
		return nil
	}
	if e.hashes && !e.begun {
		if err := e.service.recent(ctx, e.caller); err != nil {
			return err
		}
	}
	err := deps.Tx.InTx(ctx, func(ctx context.Context) error {
		judged, err := deps.Warden.Enter(ctx, e.caller)
		if err == nil {
			err = e.decide(&judged.Caller)
		}
		if err != nil || e.begun {
			return err
		}
		return deps.Trail.Record(ctx, e.event())
	})
	if err == nil {
		e.begun, e.judged = true, now
	}
	return err
}

func (e *Export) decide(rights *access.Rights) error {
	wanted := []access.Bit{access.UsersExport}
	if e.hashes {
		wanted = append(wanted, access.UsersExportHashes)
	}
	for _, bit := range wanted {
		act := access.Act{Any: bit, Reads: true}
		if err := access.Decide(rights, act, &access.Resource{}).Err(act); err != nil {
			return err
		}
	}
	return nil
}

// recent wants a person who has proven lately who they are.
func (s *Service) recent(ctx context.Context, caller core.Principal) error {
	if caller.Means != core.BySession {
		return core.ErrInPerson
	}
	user, err := s.deps.Users.Find(ctx, caller.UserID)
	if err != nil {
		return fmt.Errorf("find user: %w", err)
	}
	return user.RequireProof(caller, s.deps.Clock.Now(), s.config.RecentWindow)
}

// lineOf writes an account as a line. A password that its owner must reset, because others may know it, is not told.
func (e *Export) lineOf(user account.User) Line {
	line := Line{
		ExternalID: cmp.Or(user.ExternalID, user.ID.String()), Email: user.Email, Username: user.Username,
		Phone: user.Profile.Phone, Name: user.Profile.Name, EmailVerified: user.EmailVerified, Roles: user.Roles,
		CreatedAt: user.CreatedAt,
	}
	if line.Roles == nil {
		line.Roles = []string{}
	}
	if e.hashes && !user.MustReset {
		line.Password = user.Password
	}
	return line
}

// Close writes down how much has left, and whether it came to its end.
func (e *Export) Close(ctx context.Context, whole bool) {
	if !e.begun {
		return
	}
	event := e.event()
	event.Metadata["lines"], event.Metadata["whole"] = strconv.Itoa(e.count), strconv.FormatBool(whole)
	e.service.deps.Trail.Note(ctx, event)
}
