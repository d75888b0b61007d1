package verificationtest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// TestLinks is the contract of verification.Links.
func TestLinks(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was put":              linkIsFound,
		"refuses other purposes and expired":   linkRefuses,
		"one of many uses wins":                linkRace,
		"a use is undone with its transaction": linkIsUndone,
		"kills by user and purpose":            killsLinks,
		"kills what was made since":            killsLinksSince,
		"goes with its owner":                  linksGoWithOwner,
	})
}

func linkOf(user core.ID) verification.Link {
	_, digest := secret.NewToken()
	return verification.Link{
		Digest: digest, Purpose: verification.PurposePasswordReset, User: user, Detail: []byte("detail"),
		CreatedAt: at(0), ExpiresAt: at(time.Hour),
	}
}

func (s Stores) put(t *testing.T, link verification.Link) verification.Link {
	t.Helper()
	coretest.Must(t, s.Links.Put(t.Context(), link))
	return link
}

func linkIsFound(t *testing.T, s Stores) {
	user := s.user(t)
	ofFlow := linkOf(user)
	ofFlow.Flow = s.start(t, reset(user, at(0))).ID
	ofRegistration := linkOf(core.ID{})
	ofRegistration.Registration, ofRegistration.Detail = s.registration(t).ID, nil
	for _, link := range []verification.Link{linkOf(user), ofFlow, ofRegistration} {
		s.put(t, link)
		found, err := s.Links.Find(t.Context(), link.Digest, link.Purpose, at(0))
		coretest.Must(t, err)
		coretest.Equal(t, link, found)
		used, err := s.Links.Use(t.Context(), link.Digest, link.Purpose, at(0))
		coretest.Must(t, err)
		coretest.Equal(t, link, used)
		_, err = s.Links.Find(t.Context(), link.Digest, link.Purpose, at(0))
		coretest.Refused(t, err, core.ErrNotFound)
	}
}

func linkRefuses(t *testing.T, s Stores) {
	link := s.put(t, linkOf(s.user(t)))
	cases := []struct {
		digest  secret.TokenDigest
		purpose verification.Purpose
		now     time.Time
	}{
		{secret.DigestToken("another"), link.Purpose, at(0)},
		{link.Digest, verification.PurposeRestore, at(0)},
		{link.Digest, link.Purpose, link.ExpiresAt},
	}
	for _, c := range cases {
		_, err := s.Links.Find(t.Context(), c.digest, c.purpose, c.now)
		coretest.Refused(t, err, core.ErrNotFound)
		_, err = s.Links.Use(t.Context(), c.digest, c.purpose, c.now)
		coretest.Refused(t, err, core.ErrNotFound)
	}
	_, err := s.Links.Use(t.Context(), link.Digest, link.Purpose, link.ExpiresAt.Add(-time.Microsecond))
	coretest.Must(t, err)
}

func linkRace(t *testing.T, s Stores) {
	link := s.put(t, linkOf(s.user(t)))
	successes := coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		use := func(ctx context.Context) error {
			_, err := s.Links.Use(ctx, link.Digest, link.Purpose, at(0))
			return err
		}
		if i%2 == 0 {
			return use(ctx)
		}
		return s.Tx.InTx(ctx, use)
	})
	coretest.Equal(t, 1, successes)
}

func linkIsUndone(t *testing.T, s Stores) {
	link := s.put(t, linkOf(s.user(t)))
	s.undone(t, func(ctx context.Context) error {
		_, err := s.Links.Use(ctx, link.Digest, link.Purpose, at(0))
		return err
	})
	_, err := s.Links.Use(t.Context(), link.Digest, link.Purpose, at(0))
	coretest.Must(t, err)
}

func killsLinks(t *testing.T, s Stores) {
	user := s.user(t)
	killed, spared, other := linkOf(user), linkOf(user), linkOf(s.user(t))
	spared.Purpose = verification.PurposeEmailUndo
	for _, link := range []verification.Link{killed, spared, other} {
		s.put(t, link)
	}
	coretest.Must(t, s.Links.KillUser(t.Context(), user, verification.PurposePasswordReset, verification.PurposeRestore))
	_, err := s.Links.Find(t.Context(), killed.Digest, killed.Purpose, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
	for _, link := range []verification.Link{spared, other} {
		_, err := s.Links.Find(t.Context(), link.Digest, link.Purpose, at(0))
		coretest.Must(t, err)
	}
}

func killsLinksSince(t *testing.T, s Stores) {
	user := s.user(t)
	older, same, later, other, foreign := linkOf(user), linkOf(user), linkOf(user), linkOf(user), linkOf(s.user(t))
	older.CreatedAt, later.CreatedAt = at(-time.Microsecond), at(time.Minute)
	other.Purpose = verification.PurposeRestore
	for _, link := range []verification.Link{older, same, later, other, foreign} {
		s.put(t, link)
	}
	coretest.Must(t, s.Links.KillSince(t.Context(), user, same.Purpose, same.CreatedAt))
	for _, link := range []verification.Link{same, later} {
		_, err := s.Links.Find(t.Context(), link.Digest, link.Purpose, at(0))
		coretest.Refused(t, err, core.ErrNotFound)
	}
	for _, link := range []verification.Link{older, other, foreign} {
		_, err := s.Links.Find(t.Context(), link.Digest, link.Purpose, at(0))
		coretest.Must(t, err)
	}
}

func linksGoWithOwner(t *testing.T, s Stores) {
	registration := s.registration(t)
	link := linkOf(core.ID{})
	link.Registration = registration.ID
	s.put(t, link)
	coretest.Must(t, s.Registrations.Settle(t.Context(), registration.EmailKey))
	_, err := s.Links.Find(t.Context(), link.Digest, link.Purpose, at(0))
	coretest.Refused(t, err, core.ErrNotFound)
}
