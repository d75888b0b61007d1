package core

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the class of a failure. Driving adapters translate it (to an HTTP status, an exit code) in
// one table; the domain never does.
type Kind uint8

// The kinds of failure.
const (
	// KindInternal is a fault of ours: the caller can do nothing about it.
	KindInternal Kind = iota
	// KindInvalid is input that breaks a rule; Fields says which.
	KindInvalid
	// KindUnauthenticated is a caller who is not, or no longer, signed in.
	KindUnauthenticated
	// KindForbidden is a known caller who may not do this.
	KindForbidden
	// KindNotFound is a thing that does not exist, or that the caller may not know of.
	KindNotFound
	// KindConflict is a state that stands against the request.
	KindConflict
	// KindGone is a link or code that was good once.
	KindGone
	// KindLimited is a caller who asks too often; RetryAfter says how long to wait.
	KindLimited
	// KindUnavailable is a dependency that is away or a queue that is full; RetryAfter may be set.
	KindUnavailable
)

var kindNames = [...]string{
	"internal", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "gone", "limited", "unavailable",
}

// String names the kind for logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Code is the stable, snake_case name of a failure. Clients branch on it, so a code is never renamed
// or reused. The contract lists every code as an enum.
type Code string

// The codes of failures, and of field errors, that the domain reports.
const (
	CodeInternal         Code = "internal"
	CodeInvalidInput     Code = "invalid_input"
	CodeUnavailable      Code = "unavailable"
	CodeTimeout          Code = "timeout"
	CodeOverloaded       Code = "overloaded"
	CodeNotFound         Code = "not_found"
	CodeConflict         Code = "conflict"
	CodeUnauthenticated  Code = "unauthenticated"
	CodeForbidden        Code = "forbidden"
	CodeInvalidToken     Code = "invalid_token"
	CodeTokenExpired     Code = "token_expired"
	CodeSessionEnded     Code = "session_ended"
	CodeRefreshReused    Code = "refresh_token_reused"
	CodeReauthentication Code = "reauthentication_required"

	CodeInvalidCredentials Code = "invalid_credentials"
	CodeEmailUnverified    Code = "email_unverified"
	CodeAccountSuspended   Code = "account_suspended"
	CodeAlreadySignedIn    Code = "already_signed_in"
	CodePasswordNotSet     Code = "password_not_set"
	CodeResetRequired      Code = "password_reset_required"

	CodeInvalidCode   Code = "invalid_code"
	CodeInvalidLink   Code = "invalid_link"
	CodeUsernameTaken Code = "username_taken"
	CodeEmailTaken    Code = "email_taken"
	CodeLastOwner     Code = "last_owner"

	CodeRateLimited          Code = "rate_limited"
	CodeSecondFactorRequired Code = "second_factor_required"
	CodeFactorExists         Code = "factor_exists"
	CodeCSRFFailed           Code = "csrf_failed"

	// CodeExceedsRights: the act would give, take or touch more than the caller holds.
	CodeExceedsRights Code = "exceeds_own_rights"
	// CodeNameTaken: another role, group or permission has the name.
	CodeNameTaken Code = "name_taken"
	// CodeInUse: somebody or something still refers to it.
	CodeInUse Code = "in_use"
	// CodeImmutable: it belongs to the system and stays as it is.
	CodeImmutable         Code = "immutable"
	CodeExternalIDTaken   Code = "external_id_taken"
	CodeTooMany           Code = "too_many"
	CodeIdempotencyReused Code = "idempotency_key_reused"
	CodeIdempotencyBusy   Code = "idempotency_key_in_progress"
	// CodeIdempotencySpent: it was done with this key, and the reply, which held a secret, is not kept.
	CodeIdempotencySpent Code = "idempotency_key_spent"

	// CodeMailNotFailed: only what was given up can be sent again.
	CodeMailNotFailed Code = "mail_not_failed"
	// CodeMailExpired: the code and the link in it are past.
	CodeMailExpired Code = "mail_expired"

	// Codes of single fields.
	CodeUnknownValue    Code = "unknown_value"
	CodeRequired        Code = "required"
	CodeInvalidFormat   Code = "invalid_format"
	CodeTooShort        Code = "too_short"
	CodeTooLong         Code = "too_long"
	CodeOutOfRange      Code = "out_of_range"
	CodeNotAllowed      Code = "not_allowed"
	CodeUnknownField    Code = "unknown_field"
	CodeMixedScript     Code = "mixed_script"
	CodePasswordCommon  Code = "password_common"
	CodePasswordContext Code = "password_contains_context"
	CodePasswordSame    Code = "password_unchanged"
)

// FieldError is one rule that one field of the input broke. Field is the path as the client wrote it
// (new_password, items.0.name). Message is English, for people; Code is for programs.
type FieldError struct {
	Field   string
	Code    Code
	Message string
}

// Error is the one error type of the domain. Message is safe to show to the caller; Err is the cause,
// kept for logs and never shown.
type Error struct {
	Kind       Kind
	Code       Code
	Message    string
	Fields     []FieldError
	RetryAfter time.Duration
	// Factors names what would satisfy a demand for a recent sign-in; empty for all other errors.
	Factors []string
	// AttemptsLeft tells how many more tries a refused sign-in has, where the deployment lets that be told.
	AttemptsLeft *int
	Err          error
}

// Error implements error with the code, the message and the cause.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Message
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, target) hold for any error of the same code, whatever its texts.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Code == e.Code && other.Kind == e.Kind
}

// Because returns a copy of e that carries the cause for the log.
func (e *Error) Because(cause error) *Error {
	wrapped := *e
	wrapped.Err = cause
	return &wrapped
}

// NewError makes an error of the domain.
func NewError(kind Kind, code Code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Invalid reports input that breaks rules, one FieldError each.
func Invalid(fields ...FieldError) *Error {
	return &Error{Kind: KindInvalid, Code: CodeInvalidInput, Message: "The input is not valid.", Fields: fields}
}

// InvalidField reports one field that breaks one rule.
func InvalidField(field string, code Code, message string) *Error {
	return Invalid(FieldError{Field: field, Code: code, Message: message})
}

// Internal wraps a fault of ours. The cause reaches the log, never the caller.
func Internal(cause error) *Error {
	return &Error{Kind: KindInternal, Code: CodeInternal, Message: "Something went wrong on our side.", Err: cause}
}

// Unavailable reports a dependency that is away.
func Unavailable(cause error) *Error {
	return &Error{
		Kind: KindUnavailable, Code: CodeUnavailable, Message: "The service is not available right now.",
		RetryAfter: time.Second, Err: cause,
	}
}

// The failures that stores and use cases share. Compare with errors.Is.
var (
	ErrNotFound = NewError(KindNotFound, CodeNotFound, "There is no such thing.")
	ErrConflict = NewError(KindConflict, CodeConflict, "The current state does not permit this.")
)

// AsError finds the domain error in err's chain; anything else is returned as an internal fault.
func AsError(err error) *Error {
	var domain *Error
	if errors.As(err, &domain) {
		return domain
	}
	return Internal(err)
}
