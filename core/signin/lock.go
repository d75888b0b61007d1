package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

const kindLock = "lock"

// locked is the sealed payload of the intake. User is zero for a lock of nobody's.
type locked struct {
	User    core.ID     `json:"user"`
	Subject string      `json:"subject"`
	At      time.Time   `json:"at"`
	Client  core.Client `json:"client"`
}

// announceLock has a worker tell of a lock. It costs the same for an account and for nobody.
func (s *Service) announceLock(ctx context.Context, user core.ID, subject string) error {
	_, err := s.deps.Desk.Submit(ctx, kindLock, locked{
		User: user, Subject: subject, At: s.deps.Clock.Now(), Client: core.ClientFrom(ctx),
	})
	return err
}

// resolveLock writes the lock down and tells the owner, at most once in lockout.NoticeEvery.
func (s *Service) resolveLock(ctx context.Context, intake verification.Intake) error {
	var lock locked
	return s.deps.Desk.Resolve(ctx, intake, &lock, func(ctx context.Context) error {
		ctx = core.WithClient(ctx, lock.Client)
		user, err := s.deps.Users.Find(ctx, lock.User)
		if errors.Is(err, core.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find user: %w", err)
		}
		err = s.deps.Trail.Record(ctx, audit.Event{
			Action: audit.ActionLock, Reason: reasonLocked, ActorKind: audit.System, Subject: user.ID,
			Metadata: map[string]string{"of": lock.of()},
		})
		if err != nil || !mayReturn(user) {
			return err
		}
		due, err := s.deps.Tries.Notice(ctx, lock.Subject, s.deps.Clock.Now())
		if err != nil || !due {
			return err
		}
		return s.mailLock(ctx, lock, user)
	})
}

// of names what was guessed at.
func (l locked) of() string {
	if l.Subject == lockout.SecondFactorOf(l.User) {
		return "second_factor"
	}
	return "password"
}

// mailLock tells the owner of the lock, with the link that gets past it. A lock of the second factor has none:
// whoever met it knows the password.
func (s *Service) mailLock(ctx context.Context, lock locked, user account.User) (err error) {
	letter := account.NewLetter(mail.KindSecondFactorLocked, user, s.deps.Origins.Of(ctx), lock.At)
	if lock.of() == "password" {
		letter.Kind = mail.KindAccountLocked
		letter.Token, letter.LinkExpiresAt, err = s.deps.Prover.Link(ctx, verification.Link{
			Purpose: verification.PurposeUnlock, User: user.ID,
		}, s.config.UnlockLinkTTL)
	}
	if err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

// Unlocked is what the client that used an unlock link holds from now on.
type Unlocked struct {
	DeviceToken string
	ExpiresAt   time.Time
}

// Unlock makes the client that ctx carries a known device of the account, by the link of a lock's mail: it gets
// past the lock, with tries of its own. It signs nobody in, and the lock stands for everybody else. Every way
// to fail is verification.ErrLink.
func (s *Service) Unlock(ctx context.Context, token string) (unlocked Unlocked, err error) {
	link, err := s.deps.Prover.Peek(ctx, token, verification.PurposeUnlock)
	if err != nil {
		return Unlocked{}, err
	}
	err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		// The device first: it locks the user, as everything does that kills links.
		met, own, err := s.deps.Devices.Admit(ctx, link.User)
		if errors.Is(err, core.ErrNotFound) {
			return verification.ErrLink
		}
		if err != nil {
			return fmt.Errorf("admit device: %w", err)
		}
		if _, err = s.deps.Prover.Follow(ctx, token, verification.PurposeUnlock); err != nil {
			return err
		}
		unlocked = Unlocked{DeviceToken: own, ExpiresAt: met.ExpiresAt}
		return s.deps.Trail.Record(ctx, audit.Event{
			Action: audit.ActionUnlock, Reason: "link", Actor: link.User, Subject: link.User,
		})
	})
	if err != nil {
		return Unlocked{}, err
	}
	return unlocked, nil
}
