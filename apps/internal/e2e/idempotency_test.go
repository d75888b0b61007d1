package e2e_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/doorward/doorward/api/client"
)

// replayed reports whether a reply is one that was given before.
func replayed(response *http.Response) bool {
	return response.Header.Get("Idempotency-Replayed") == "true"
}

// Many calls with one key, at all servers at once, make one role; each that comes later gets the same reply.
func TestARepeatedCallIsDoneOnce(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		nodes := []*node{s.start()}
		if s.variables["DATABASE_URL"] != "" {
			nodes = append(nodes, s.start())
		}
		owner.login(nodes[0])
		ctx, key := t.Context(), "make the editor"
		params, body := &client.CreateRoleParams{IdempotencyKey: &key}, client.CreateRoleRequest{Name: "EDITOR"}
		create := func(i int) (*client.CreateRoleResponse, error) {
			return owner.at(nodes[i%len(nodes)]).CreateRoleWithResponse(ctx, params, body)
		}
		statuses := together(t, 32, func(i int) (int, error) {
			reply, err := create(i)
			if reply.StatusCode() == http.StatusConflict {
				same(t, "why", problemOf(reply).Code, client.ProblemCodeIdempotencyKeyInProgress)
			}
			return reply.StatusCode(), err
		})
		if !slices.Contains(statuses, http.StatusCreated) || slices.ContainsFunc(statuses, func(status int) bool {
			return status != http.StatusCreated && status != http.StatusConflict
		}) {
			t.Errorf("answers %v", statuses)
		}
		n := nodes[len(nodes)-1]
		again := must[*client.CreateRoleResponse](t, 201)(create(len(nodes) - 1))
		same(t, "a late repetition", []any{replayed(again.HTTPResponse), again.JSON201.Name}, []any{true, "EDITOR"})
		found := must[*client.GetRoleResponse](t, 200)(owner.at(n).GetRoleWithResponse(ctx, again.JSON201.ID)).JSON200
		same(t, "the role", found, again.JSON201)
		action := "role.create"
		same(t, "times it was made", len(owner.events(n, client.ListAuditLogsParams{Action: &action})), 1)

		mustFail[*client.CreateRoleResponse](t, client.ProblemCodeIdempotencyKeyReused)(
			owner.at(n).CreateRoleWithResponse(ctx, params, client.CreateRoleRequest{Name: "AUTHOR"}))
		mustFail[*client.CreateGroupResponse](t, client.ProblemCodeIdempotencyKeyReused)(owner.at(n).CreateGroupWithResponse(ctx,
			&client.CreateGroupParams{IdempotencyKey: &key}, client.CreateGroupRequest{Name: "EDITOR"}))
		mustFail[*client.CreateRoleResponse](t, client.ProblemCodeNameTaken)(owner.at(n).CreateRoleWithResponse(ctx, nil, body))
	})
}

// A refusal of what the call says is given again, and of a key of somebody else nobody learns.
func TestRefusalsAreRepeated(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		admin, ctx, key := s.newPerson(t).signUp(n), t.Context(), "k"
		params, body := &client.CreateGroupParams{IdempotencyKey: &key}, client.CreateGroupRequest{Name: "support"}
		mustFail[*client.CreateGroupResponse](t, client.ProblemCodeForbidden)(admin.at(n).CreateGroupWithResponse(ctx, params, body))
		owner.give(n, admin, "ADMIN")
		made := must[*client.CreateGroupResponse](t, 201)(admin.at(n).CreateGroupWithResponse(ctx, params, body))
		same(t, "what was refused for want of rights", replayed(made.HTTPResponse), false)
		taken := mustFail[*client.CreateGroupResponse](t, client.ProblemCodeNameTaken)(owner.at(n).CreateGroupWithResponse(ctx, params, body))
		must[*client.DeleteGroupResponse](t, 204)(owner.at(n).DeleteGroupWithResponse(ctx, made.JSON201.ID))
		reply := must[*client.CreateGroupResponse](t, 409)(owner.at(n).CreateGroupWithResponse(ctx, params, body))
		again := problemOf(reply)
		same(t, "the refusal", []any{replayed(reply.HTTPResponse), again.Code, again.Detail}, []any{true, taken.Code, taken.Detail})
	})
}

// Of a reply that holds a secret nothing is kept but that it was given.
func TestSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		account, _ := owner.machine(n, "shop", "audit.write")
		ctx, key := t.Context(), "k"
		params := &client.CreateServiceAccountKeyParams{IdempotencyKey: &key}
		made := must[*client.CreateServiceAccountKeyResponse](t, 201)(
			owner.at(n).CreateServiceAccountKeyWithResponse(ctx, account.ID, params, client.CreateServiceAccountKeyRequest{}))
		mustFail[*client.CreateServiceAccountKeyResponse](t, client.ProblemCodeIdempotencyKeySpent)(
			owner.at(n).CreateServiceAccountKeyWithResponse(ctx, account.ID, params, client.CreateServiceAccountKeyRequest{}))
		keys := must[*client.ListServiceAccountKeysResponse](t, 200)(owner.at(n).ListServiceAccountKeysWithResponse(ctx, account.ID))
		same(t, "keys", len(keys.JSON200.Items), 2)
		must[*client.PostAuditLogResponse](t, 201)(s.by(n, made.JSON201.Key).PostAuditLogWithResponse(ctx, nil,
			client.PostAuditLogRequest{Action: "app.x"}))
	})
}

// problemOf gives the problem that a reply tells of, none where it tells of none.
func problemOf(reply client.Reply) (problem client.Problem) {
	var failure *client.Error
	if errors.As(client.Failure(reply), &failure) {
		problem = failure.Problem
	}
	return problem
}
