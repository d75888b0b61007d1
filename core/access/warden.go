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
}

// NewWarden makes a warden.
func NewWarden(catalogues Catalogues, users Users, services Services) *Warden {
	return &Warden{catalogues: catalogues, users: users, services: services}
}

// Judged is what a judgement was based on. It holds until the transaction ends.
type Judged struct {
	Catalogue *Catalogue
	// Caller is what the caller holds.
	Caller Rights
	// Target is the user acted upon, and Holds what they hold; zero where there is none.
	Target account.User
	Holds  Set
}

// Permit judges an act of the caller upon a user, in ctx's transaction, which it must begin. core.ErrNotFound for a
// target that does not exist, and those of Verdict.Err and Enter.
func (w *Warden) Permit(ctx context.Context, caller core.Principal, act Act, target core.ID) (Judged, error) {
	judged, err := w.Enter(ctx, caller)
	if err != nil {
		return Judged{}, err
	}
	if judged.Target, err = w.users.Find(ctx, target); err != nil {
		if Decide(&judged.Caller, Act{Any: act.Any, Reads: true}, &Resource{}) == Lacking {
			err = Lacks(act.Any)
		}
		return Judged{}, err
	}
	held := judged.Catalogue.Rights(&judged.Target)
	judged.Holds = held.Set
	resource := Resource{Owner: target, Holds: held.Set}
	return judged, Decide(&judged.Caller, act, &resource).Err(act)
}

// Enter locks the catalogue and gives what the caller holds now; see Permit. KindUnauthenticated when the caller is
// nobody any more.
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
		scopes, err := w.services.Scopes(ctx, caller.ServiceID)
		if errors.Is(err, core.ErrNotFound) {
			err = errGone
		}
		return Rights{Who: caller.ServiceID, Set: catalogue.Set(scopes...)}, err
	}
	user, err := w.users.Find(ctx, caller.UserID)
	if errors.Is(err, core.ErrNotFound) || err == nil && user.Status != account.StatusActive {
		err = errGone
	}
	return catalogue.Narrow(catalogue.Rights(&user), &caller), err
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
