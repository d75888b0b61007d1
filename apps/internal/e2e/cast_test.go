package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
)

// caller is one who calls operations, in one of the ways that there are.
type caller struct {
	name string
	// fields are the header fields that tell who it is.
	fields map[string]string
	// fresh gives those of somebody of the same kind who may be used up; nil where nobody of them is let do harm.
	fresh func() map[string]string
	// refused is what everything that wants credentials answers to these; empty for good ones. stranger has none.
	refused  client.ProblemCode
	stranger bool
	// holds tells what they may.
	holds func(permission string) bool
	// apart from their person are tokens, keys and who impersonates; service are no persons at all.
	apart, service bool
	// overdue must enrol a second factor first, careless comes by a cookie and without the token against forgery.
	overdue, careless bool
}

// play is a server with everybody who calls it.
type play struct {
	t       *testing.T
	site    *site
	node    *node
	owner   *person
	callers []*caller
	// self has things, victim one of each, and meddler is somebody else who knows their ids.
	self, victim *belongings
	meddler      *caller
}

// belongings are somebody's, by their ids; empty for what they do not have.
type belongings struct {
	*person
	session, device, factor, token string
}

func bearing(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// only is who holds these permissions, of which everybody has two.
func only(permissions ...string) func(string) bool {
	return func(permission string) bool { return slices.Contains(permissions, permission) }
}

// The permissions of the built-in roles.
var (
	ofEverybody = []string{"me.read", "me.write"}
	ofUsers     = only(ofEverybody...)
	ofOwners    = func(string) bool { return true }
	ofAdmins    = func(permission string) bool {
		return permission != "users.impersonate" && permission != "users.export_hashes"
	}
)

// cast starts a server and brings everybody up.
func cast(t *testing.T, s *site) *play {
	t.Helper()
	p := &play{t: t, site: s, owner: s.crown(t)}
	forged := newForger(t, s)
	p.node = forged.node
	p.owner.login(p.node)
	must[*client.CreateRoleResponse](t, http.StatusCreated)(p.owner.at(p.node).CreateRoleWithResponse(t.Context(), nil,
		client.CreateRoleRequest{Name: "AUDITOR", Permissions: auditing}))
	p.callers = append(p.persons(), p.programs()...)
	p.callers = append(p.callers, p.turnedOut(forged)...)
	p.callers = append(p.callers, p.browsers()...)
	p.self, p.victim = p.newcomer(t), p.newcomer(t)
	app := p.victim.enrol(p.node)
	p.victim.proveAnew(p.node, client.ReauthenticateRequest{Factor: client.FactorKindRecoveryCode, Code: app.recoveryCode()})
	factors := must[*client.ListFactorsResponse](t, http.StatusOK)(p.victim.at(p.node).ListFactorsWithResponse(t.Context()))
	p.victim.factor = factors.JSON200.Items[0].ID
	p.meddler = p.as(p.newcomer(t))
	return p
}

// auditing is what the role of auditors gives.
var auditing = []string{"users.read", "audit.read", "access.read", "health.read"}

// newcomer is a fresh person with a session, a device and a token.
func (p *play) newcomer(t *testing.T) *belongings {
	t.Helper()
	ctx := t.Context()
	b := &belongings{person: p.site.newPerson(t).signUp(p.node)}
	by := b.at(p.node)
	b.session = must[*client.ListSessionsResponse](t, http.StatusOK)(by.ListSessionsWithResponse(ctx, nil)).JSON200.Items[0].ID
	b.device = must[*client.ListDevicesResponse](t, http.StatusOK)(by.ListDevicesWithResponse(ctx, nil)).JSON200.Items[0].ID
	b.token = b.person.token(p.node, "me.read").PersonalToken.ID
	return b
}

// as is the caller that somebody with the role of everybody is.
func (p *play) as(somebody *belongings) *caller {
	return &caller{name: "a person", fields: bearing(somebody.held().AccessToken), holds: ofUsers}
}

// withRoles makes a fresh person with the roles.
func (p *play) withRoles(roles ...string) *person {
	somebody := p.site.newPerson(p.t).signUp(p.node)
	if len(roles) > 0 {
		p.owner.give(p.node, somebody, roles...)
	}
	return somebody
}

// persons are those who came by a session of their own.
func (p *play) persons() (all []*caller) {
	for _, one := range []struct {
		name  string
		roles []string
		holds func(string) bool
	}{
		{"USER", nil, ofUsers},
		{"ADMIN", []string{"USER", "ADMIN"}, ofAdmins},
		{"OWNER", []string{"OWNER"}, ofOwners},
		{"a role of its own", []string{"USER", "AUDITOR"}, only(append(auditing, ofEverybody...)...)},
	} {
		fresh := func() map[string]string { return bearing(p.withRoles(one.roles...).held().AccessToken) }
		all = append(all, &caller{name: one.name, fields: fresh(), fresh: fresh, holds: one.holds})
	}
	overdue := p.withRoles()
	must[*client.RequireUserFactorResponse](p.t, http.StatusNoContent)(p.owner.at(p.node).RequireUserFactorWithResponse(p.t.Context(),
		overdue.userID, client.RequireFactorRequest{Required: true}))
	return append(all, &caller{
		name: "second factor overdue", fields: bearing(overdue.held().AccessToken), holds: ofUsers, overdue: true,
		fresh: func() map[string]string { return bearing(overdue.another(p.node).held().AccessToken) },
	})
}

// programs are those who came by something else.
func (p *play) programs() []*caller {
	admin, seen := p.withRoles("ADMIN"), p.withRoles("ADMIN")
	_, key := p.owner.machine(p.node, "reports", "users.read", "users.write", "audit.read")
	place := must[*client.ImpersonateUserResponse](p.t, http.StatusOK)(p.owner.impersonate(p.node, seen.userID))
	return []*caller{
		{
			name: "personal token", fields: bearing(admin.token(p.node, "me.read", "users.read").Token), apart: true,
			holds: only("me.read", "users.read"),
		},
		{
			name: "service account", fields: bearing(key), apart: true, service: true,
			holds: only("users.read", "users.write", "audit.read"),
		},
		{name: "impersonated", fields: bearing(place.JSON200.AccessToken), apart: true, holds: only("me.read")},
	}
}

// turnedOut are those whose credentials are none, or no more.
func (p *play) turnedOut(forged *forger) []*caller {
	p.t.Helper()
	ctx, none := p.t.Context(), only()
	suspended := p.withRoles("ADMIN")
	must[*client.SuspendUserResponse](p.t, http.StatusOK)(p.owner.at(p.node).SuspendUserWithResponse(ctx, suspended.userID,
		client.RequiredReasonRequest{Reason: "The matrix"}))
	half := p.withRoles()
	half.enrol(p.node)
	unverified := p.site.newPerson(p.t)
	verification := unverified.register(p.node)
	mustFail[*client.LoginResponse](p.t, client.ProblemCodeInvalidCredentials)(p.node.stranger().LoginWithResponse(ctx,
		client.LoginRequest{Identifier: unverified.email, Password: unverified.password}))
	signedIn := p.withRoles().login(p.node)
	now := time.Now()
	expired := forged.real(forged.header, forged.claims.with("exp", now.Add(-time.Minute).Unix()).
		with("iat", now.Add(-time.Hour).Unix()))
	return []*caller{
		{name: "nobody", refused: client.ProblemCodeUnauthenticated, stranger: true, holds: none},
		{name: "suspended", fields: bearing(suspended.held().AccessToken), refused: client.ProblemCodeSessionEnded, holds: none},
		{name: "unverified", fields: bearing(verification), refused: client.ProblemCodeInvalidToken, holds: none},
		{name: "half signed in", fields: bearing(half.challenged(p.node)), refused: client.ProblemCodeInvalidToken, holds: none},
		{name: "expired token", fields: bearing(expired), refused: client.ProblemCodeTokenExpired, holds: none},
		{name: "refresh token", fields: bearing(signedIn.Tokens.RefreshToken), refused: client.ProblemCodeInvalidToken, holds: none},
		{name: "device token", fields: bearing(signedIn.DeviceToken), refused: client.ProblemCodeInvalidToken, holds: none},
	}
}

// browsers come by cookies.
func (p *play) browsers() []*caller {
	p.t.Helper()
	visit := func(careless bool) map[string]string {
		b := p.withRoles().browse(p.node)
		fields := map[string]string{
			"Cookie": accessCookie + "=" + b.held(accessCookie) + "; " + csrfCookie + "=" + b.held(csrfCookie),
		}
		if !careless {
			fields["X-CSRF-Token"] = b.held(csrfCookie)
		}
		return fields
	}
	page := func() map[string]string { return visit(false) }
	return []*caller{
		{name: "a page", fields: page(), fresh: page, holds: ofUsers},
		{name: "cookie without CSRF", fields: visit(true), careless: true, holds: ofUsers},
	}
}
