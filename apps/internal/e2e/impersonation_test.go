package e2e_test

import (
	"testing"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// impersonate asks for a token in the place of somebody.
func (p *person) impersonate(n *node, target string) (*client.ImpersonateUserResponse, error) {
	return p.at(n).ImpersonateUserWithResponse(p.t.Context(), target, client.ImpersonateRequest{Reason: "Ticket 4711", Minutes: 10})
}

// An owner sees what a person sees, for a while, and it is told to the person; nothing that wants the person is open, and
// nothing is changed in their place.
func TestImpersonation(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ada, ctx := s.newPerson(t).signUp(n), t.Context()
		made := must[*client.ImpersonateUserResponse](t, 200)(owner.impersonate(n, ada.userID)).JSON200
		if made.User.ID != ada.userID || made.ExpiresIn < 590 || made.ExpiresIn > 600 {
			t.Errorf("made %+v", made)
		}
		s.await(t, ada.email, mail.KindImpersonated, 1)
		seeing := s.by(n, made.AccessToken)
		me := must[*client.GetMeResponse](t, 200)(seeing.GetMeWithResponse(ctx)).JSON200
		same(t, "who it is", []any{me.User.ID, me.Session.IsNull(), me.ImpersonatedBy.MustGet()}, []any{ada.userID, true, owner.userID})
		same(t, "what it may", held(t, seeing), []string{"me.read"})
		s.wantThePerson(t, seeing)
		mustFail[*client.ListUsersResponse](t, client.ProblemCodeForbidden)(seeing.ListUsersWithResponse(ctx, nil))
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeForbidden)(seeing.ImpersonateUserWithResponse(ctx, owner.userID, client.ImpersonateRequest{Reason: "x"}))
		renamed := client.UpdateMeRequest{Name: "Ada King", Username: nullable.NewNullableWithValue("renamed")}
		mustFail[*client.UpdateMeResponse](t, client.ProblemCodeForbidden)(seeing.UpdateMeWithResponse(ctx, renamed))
		after := must[*client.GetMeResponse](t, 200)(ada.at(n).GetMeWithResponse(ctx)).JSON200.User
		same(t, "who she is", []any{after.Name, after.Username}, []any{me.User.Name, me.User.Username})

		actors := map[string]client.ActivityActor{}
		for _, event := range must[*client.ListActivityResponse](t, 200)(ada.at(n).ListActivityWithResponse(ctx, nil)).JSON200.Items {
			actors[event.Action] = event.Actor
		}
		same(t, "who acted", []any{actors["user.impersonate"], actors["access.denied"], actors["account.update"]},
			[]any{"administrator", "administrator", ""})
		_, key := owner.machine(n, "gateway", "tokens.introspect")
		told := asks(t, s.by(n, key), made.AccessToken)
		same(t, "introspected", []any{told.Active, told.Sub, told.Act.Sub, told.Scope}, []any{true, ada.userID, owner.userID, "me.read"})

		// It dies with the session that it hangs on.
		must[*client.LogoutResponse](t, 204)(owner.at(n).LogoutWithResponse(ctx, client.LogoutRequest{}))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeSessionEnded)(seeing.GetMeWithResponse(ctx))
	})
}

// Nobody impersonates upwards, themselves, or somebody whose account is not active; and whoever could, and cannot any
// more, stops at once.
func TestWhoIsNotImpersonated(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ctx := t.Context()
		must[*client.CreateRoleResponse](t, 201)(owner.at(n).CreateRoleWithResponse(ctx, nil,
			client.CreateRoleRequest{Name: "SUPPORT", Permissions: []string{"users.impersonate"}}))
		support, admin, ada := s.newPerson(t).signUp(n), s.newPerson(t).signUp(n), s.newPerson(t).signUp(n)
		owner.give(n, support, "SUPPORT")
		owner.give(n, admin, "ADMIN")
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeForbidden)(admin.impersonate(n, ada.userID))
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeExceedsOwnRights)(support.impersonate(n, owner.userID))
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeExceedsOwnRights)(support.impersonate(n, admin.userID))
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeConflict)(support.impersonate(n, support.userID))
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeNotFound)(support.impersonate(n, "0192f0c1-2a7e-7b44-9d5e-3f1a5c7b9e01"))
		failure := mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeInvalidInput)(support.at(n).ImpersonateUserWithResponse(ctx, ada.userID,
			client.ImpersonateRequest{Reason: "x", Minutes: 60}))
		same(t, "what is wrong", failure.Errors[0].Field, "minutes")

		seeing := s.by(n, must[*client.ImpersonateUserResponse](t, 200)(support.impersonate(n, ada.userID)).JSON200.AccessToken)
		must[*client.GetMeResponse](t, 200)(seeing.GetMeWithResponse(ctx))
		mustFail[*client.UpdateMeResponse](t, client.ProblemCodeForbidden)(seeing.UpdateMeWithResponse(ctx, client.UpdateMeRequest{Name: "Renamed"}))
		owner.give(n, ada, "USER", "ADMIN") // she holds more than who impersonates her
		mustFail[*client.GetMeResponse](t, client.ProblemCodeSessionEnded)(seeing.GetMeWithResponse(ctx))
		owner.give(n, ada, "USER")
		must[*client.GetMeResponse](t, 200)(seeing.GetMeWithResponse(ctx))
		owner.give(n, support, "USER") // who impersonates her may not any more
		mustFail[*client.GetMeResponse](t, client.ProblemCodeSessionEnded)(seeing.GetMeWithResponse(ctx))
		owner.give(n, support, "SUPPORT")
		must[*client.DeactivateMeResponse](t, 204)(ada.at(n).DeactivateMeWithResponse(ctx))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeSessionEnded)(seeing.GetMeWithResponse(ctx))
		mustFail[*client.ImpersonateUserResponse](t, client.ProblemCodeConflict)(support.impersonate(n, ada.userID))
	})
}
