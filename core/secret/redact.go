package secret

import "log/slog"

const redacted = "[redacted]"

// String hides the keys.
func (*Ring) String() string { return redacted }

// GoString hides the keys from %#v.
func (*Ring) GoString() string { return redacted }

// LogValue hides the keys from structured logs.
func (*Ring) LogValue() slog.Value { return slog.StringValue(redacted) }

// String hides the key.
func (Derived) String() string { return redacted }

// GoString hides the key from %#v.
func (Derived) GoString() string { return redacted }

// LogValue hides the key from structured logs.
func (Derived) LogValue() slog.Value { return slog.StringValue(redacted) }
