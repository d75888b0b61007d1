package audit_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// TestMeansAreMarked writes who really acted, and by what, whatever the use case knows of.
func TestMeansAreMarked(t *testing.T) {
	t.Parallel()
	person, administrator, service, token := ids.New(), ids.New(), ids.New(), ids.New()
	impersonating := core.Principal{Means: core.ByImpersonation, UserID: person, Actor: administrator}
	byToken := core.Principal{Means: core.ByToken, UserID: person, TokenID: token}
	byService := core.Principal{Means: core.ByService, ServiceID: service, TokenID: token}
	for name, test := range map[string]struct {
		caller core.Principal
		event  audit.Event
		actor  core.ID
		marks  map[string]string
	}{
		"a session":     {core.Principal{UserID: person}, audit.Event{Actor: person}, person, nil},
		"impersonation": {impersonating, audit.Event{Actor: person}, administrator, map[string]string{"impersonating": person.String()}},
		"impersonation that is known": {
			impersonating, audit.Event{Metadata: map[string]string{"fields": "name"}}.By(impersonating), administrator,
			map[string]string{"fields": "name", "impersonating": person.String()},
		},
		"somebody else's act":   {impersonating, audit.Event{Actor: service}, service, nil},
		"nobody's act":          {impersonating, audit.Event{}, core.ID{}, nil},
		"a token":               {byToken, audit.Event{Actor: person}, person, map[string]string{"token": token.String()}},
		"a service account":     {byService, audit.Event{}.By(byService), service, map[string]string{"token": token.String()}},
		"nobody's of a service": {byService, audit.Event{}, core.ID{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := test.event.Metadata
			before := len(given)
			event := newDesk(audit.Config{}).Event(core.WithCaller(request(t), test.caller), test.event)
			coretest.Equal(t, test.actor, event.Actor)
			coretest.Equal(t, test.marks, event.Metadata)
			coretest.Equal(t, before, len(given))
		})
	}
}
