package apitokentest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/coretest"
)

// TestServices is the contract of apitoken.ServiceAccounts and apitoken.Keys.
func TestServices(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was created":     givesBackService,
		"names are unique":                namesUnique,
		"one of many gets a name":         racesNames,
		"saves all but its origin":        savesService,
		"lists newest first, in pages":    listsServices,
		"tells the scopes of enabled":     tellsScopes,
		"goes with its keys":              removesService,
		"keys: gives back what was put":   givesBackKey,
		"keys: of nobody":                 refusesKeyOfNobody,
		"keys: removes one":               removesKey,
		"keys: holds the bound":           racesKeys,
		"keys: used until they end":       usesKey,
		"keys: not of a disabled account": refusesDisabled,
		"keys: notes the use":             notesKey,
		"keys: removed while in use":      racesKeyRemoval,
		"takes part in transactions":      servicesTakePart,
	})
}

// NewService is a service account that uses every field.
func NewService(created time.Time) apitoken.ServiceAccount {
	id := accounttest.NewID()
	return apitoken.ServiceAccount{
		ID: id, Name: "billing " + id.String(), Description: `Ünïcode "quoted"`, Scopes: []string{"tokens.introspect", "users.read"},
		CreatedBy: accounttest.NewID(), CreatedAt: created, UpdatedAt: created.Add(time.Microsecond),
	}
}

// NewKey is a key of the service account that ends.
func NewKey(service core.ID, created time.Time) apitoken.Key {
	return apitoken.Key{
		ID: accounttest.NewID(), ServiceID: service, Digest: newDigest(), Hint: "x-_9", CreatedAt: created,
		ExpiresAt: created.Add(life),
	}
}

func (s Stores) service(t *testing.T, created time.Time) apitoken.ServiceAccount {
	t.Helper()
	made := NewService(created)
	coretest.Must(t, s.Services.Create(t.Context(), made))
	return made
}

func (s Stores) find(t *testing.T, id core.ID) apitoken.ServiceAccount {
	t.Helper()
	found, err := s.Services.Find(t.Context(), id)
	coretest.Must(t, err)
	return found
}

func (s Stores) key(t *testing.T, service core.ID, created time.Time) apitoken.Key {
	t.Helper()
	key := NewKey(service, created)
	coretest.Must(t, s.Keys.Put(t.Context(), key))
	return key
}

func (s Stores) keys(t *testing.T, service core.ID, now time.Time) []apitoken.Key {
	t.Helper()
	keys, err := s.Keys.List(t.Context(), service, now)
	coretest.Must(t, err)
	return keys
}

func givesBackService(t *testing.T, s Stores) {
	made := s.service(t, at(0))
	bare := apitoken.ServiceAccount{
		ID: accounttest.NewID(), Name: "bare", Disabled: true, CreatedAt: at(0), UpdatedAt: at(0),
	}
	coretest.Must(t, s.Services.Create(t.Context(), bare))
	coretest.Equal(t, made, s.find(t, made.ID))
	coretest.Equal(t, bare, s.find(t, bare.ID))
	_, err := s.Services.Find(t.Context(), accounttest.NewID())
	coretest.Refused(t, err, core.ErrNotFound)
}

func namesUnique(t *testing.T, s Stores) {
	first, second := s.service(t, at(0)), s.service(t, at(0))
	third := NewService(at(0))
	third.Name = first.Name
	coretest.Refused(t, s.Services.Create(t.Context(), third), access.ErrNameTaken)
	renamed := second
	renamed.Name = first.Name
	coretest.Refused(t, s.Services.Save(t.Context(), renamed), access.ErrNameTaken)
	coretest.Equal(t, second, s.find(t, second.ID))
	coretest.Must(t, s.Services.Save(t.Context(), first)) // one's own name is no other's
}

func racesNames(t *testing.T, s Stores) {
	coretest.Equal(t, 1, coretest.Race(t, 16, access.ErrNameTaken, func(ctx context.Context, _ int) error {
		made := NewService(at(0))
		made.Name = "wanted"
		return s.Services.Create(ctx, made)
	}))
}

func savesService(t *testing.T, s Stores) {
	made := s.service(t, at(0))
	saved := made
	saved.Name, saved.Description, saved.Scopes, saved.Disabled, saved.UpdatedAt = "renamed", "", nil, true, at(time.Hour)
	written := saved
	written.CreatedBy, written.CreatedAt = accounttest.NewID(), at(time.Minute)
	coretest.Must(t, s.Services.Save(t.Context(), written))
	coretest.Equal(t, saved, s.find(t, made.ID))
	coretest.Refused(t, s.Services.Save(t.Context(), NewService(at(0))), core.ErrNotFound)
}

func listsServices(t *testing.T, s Stores) {
	var made []apitoken.ServiceAccount
	for i := range 5 {
		made = append([]apitoken.ServiceAccount{s.service(t, at(time.Duration(i)*time.Second))}, made...)
	}
	var paged []apitoken.ServiceAccount
	page := core.Page{Limit: 2}
	for range 3 {
		part, err := s.Services.List(t.Context(), page)
		coretest.Must(t, err)
		paged = append(paged, part...)
		last := part[len(part)-1]
		page.After = core.Position{At: last.CreatedAt, ID: last.ID}
	}
	coretest.Equal(t, made, paged)
}

func tellsScopes(t *testing.T, s Stores) {
	made := s.service(t, at(0))
	scopes, err := s.Services.Scopes(t.Context(), made.ID)
	coretest.Must(t, err)
	coretest.Equal(t, made.Scopes, scopes)
	made.Disabled = true
	coretest.Must(t, s.Services.Save(t.Context(), made))
	for _, id := range []core.ID{made.ID, accounttest.NewID()} {
		_, err = s.Services.Scopes(t.Context(), id)
		coretest.Refused(t, err, core.ErrNotFound)
	}
}

func removesService(t *testing.T, s Stores) {
	gone, kept := s.service(t, at(0)), s.service(t, at(0))
	key, other := s.key(t, gone.ID, at(0)), s.key(t, kept.ID, at(0))
	coretest.Must(t, s.Services.Remove(t.Context(), gone.ID))
	coretest.Refused(t, s.Services.Remove(t.Context(), gone.ID), core.ErrNotFound)
	_, _, err := s.Keys.Use(t.Context(), key.Digest, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
	coretest.Equal(t, nil, s.keys(t, gone.ID, at(0)))
	coretest.Equal(t, []apitoken.Key{other}, s.keys(t, kept.ID, at(0)))
}

func givesBackKey(t *testing.T, s Stores) {
	service := s.service(t, at(0)).ID
	ending, lasting := NewKey(service, at(0)), NewKey(service, at(time.Second))
	lasting.ExpiresAt, lasting.LastUsedAt = time.Time{}, at(time.Minute)
	coretest.Must(t, s.Keys.Put(t.Context(), ending))
	coretest.Must(t, s.Keys.Put(t.Context(), lasting))
	coretest.Equal(t, []apitoken.Key{lasting, ending}, s.keys(t, service, at(life-time.Microsecond)))
	coretest.Equal(t, []apitoken.Key{lasting}, s.keys(t, service, at(life)))
}

func refusesKeyOfNobody(t *testing.T, s Stores) {
	coretest.Refused(t, s.Keys.Put(t.Context(), NewKey(accounttest.NewID(), at(0))), core.ErrNotFound)
	coretest.Equal(t, nil, s.keys(t, accounttest.NewID(), at(0)))
}

func removesKey(t *testing.T, s Stores) {
	service, other := s.service(t, at(0)).ID, s.service(t, at(0)).ID
	gone, kept := s.key(t, service, at(0)), s.key(t, service, at(0))
	coretest.Refused(t, s.Keys.Remove(t.Context(), other, gone.ID), core.ErrNotFound)
	coretest.Must(t, s.Keys.Remove(t.Context(), service, gone.ID))
	coretest.Refused(t, s.Keys.Remove(t.Context(), service, gone.ID), core.ErrNotFound)
	coretest.Equal(t, []apitoken.Key{kept}, s.keys(t, service, at(0)))
}

func racesKeys(t *testing.T, s Stores) {
	service := s.service(t, at(0)).ID
	coretest.Equal(t, apitoken.MaxKeys, coretest.Race(t, 24, apitoken.ErrTooMany, func(ctx context.Context, _ int) error {
		return s.Keys.Put(ctx, NewKey(service, at(0)))
	}))
	s.key(t, s.service(t, at(0)).ID, at(0))
	s.key(t, service, at(life)) // the others have expired
}

func usesKey(t *testing.T, s Stores) {
	service := s.service(t, at(0))
	ending, lasting := s.key(t, service.ID, at(0)), NewKey(service.ID, at(0))
	lasting.ExpiresAt = time.Time{}
	coretest.Must(t, s.Keys.Put(t.Context(), lasting))
	for _, key := range []apitoken.Key{ending, lasting} {
		used, account, err := s.Keys.Use(t.Context(), key.Digest, at(life-time.Microsecond))
		coretest.Must(t, err)
		used.LastUsedAt = time.Time{} // as before or as after
		coretest.Equal(t, key, used)
		coretest.Equal(t, service, account)
	}
	_, _, err := s.Keys.Use(t.Context(), ending.Digest, at(life))
	coretest.Refused(t, err, core.ErrNotFound)
	_, _, err = s.Keys.Use(t.Context(), lasting.Digest, at(1000*life))
	coretest.Must(t, err)
}

func refusesDisabled(t *testing.T, s Stores) {
	service := s.service(t, at(0))
	key := s.key(t, service.ID, at(0))
	for _, disabled := range []bool{true, false} {
		service.Disabled = disabled
		coretest.Must(t, s.Services.Save(t.Context(), service))
		_, _, err := s.Keys.Use(t.Context(), key.Digest, at(0))
		if refused := errors.Is(err, core.ErrNotFound); refused != disabled {
			t.Errorf("disabled %v: %v", disabled, err)
		}
	}
}

func notesKey(t *testing.T, s Stores) {
	service := s.service(t, at(0)).ID
	key := s.key(t, service, at(0))
	for _, step := range []struct{ now, want time.Duration }{
		{time.Second, time.Second},
		{time.Second + apitoken.UseEvery, time.Second},
		{2*time.Second + apitoken.UseEvery, 2*time.Second + apitoken.UseEvery},
	} {
		_, _, err := s.Keys.Use(t.Context(), key.Digest, at(step.now))
		coretest.Must(t, err)
		coretest.Equal(t, at(step.want), s.keys(t, service, at(0))[0].LastUsedAt)
	}
}

func usesKeyBesideWriters(t *testing.T, s Stores) {
	key := s.key(t, s.service(t, at(0)).ID, at(0))
	s.beside(t, func(ctx context.Context) error {
		used, _, err := s.Keys.Use(ctx, key.Digest, at(time.Hour))
		coretest.Equal(t, key.ID, used.ID)
		return err
	})
	coretest.Equal(t, at(time.Hour), s.keys(t, key.ServiceID, at(0))[0].LastUsedAt)
}

func racesKeyRemoval(t *testing.T, s Stores) {
	service := s.service(t, at(0)).ID
	key := s.key(t, service, at(0))
	coretest.Race(t, 24, core.ErrNotFound, func(ctx context.Context, i int) error {
		if i%6 == 0 {
			if err := s.Keys.Remove(ctx, service, key.ID); err != nil && !errors.Is(err, core.ErrNotFound) {
				return err
			}
			if _, _, err := s.Keys.Use(ctx, key.Digest, at(time.Hour)); !errors.Is(err, core.ErrNotFound) {
				return fmt.Errorf("used after it was removed: %w", err)
			}
			return nil
		}
		_, _, err := s.Keys.Use(ctx, key.Digest, at(time.Hour))
		return err
	})
	coretest.Equal(t, nil, s.keys(t, service, at(0)))
}

func servicesTakePart(t *testing.T, s Stores) {
	kept := s.service(t, at(0))
	key := s.key(t, kept.ID, at(0))
	changed := kept
	changed.Disabled = true
	for _, act := range []func(ctx context.Context) error{
		func(ctx context.Context) error { return s.Services.Create(ctx, NewService(at(0))) },
		func(ctx context.Context) error { return s.Services.Save(ctx, changed) },
		func(ctx context.Context) error { return s.Services.Remove(ctx, kept.ID) },
		func(ctx context.Context) error { return s.Keys.Put(ctx, NewKey(kept.ID, at(0))) },
		func(ctx context.Context) error { return s.Keys.Remove(ctx, kept.ID, key.ID) },
	} {
		coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
			coretest.Must(t, act(ctx))
			return errRollback
		}), errRollback)
	}
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		again := NewService(at(0))
		again.Name = kept.Name
		coretest.Refused(t, s.Services.Create(ctx, again), access.ErrNameTaken)
		coretest.Refused(t, s.Keys.Put(ctx, NewKey(accounttest.NewID(), at(0))), core.ErrNotFound)
		return s.Keys.Put(ctx, NewKey(kept.ID, at(0))) // a refusal spoils no transaction
	}))
	coretest.Equal(t, kept, s.find(t, kept.ID))
	coretest.Equal(t, 2, len(s.keys(t, kept.ID, at(0))))
}
