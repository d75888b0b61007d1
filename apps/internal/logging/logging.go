// Package logging writes the log: zap does the writing, behind the log/slog that the rest of the code
// speaks, and every line within a request carries that request's id.
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/doorward/doorward/core"
)

// Format is how lines look.
type Format string

// The formats.
const (
	// Console is for people: aligned words.
	Console Format = "console"
	// JSON is for collectors: one object a line, times in RFC 3339 UTC (OWASP ASVS 5.0 16.2.2).
	JSON Format = "json"
)

// New makes a logger that writes lines of at least the level to out. Level is debug, info, warn or error;
// anything else is an error, as is an unknown format. Concurrent lines do not mix.
func New(out io.Writer, format Format, level string) (*slog.Logger, error) {
	var least zapcore.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("logging: level %q: %w", level, err)
	}
	var encoder zapcore.Encoder
	switch format {
	case Console:
		encoder = zapcore.NewConsoleEncoder(consoleFields())
	case JSON:
		encoder = zapcore.NewJSONEncoder(jsonFields())
	default:
		return nil, fmt.Errorf("logging: there is no format %q", format)
	}
	return slog.New(&handler{core: zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), least)}), nil
}

func jsonFields() zapcore.EncoderConfig {
	fields := zap.NewProductionEncoderConfig()
	fields.TimeKey, fields.MessageKey = "time", "message"
	fields.EncodeTime = utc(time.RFC3339Nano)
	fields.EncodeDuration = zapcore.StringDurationEncoder
	return fields
}

func consoleFields() zapcore.EncoderConfig {
	fields := zap.NewDevelopmentEncoderConfig()
	fields.EncodeTime = utc("15:04:05.000")
	fields.EncodeDuration = zapcore.StringDurationEncoder
	fields.ConsoleSeparator = " "
	return fields
}

func utc(layout string) zapcore.TimeEncoder {
	return func(at time.Time, to zapcore.PrimitiveArrayEncoder) { to.AppendString(at.UTC().Format(layout)) }
}

// handler is a slog.Handler over a zap core.
type handler struct {
	core   zapcore.Core
	groups []string // opened and not yet written: slog leaves empty groups out
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return h.core.Enabled(zapLevel(level))
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	entry := zapcore.Entry{Level: zapLevel(record.Level), Time: record.Time, Message: record.Message}
	attributes := make([]slog.Attr, 0, record.NumAttrs())
	named := false
	record.Attrs(func(attribute slog.Attr) bool {
		attributes = append(attributes, attribute)
		named = named || attribute.Key == requestID
		return true
	})
	fields := h.fields(attributes)
	if id := core.ClientFrom(ctx).RequestID; id != "" && !named && len(h.groups) == 0 {
		fields = append(fields, zap.String(requestID, id))
	}
	return h.core.Write(entry, fields)
}

const requestID = "request_id"

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	fields := h.fields(attributes)
	if len(fields) == 0 {
		return h
	}
	return &handler{core: h.core.With(fields)}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &handler{core: h.core, groups: append(slices.Clip(h.groups), name)}
}

// fields translates attributes, behind the groups that wait for something to hold.
func (h *handler) fields(attributes []slog.Attr) []zap.Field {
	fields := appendFields(make([]zap.Field, 0, len(h.groups)+len(attributes)+1), attributes)
	if len(fields) == 0 || len(h.groups) == 0 {
		return fields
	}
	opened := make([]zap.Field, 0, len(h.groups)+len(fields))
	for _, group := range h.groups {
		opened = append(opened, zap.Namespace(group))
	}
	return append(opened, fields...)
}

func appendFields(to []zap.Field, attributes []slog.Attr) []zap.Field {
	for _, attribute := range attributes {
		// Resolving first is what lets secrets hide themselves (slog.LogValuer).
		value := attribute.Value.Resolve()
		switch {
		case value.Kind() != slog.KindGroup && attribute.Key != "":
			to = append(to, field(attribute.Key, value))
		case value.Kind() != slog.KindGroup || len(value.Group()) == 0:
		case attribute.Key == "":
			to = appendFields(to, value.Group())
		default:
			to = append(to, zap.Dict(attribute.Key, appendFields(nil, value.Group())...))
		}
	}
	return to
}

func field(key string, value slog.Value) zap.Field {
	switch value.Kind() {
	case slog.KindBool:
		return zap.Bool(key, value.Bool())
	case slog.KindDuration:
		return zap.Duration(key, value.Duration())
	case slog.KindFloat64:
		return zap.Float64(key, value.Float64())
	case slog.KindInt64:
		return zap.Int64(key, value.Int64())
	case slog.KindString:
		return zap.String(key, value.String())
	case slog.KindTime:
		return zap.Time(key, value.Time())
	case slog.KindUint64:
		return zap.Uint64(key, value.Uint64())
	default:
		return anyField(key, value.Any())
	}
}

// anyField writes errors and printable values by their own words alone, never by their fields: those
// could hold what the words leave out.
func anyField(key string, value any) zap.Field {
	switch known := value.(type) {
	case error:
		return zap.String(key, known.Error())
	case fmt.Stringer:
		return zap.Stringer(key, known)
	default:
		return zap.Any(key, known)
	}
}

func zapLevel(level slog.Level) zapcore.Level {
	switch {
	case level >= slog.LevelError:
		return zapcore.ErrorLevel
	case level >= slog.LevelWarn:
		return zapcore.WarnLevel
	case level >= slog.LevelInfo:
		return zapcore.InfoLevel
	default:
		return zapcore.DebugLevel
	}
}
