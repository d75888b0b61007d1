// Package audit is what happened: every act and every refusal that matters, who did it, to whom, from where,
// and how it ended. Events are written with the act and never changed. They name people by their id alone, so
// that somebody who was purged is nobody here.
package audit

import (
	"time"

	"github.com/doorward/doorward/core"
)

// Action names what was done or tried: a stable name of the form subject.verb that filters and exports rely on,
// never renamed or reused.
type Action string

// The actions.
const (
	ActionRegister       Action = "account.register"
	ActionOpen           Action = "account.open"
	ActionConfirmEmail   Action = "account.confirm_email"
	ActionProfileUpdate  Action = "account.update"
	ActionSettingsUpdate Action = "account.update_settings"
	ActionDeactivate     Action = "account.deactivate"
	ActionDelete         Action = "account.delete"
	ActionRestore        Action = "account.restore"
	ActionLock           Action = "account.lock"
	ActionUnlock         Action = "account.unlock"
	ActionRequireFactor  Action = "account.require_second_factor"

	ActionEmailChangeRequest Action = "email.request_change"
	ActionEmailChange        Action = "email.change"
	ActionEmailUndo          Action = "email.undo"

	ActionPasswordForgot Action = "password.forgot"
	ActionPasswordReset  Action = "password.reset"
	ActionPasswordChange Action = "password.change"

	// ActionSignIn is every try to get in, by whatever first factor; Metadata "factor" says which.
	ActionSignIn         Action = "session.sign_in"
	ActionSecondFactor   Action = "session.second_factor"
	ActionReauthenticate Action = "session.reauthenticate"
	ActionSignOut        Action = "session.sign_out"
	ActionEnd            Action = "session.end"
	ActionEvict          Action = "session.evict"
	ActionTheft          Action = "session.theft"
	ActionStateLost      Action = "session.state_lost"

	ActionFactorAdd         Action = "factor.add"
	ActionFactorRemove      Action = "factor.remove"
	ActionRecoveryCodesMake Action = "recovery_codes.make"
	ActionRecoveryCodeUse   Action = "recovery_codes.use"
	ActionDeviceTrust       Action = "device.trust"
	ActionDeviceForget      Action = "device.forget"

	ActionUserCreate      Action = "user.create"
	ActionUserUpdate      Action = "user.update"
	ActionUserSuspend     Action = "user.suspend"
	ActionUserRestore     Action = "user.restore"
	ActionUserDelete      Action = "user.delete"
	ActionUserUnlock      Action = "user.unlock"
	ActionUserVerifyEmail Action = "user.verify_email"
	ActionUserForceReset  Action = "user.force_password_reset"
	ActionUserImport      Action = "user.import"
	ActionUserExport      Action = "user.export"
	ActionRolesSet        Action = "user.set_roles"
	ActionGroupsSet       Action = "user.set_groups"
	ActionImpersonate     Action = "user.impersonate"
	ActionDataExport      Action = "account.export"

	ActionRoleCreate       Action = "role.create"
	ActionRoleUpdate       Action = "role.update"
	ActionRoleDelete       Action = "role.delete"
	ActionGroupCreate      Action = "group.create"
	ActionGroupUpdate      Action = "group.update"
	ActionGroupDelete      Action = "group.delete"
	ActionPermissionCreate Action = "permission.create"
	ActionPermissionUpdate Action = "permission.update"
	ActionPermissionDelete Action = "permission.delete"

	ActionTokenCreate      Action = "token.create"
	ActionTokenRevoke      Action = "token.revoke"
	ActionServiceCreate    Action = "service_account.create"
	ActionServiceUpdate    Action = "service_account.update"
	ActionServiceDelete    Action = "service_account.delete"
	ActionServiceKeyCreate Action = "service_account.create_key"
	ActionServiceKeyRevoke Action = "service_account.revoke_key"
	ActionMailRetry        Action = "mail.retry"

	// ActionDenied is a permission or a recent sign-in that was missing; Metadata "operation" says for what.
	ActionDenied Action = "access.denied"
)

// Outcome is how it ended.
type Outcome string

// The outcomes.
const (
	// Success: it was done.
	Success Outcome = "success"
	// Failure: a proof was wrong.
	Failure Outcome = "failure"
	// Refused: a rule stood against it.
	Refused Outcome = "refused"
)

// ActorKind is what acted.
type ActorKind string

// The kinds of actors.
const (
	// Person is somebody signed in, or who has just proven who they are.
	Person ActorKind = "person"
	// Stranger is whoever sent the request.
	Stranger ActorKind = "stranger"
	// System is this server by itself.
	System ActorKind = "system"
	// Operator is somebody at the command line of the server.
	Operator ActorKind = "operator"
	// Service is a machine caller.
	Service ActorKind = "service"
)

// Event is one thing that happened.
type Event struct {
	ID     core.ID
	At     time.Time
	Action Action
	// Outcome and Reason tell how it ended; Reason is the core.Code of a refusal, a session.EndReason, or the name of
	// the proof that was wrong.
	Outcome Outcome
	Reason  string
	// Actor acted upon Subject; either is zero where nobody is known.
	ActorKind ActorKind
	Actor     core.ID
	Subject   core.ID
	// SessionID is the session that it was done to, or else the one that it was done from.
	SessionID core.ID
	RequestID string
	// IP, UserAgent, Device and Location are where it came from.
	IP        string
	UserAgent string
	Device    string
	Location  string
	// Metadata holds no secret and nothing that names a person. At most MetadataMax entries of ValueMax code points.
	Metadata map[string]string
	// KeepUntil is until when the database refuses to remove the event.
	KeepUntil time.Time
}

// By makes the caller the actor of the event: a service account, the administrator who impersonates a person, or the
// person; and their session the one that it was done from, where the event names none.
func (e Event) By(caller core.Principal) Event {
	e.ActorKind, e.Actor = Person, caller.ID()
	if caller.Means == core.ByService {
		e.ActorKind = Service
	}
	if e.SessionID.IsZero() {
		e.SessionID = caller.SessionID
	}
	return e
}
