package mfa_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

// What somebody does to their account puts off nothing: the deadline is the one they were told, or counts from the demand.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	const grace = time.Hour
	demanded, made := coretest.Epoch.Add(24*time.Hour), coretest.Epoch
	told, changed := demanded.Add(time.Minute), demanded.Add(30*time.Minute)
	for name, test := range map[string]struct {
		config     mfa.Config
		protection account.Protection
		since      time.Time
		// session and token are the deadlines of who comes by either.
		session, token time.Time
	}{
		"nothing demanded":         {},
		"by a role":                {since: demanded, session: demanded.Add(grace), token: demanded.Add(grace)},
		"by a role, and told":      {protection: account.Protection{EnrolBy: told}, since: demanded, session: told, token: told},
		"of all":                   {config: mfa.Config{RequireAll: true}, token: made.Add(grace)},
		"of all, and told":         {config: mfa.Config{RequireAll: true}, protection: account.Protection{EnrolBy: told}, session: told, token: told},
		"of all, and by a role":    {config: mfa.Config{RequireAll: true}, since: demanded, session: demanded.Add(grace), token: demanded.Add(grace)},
		"of one account":           {protection: account.Protection{Required: true}, token: made.Add(grace)},
		"of one account, and told": {protection: account.Protection{Required: true, EnrolBy: told}, session: told, token: told},
		"met":                      {protection: account.Protection{SecondFactors: []string{"totp"}}, since: demanded},
		"met, of all":              {config: mfa.Config{RequireAll: true}, protection: account.Protection{SecondFactors: []string{"totp"}}},
		"met by what does not count": {
			config: mfa.Config{RequireAll: true, RefuseEmail: true}, protection: account.Protection{SecondFactors: []string{"email"}},
			token: made.Add(grace),
		},
	} {
		test.config.Grace = grace
		service := mfa.NewService(mfa.Deps{Clock: coretest.NewClock()}, test.config)
		user := account.User{Protection: test.protection, UpdatedAt: changed}
		if got := service.Deadline(user, test.since); !got.Equal(test.session) {
			t.Errorf("%s: a session has until %v, want %v", name, got, test.session)
		}
		if got := service.TokenDeadline(user, test.since, made); !got.Equal(test.token) {
			t.Errorf("%s: a token has until %v, want %v", name, got, test.token)
		}
	}
}
