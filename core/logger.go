package core

import "log/slog"

// Discard is a logger that keeps nothing, for those who are given none.
func Discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
