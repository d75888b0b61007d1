package apitoken

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
)

// AccountDraft is what somebody asks for of a service account.
type AccountDraft struct {
	Name        string
	Description string
	Scopes      []string
}

// AccountChange is what to change of a service account; nil leaves it as it is.
type AccountChange struct {
	Name        *string
	Description *string
	Scopes      *[]string
	Disabled    *bool
}

// manage is the act of whoever changes service accounts.
var manage = access.Act{Any: access.ServiceAccountsWrite}

// Open makes a service account. Errors: KindInvalid for its fields; those of access.Verdict.Err, which also refuse
// scopes that the caller does not hold; access.ErrNameTaken; ErrTooManyServices.
func (s *Service) Open(ctx context.Context, principal core.Principal, draft AccountDraft) (ServiceAccount, error) {
	var made ServiceAccount
	event := audit.Event{Action: audit.ActionServiceCreate}
	err := s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		judged, err := s.deps.Warden.Enter(ctx, principal)
		if err != nil {
			return err
		}
		now := s.deps.Clock.Now()
		fresh := ServiceAccount{ID: s.deps.IDs.New(), CreatedBy: principal.ID(), CreatedAt: now, UpdatedAt: now}
		change := AccountChange{Name: &draft.Name, Description: &draft.Description, Scopes: &draft.Scopes}
		if made, err = s.altered(&judged, fresh, change); err != nil {
			return err
		}
		if err = s.deps.Accounts.Create(ctx, made); err != nil {
			return err
		}
		return s.deps.Trail.Record(ctx, about(event, made).By(principal))
	})
	return made, s.deps.Trail.Refuse(ctx, event.By(principal), err)
}

// about tells of a service account in an event.
func about(event audit.Event, account ServiceAccount) audit.Event {
	event.Subject = account.ID
	event.Metadata = map[string]string{"scopes": audit.Listed(account.Scopes)}
	if account.Disabled {
		event.Metadata["disabled"] = "true"
	}
	return event
}

// altered gives a service account after a change that the caller may make: they hold all that it has and all that it
// gets.
func (s *Service) altered(judged *access.Judged, account ServiceAccount, change AccountChange) (ServiceAccount, error) {
	touched := judged.Catalogue.Set(account.Scopes...)
	if err := access.Decide(&judged.Caller, manage, &access.Resource{Holds: touched}).Err(manage); err != nil {
		return ServiceAccount{}, err
	}
	var wrong core.Violations
	var broken error
	if change.Name != nil {
		account.Name, broken = readName(*change.Name)
		wrong.Add("name", broken)
	}
	if change.Description != nil {
		account.Description, broken = readLine(*change.Description, DescriptionMax)
		wrong.Add("description", broken)
	}
	if change.Scopes != nil {
		account.Scopes, broken = readScopes(judged.Catalogue, *change.Scopes, forMachine)
		addOwn(&wrong, broken)
	}
	if change.Disabled != nil {
		account.Disabled = *change.Disabled
	}
	if err := wrong.Err(); err != nil {
		return ServiceAccount{}, err
	}
	given := judged.Catalogue.Set(account.Scopes...)
	return account, access.Decide(&judged.Caller, manage, &access.Resource{Holds: given}).Err(manage)
}

// held is what the transaction of an act upon a service account works with: the account as it stands, which the
// caller may touch. core.ErrNotFound, and the errors of access.Verdict.Err.
func (s *Service) held(ctx context.Context, principal core.Principal, id core.ID) (access.Judged, ServiceAccount, error) {
	judged, err := s.deps.Warden.Enter(ctx, principal)
	if err != nil {
		return access.Judged{}, ServiceAccount{}, err
	}
	if err = access.Decide(&judged.Caller, manage, &access.Resource{}).Err(manage); err != nil {
		return access.Judged{}, ServiceAccount{}, err
	}
	account, err := s.deps.Accounts.Find(ctx, id)
	if err != nil {
		return access.Judged{}, ServiceAccount{}, err
	}
	touched := judged.Catalogue.Set(account.Scopes...)
	return judged, account, access.Decide(&judged.Caller, manage, &access.Resource{Holds: touched}).Err(manage)
}

// Alter changes a service account. Scopes that are taken away bite at the next request. Errors: those of Open, and
// core.ErrNotFound.
func (s *Service) Alter(ctx context.Context, principal core.Principal, id core.ID, change AccountChange) (ServiceAccount, error) {
	var altered ServiceAccount
	event := audit.Event{Action: audit.ActionServiceUpdate, Subject: id}
	err := s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		judged, account, err := s.held(ctx, principal, id)
		if err != nil {
			return err
		}
		if altered, err = s.altered(&judged, account, change); err != nil {
			return err
		}
		altered.UpdatedAt = s.deps.Clock.Now()
		if err = s.deps.Accounts.Save(ctx, altered); err != nil {
			return err
		}
		return s.deps.Trail.Record(ctx, about(event, altered).By(principal))
	})
	return altered, s.deps.Trail.Refuse(ctx, event.By(principal), err)
}

// Close removes a service account with all its keys, which are good for nothing from then on. core.ErrNotFound, and
// the errors of access.Verdict.Err.
func (s *Service) Close(ctx context.Context, principal core.Principal, id core.ID) error {
	event := audit.Event{Action: audit.ActionServiceDelete, Subject: id}
	err := s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, _, err := s.held(ctx, principal, id); err != nil {
			return err
		}
		if err := s.deps.Accounts.Remove(ctx, id); err != nil {
			return err
		}
		return s.deps.Trail.Record(ctx, event.By(principal))
	})
	return s.deps.Trail.Refuse(ctx, event.By(principal), err)
}

// Find gives a service account. core.ErrNotFound.
func (s *Service) Find(ctx context.Context, id core.ID) (ServiceAccount, error) {
	return s.deps.Accounts.Find(ctx, id)
}

// ListAccounts gives a page of the service accounts, as List does of tokens.
func (s *Service) ListAccounts(ctx context.Context, page core.Page) (accounts []ServiceAccount, next core.Position, err error) {
	return core.ReadPage(page, func(page core.Page) ([]ServiceAccount, error) {
		return s.deps.Accounts.List(ctx, page)
	}, func(last ServiceAccount) core.Position { return core.Position{At: last.CreatedAt, ID: last.ID} })
}
