package access

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Warden judges acts in the transaction that does them, by what caller and target hold at that very moment: the
// judgement of the edge, by cached rights, only spares work. Of two administrators who take each other's rights at once
// one comes second, and has none any more.
type Warden struct {
	catalogues Catalogues
	users      Users
	services   Services
	admissions Admissions
	clock      core.Clock
}

// NewWarden makes a warden.
func NewWarden(catalogues Catalogues, users Users, services Services, admissions Admissions, clock core.Clock) *Warden {
	return &Warden{catalogues: catalogues, users: users, services: services, admissions: admissions, clock: clock}
}

// Judged is what a judgement was based on. It holds until the transaction ends.
type Judged struct {
	Catalogue *Catalogue
	// Caller is what the caller holds.
	Caller Rights
	// Target is the user acted upon, and Holds what they hold; zero where there is none.
	Target account.User
	Holds  Set
	// Verdict is what Permit came to.
	Verdict Verdict
}

// Permit judges an act of the caller upon a user, in ctx's transaction, which it must begin. core.ErrNotFound for a
// target that does not exist, and those of Verdict.Err and Enter.
func (w *Warden) Permit(ctx context.Context, caller core.Principal, act Act, target core.ID) (Judged, error) {
	judged, err := w.Enter(ctx, caller)
	if err != nil {
		return Judged{}, err
	}
	if judged.Target, err = w.users.Find(ctx, target); err != nil {
		if judged.Verdict = Decide(&judged.Caller, Act{Any: act.Any, Reads: true}, &Resource{}); judged.Verdict == Lacking {
			err = Lacks(act.Any)
		}
		return judged, err
	}
	held := judged.Catalogue.Rights(&judged.Target)
	judged.Holds = held.Set
	judged.Verdict = Decide(&judged.Caller, act, &Resource{Owner: target, Holds: held.Set})
	return judged, judged.Verdict.Err(act)
}

// Enter locks the catalogue and gives what the caller holds now; see Permit. KindUnauthenticated when the caller is
// nobody any more, or what they came by is good no more: what goes on for long ends with it.
func (w *Warden) Enter(ctx context.Context, caller core.Principal) (Judged, error) {
	catalogue, err := w.catalogues.Hold(ctx)
	if err != nil {
		return Judged{}, err
	}
	rights, err := w.rights(ctx, catalogue, caller)
	return Judged{Catalogue: catalogue, Caller: rights}, err
}

var errGone = core.NewError(core.KindUnauthenticated, core.CodeSessionEnded, "You are not signed in any more.")

func (w *Warden) rights(ctx context.Context, catalogue *Catalogue, caller core.Principal) (Rights, error) {
	if caller.Means == core.ByService {
		scopes, err := w.machine(ctx, caller)
		return Rights{Who: caller.ServiceID, Set: catalogue.Set(scopes...)}, err
	}
	user, err := w.Person(ctx, caller)
	return catalogue.Narrow(catalogue.Rights(&user), &caller), err
}

// Person gives the person that the caller is, or impersonates, as the primary has them at this moment.
// KindUnauthenticated unless they are active, and what the caller came by is good still. A reset that was demanded of them
// has ended that.
func (w *Warden) Person(ctx context.Context, caller core.Principal) (account.User, error) {
	if err := w.admit(ctx, caller); err != nil {
		return account.User{}, err
	}
	user, err := w.users.Find(ctx, caller.UserID)
	if errors.Is(err, core.ErrNotFound) || err == nil && user.Status != account.StatusActive {
		err = errGone
	}
	return user, err
}

// machine gives the scopes of the service account that the caller is.
func (w *Warden) machine(ctx context.Context, caller core.Principal) ([]string, error) {
	if err := w.admit(ctx, caller); err != nil {
		return nil, err
	}
	scopes, err := w.services.Scopes(ctx, caller.ServiceID)
	if errors.Is(err, core.ErrNotFound) {
		err = errGone
	}
	return scopes, err
}

func (w *Warden) admit(ctx context.Context, caller core.Principal) error {
	stands, err := w.admissions.Stands(ctx, caller, w.clock.Now())
	if err == nil && !stands {
		err = errGone
	}
	return err
}

// SpareLastOwner refuses to take the ownership, or the account, of the only active owner. Call it in the transaction
// that does so.
func (w *Warden) SpareLastOwner(ctx context.Context, target account.User) error {
	if !target.HasRole(account.RoleOwner) || target.Status != account.StatusActive {
		return nil
	}
	others, err := w.users.CountOwners(ctx, target.ID)
	if err == nil && others == 0 {
		err = account.ErrLastOwner
	}
	return err
}
