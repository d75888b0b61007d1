package e2e_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// pointer gives the address of a value, for the parameters of lists.
func pointer[T any](value T) *T { return &value }

// staff are an owner and an administrator of a site.
func (s *site) staff(t *testing.T) (n *node, owner, admin *person) {
	t.Helper()
	owner = s.crown(t)
	n = s.start()
	owner.login(n)
	admin = s.newPerson(t).signUp(n)
	owner.give(n, admin, "USER", "ADMIN")
	return n, owner, admin
}

// TestInvitedPerson invites somebody, who sets a password by the mailed link, signs in, and shows themselves.
func TestInvitedPerson(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, _, admin := s.staff(t)
		ctx, by, grace := t.Context(), admin.at(n), s.newPerson(t)
		asked := client.CreateUserRequest{
			Email: grace.email, Name: "Grace Hopper", Username: grace.username, ExternalID: "crm-" + grace.username, Country: "US",
		}
		made := must[*client.CreateUserResponse](t, 201)(by.CreateUserWithResponse(ctx, nil, asked)).JSON201
		same(t, "the account", []any{made.Source, made.Status, made.EmailVerified, made.Roles}, []any{"invited", "active", false, []string{"USER"}})
		for code, again := range map[client.ProblemCode]client.CreateUserRequest{
			client.ProblemCodeEmailTaken:      {Email: asked.Email, Name: asked.Name},
			client.ProblemCodeUsernameTaken:   {Email: "x" + asked.Email, Name: asked.Name, Username: asked.Username},
			client.ProblemCodeExternalIDTaken: {Email: "x" + asked.Email, Name: asked.Name, ExternalID: asked.ExternalID},
		} {
			mustFail[*client.CreateUserResponse](t, code)(by.CreateUserWithResponse(ctx, nil, again))
		}
		asked.Email, asked.Username, asked.ExternalID, asked.Roles = "x"+asked.Email, "", "", []string{"OWNER"}
		mustFail[*client.CreateUserResponse](t, client.ProblemCodeExceedsOwnRights)(by.CreateUserWithResponse(ctx, nil, asked))

		invitation := s.await(t, grace.email, mail.KindInvitation, 1)
		must[*client.ResetPasswordResponse](t, 204)(n.stranger().ResetPasswordWithResponse(ctx,
			client.ResetWithLink(invitation.token, grace.password)))
		grace.login(n)
		same(t, "proven", must[*client.GetUserResponse](t, 200)(by.GetUserWithResponse(ctx, made.ID)).JSON200.EmailVerified, true)

		// A profile is private until its owner says otherwise.
		mustFail[*client.GetProfileResponse](t, client.ProblemCodeNotFound)(n.stranger().GetProfileWithResponse(ctx, made.ID))
		must[*client.GetProfileResponse](t, 200)(by.GetProfileWithResponse(ctx, made.ID))
		must[*client.UpdateUserResponse](t, 200)(by.UpdateUserWithResponse(ctx, made.ID, client.UpdateUserRequest{Name: "Grace B. Hopper"}))
		same(t, "the name", must[*client.GetProfileResponse](t, 200)(grace.at(n).GetProfileWithResponse(ctx, made.ID)).JSON200.Name, "Grace B. Hopper")
	})
}

// TestSuspensionReachesEveryReplica suspends somebody on one replica, who is out on the other, and brings them back.
func TestSuspensionReachesEveryReplica(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	n, owner, admin := s.staff(t)
	other, ada, ctx := s.start(), s.newPerson(t).signUp(n), t.Context()
	ada.mustBeIn(other)
	mustFail[*client.SuspendUserResponse](t, client.ProblemCodeExceedsOwnRights)(admin.at(n).SuspendUserWithResponse(ctx, owner.userID,
		client.RequiredReasonRequest{Reason: "A coup"}))
	mustFail[*client.SuspendUserResponse](t, client.ProblemCodeForbidden)(ada.at(n).SuspendUserWithResponse(ctx, admin.userID,
		client.RequiredReasonRequest{Reason: "Revenge"}))
	mustFail[*client.SuspendUserResponse](t, client.ProblemCodeForbidden)(admin.at(n).SuspendUserWithResponse(ctx, admin.userID,
		client.RequiredReasonRequest{Reason: "Remorse"}))
	must[*client.SuspendUserResponse](t, 200)(admin.at(n).SuspendUserWithResponse(ctx, ada.userID,
		client.RequiredReasonRequest{Reason: "Sends spam"}))
	eventually(t, "out on the other replica", func() bool { return ada.me(other) == 401 })
	s.await(t, ada.email, mail.KindSuspended, 1)
	mustFail[*client.LoginResponse](t, client.ProblemCodeAccountSuspended)(other.stranger().LoginWithResponse(ctx,
		client.LoginRequest{Identifier: ada.email, Password: ada.password}))
	s.await(t, ada.email, mail.KindSuspended, 1)
	must[*client.RestoreUserResponse](t, 200)(admin.at(other).RestoreUserWithResponse(ctx, ada.userID, client.ReasonRequest{}))
	s.await(t, ada.email, mail.KindReinstated, 1)
	s.await(t, ada.email, mail.KindReinstated, 1)
	ada.login(n)
}

// TestAdministrators help somebody who is locked out, force a reset, end sessions, and delete and restore.
func TestAdministrators(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner, admin := s.staff(t)
		ada, ctx, by := s.newPerson(t).signUp(n), t.Context(), admin.at(n)
		for range 6 {
			mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(ctx,
				client.LoginRequest{Identifier: ada.email, Password: "wrong"}))
		}
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(ctx,
			client.LoginRequest{Identifier: ada.email, Password: ada.password}))
		must[*client.UnlockUserResponse](t, 204)(by.UnlockUserWithResponse(ctx, ada.userID, client.ReasonRequest{}))
		ada.login(n)

		sessions := must[*client.ListUserSessionsResponse](t, 200)(by.ListUserSessionsWithResponse(ctx, ada.userID, nil)).JSON200.Items
		same(t, "sessions", len(sessions), 2)
		must[*client.EndUserSessionResponse](t, 204)(by.EndUserSessionWithResponse(ctx, ada.userID, sessions[0].ID, nil))
		ada.mustBeOut(n)
		ada.login(n)
		must[*client.EndUserSessionsResponse](t, 204)(by.EndUserSessionsWithResponse(ctx, ada.userID, nil))
		ada.mustBeOut(n)

		must[*client.RequireUserFactorResponse](t, 204)(by.RequireUserFactorWithResponse(ctx, ada.userID, client.RequireFactorRequest{Required: true}))
		if signedIn := ada.login(n); signedIn.EnrolBy.IsNull() {
			t.Error("nobody asks for a second factor")
		}
		must[*client.RemoveUserFactorsResponse](t, 204)(by.RemoveUserFactorsWithResponse(ctx, ada.userID, nil))
		must[*client.RequireUserFactorResponse](t, 204)(by.RequireUserFactorWithResponse(ctx, ada.userID, client.RequireFactorRequest{}))

		must[*client.ResetUserPasswordResponse](t, 204)(by.ResetUserPasswordWithResponse(ctx, ada.userID, client.ReasonRequest{Reason: "Leaked"}))
		mustFail[*client.LoginResponse](t, client.ProblemCodePasswordResetRequired)(n.stranger().LoginWithResponse(ctx,
			client.LoginRequest{Identifier: ada.email, Password: ada.password}))
		ada.password += " anew"
		must[*client.ResetPasswordResponse](t, 204)(n.stranger().ResetPasswordWithResponse(ctx,
			client.ResetWithLink(s.await(t, ada.email, mail.KindPasswordResetForced, 1).token, ada.password)))
		ada.login(n)

		must[*client.DeleteUserResponse](t, 200)(by.DeleteUserWithResponse(ctx, ada.userID, &client.DeleteUserParams{Reason: pointer("Asked for")}))
		ada.mustBeOut(n)
		s.await(t, ada.email, mail.KindDeleted, 1)
		must[*client.RestoreUserResponse](t, 200)(by.RestoreUserWithResponse(ctx, ada.userID, client.ReasonRequest{}))
		ada.login(n)
		for _, refused := range []string{owner.userID, admin.userID} {
			if reply, err := by.DeleteUserWithResponse(ctx, refused, nil); err != nil || reply.StatusCode() != 403 {
				t.Errorf("%v %v", reply.StatusCode(), err)
			}
		}
	})
}

// TestUserLists lists, filters and searches users, and reads some of them by their ids.
func TestUserLists(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, owner, admin := s.staff(t)
		ctx, by := t.Context(), admin.at(n)
		var ids []string
		for i := range 7 {
			made := must[*client.CreateUserResponse](t, 201)(by.CreateUserWithResponse(ctx, nil, client.CreateUserRequest{
				Email: fmt.Sprintf("reader%d@example.org", i), Name: fmt.Sprintf("Reader %d", 9-i), Country: []string{"DE", "NZ"}[i%2], Invite: pointer(false),
			}))
			ids = append(ids, made.JSON201.ID)
		}
		list := func(params client.ListUsersParams) (found []string) {
			t.Helper()
			params.Limit = pointer(3)
			for {
				page := must[*client.ListUsersResponse](t, 200)(by.ListUsersWithResponse(ctx, &params)).JSON200
				for _, each := range page.Items {
					found = append(found, each.ID)
				}
				if page.NextCursor.IsNull() {
					return found
				}
				params.Cursor = pointer(page.NextCursor.MustGet())
			}
		}
		backwards := slices.Clone(ids)
		slices.Reverse(backwards)
		same(t, "newest first", list(client.ListUsersParams{})[:7], backwards)
		same(t, "oldest first", list(client.ListUsersParams{Sort: pointer(client.ListUsersParamsSortOldest)}), append([]string{owner.userID, admin.userID}, ids...))
		same(t, "by name", list(client.ListUsersParams{Sort: pointer(client.ListUsersParamsSortName), Source: pointer(client.UserSourceCreated)}), backwards)
		same(t, "of a country", list(client.ListUsersParams{Country: pointer("NZ"), Sort: pointer(client.ListUsersParamsSortEmail)}), []string{ids[1], ids[3], ids[5]})
		same(t, "of a role", list(client.ListUsersParams{Role: pointer("OWNER")}), []string{owner.userID})
		same(t, "found", list(client.ListUsersParams{Search: pointer("READER")}), append(slices.Clone(backwards), ids...)[:7])
		same(t, "found by address", list(client.ListUsersParams{Search: pointer("reader3@")}), []string{ids[3]})
		many := must[*client.ListUsersResponse](t, 200)(by.ListUsersWithResponse(ctx, &client.ListUsersParams{Ids: &[]string{ids[4], ids[1]}})).JSON200
		same(t, "read", []string{many.Items[0].ID, many.Items[1].ID}, []string{ids[4], ids[1]})
		page := must[*client.ListUsersResponse](t, 200)(by.ListUsersWithResponse(ctx, &client.ListUsersParams{Limit: pointer(1)})).JSON200
		mustFail[*client.ListUsersResponse](t, client.ProblemCodeInvalidInput)(by.ListUsersWithResponse(ctx,
			&client.ListUsersParams{Cursor: pointer(page.NextCursor.MustGet()), Sort: pointer(client.ListUsersParamsSortName)}))
		mustFail[*client.ListUsersResponse](t, client.ProblemCodeForbidden)(s.newPerson(t).signUp(n).at(n).ListUsersWithResponse(ctx, nil))
	})
}

// TestStrangersWriteIntoNoHistory has somebody without rights restore another, and say why: that person reads nothing of it.
func TestStrangersWriteIntoNoHistory(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, ctx := s.start(), t.Context()
		ada, grace := s.newPerson(t).signUp(n), s.newPerson(t).signUp(n)
		before := len(grace.history(n))
		mustFail[*client.RestoreUserResponse](t, client.ProblemCodeForbidden)(
			ada.at(n).RestoreUserWithResponse(ctx, grace.userID, client.ReasonRequest{Reason: "Call this number"}))
		same(t, "what happened to grace", len(grace.history(n)), before)
	})
}
