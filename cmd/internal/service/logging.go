package service

import (
	"io"
	"log/slog"
)

// newLogger returns the logger of the service. format is json or text.
func newLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// settingsAttr is the configuration for the log: what is set, secrets
// redacted.
func settingsAttr(settings []Setting) slog.Value {
	var attrs []slog.Attr
	for _, s := range settings {
		if s.Value != "" {
			attrs = append(attrs, slog.String(s.Variable, s.Value))
		}
	}
	return slog.GroupValue(attrs...)
}
