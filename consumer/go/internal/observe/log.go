// Package observe is what an operator sees of the executor: log lines, health and metrics.
package observe

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Lines that wait for a reader of stderr; more are dropped and counted.
const linesMax = 20_000

// Shorter secrets would blot out ordinary words.
const secretLengthMin = 4

// LevelCritical is that of a bug.
const LevelCritical = slog.LevelError + 4

// NewLogger makes a logger with the keys of every process of Alertwire: at, level, event, process.
// Its lines go to `lines`, as JSON or for a terminal's reader; none shows one of the secrets.
func NewLogger(lines io.Writer, level slog.Level, format string, secrets []string) *slog.Logger {
	redact := redactor(secrets)
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, attribute slog.Attr) slog.Attr {
		return redact(rename(groups, attribute))
	}}
	var handler slog.Handler = slog.NewJSONHandler(lines, options)
	if format == "console" || (format == "auto" && isTerminal(os.Stderr)) {
		handler = slog.NewTextHandler(lines, options)
	}
	return slog.New(handler).With("process", "consumer")
}

// redactor replaces secrets wherever they stand in a text.
func redactor(secrets []string) func(slog.Attr) slog.Attr {
	var pairs []string
	for _, secret := range secrets {
		if len(secret) >= secretLengthMin {
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	replacer := strings.NewReplacer(pairs...)
	return func(attribute slog.Attr) slog.Attr {
		if attribute.Value.Kind() == slog.KindString {
			attribute.Value = slog.StringValue(replacer.Replace(attribute.Value.String()))
		}
		return attribute
	}
}

func rename(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.TimeKey:
		return slog.String("at", attribute.Value.Time().UTC().Format("2006-01-02T15:04:05.000000Z"))
	case slog.MessageKey:
		attribute.Key = "event"
	case slog.LevelKey:
		level := strings.ToLower(attribute.Value.String())
		switch {
		case level == "warn":
			level = "warning"
		case attribute.Value.Any() == LevelCritical:
			level = "critical"
		}
		return slog.String("level", level)
	}
	return attribute
}

func isTerminal(file *os.File) bool {
	found, err := file.Stat()
	return err == nil && found.Mode()&os.ModeCharDevice != 0
}

// Lines writes log lines from a goroutine of its own: trading must not wait for whoever reads them.
type Lines struct {
	queue   chan []byte
	done    chan struct{}
	dropped atomic.Int64
}

// NewLines starts writing to `out`.
func NewLines(out io.Writer) *Lines {
	lines := &Lines{queue: make(chan []byte, linesMax), done: make(chan struct{})}
	go func() {
		defer close(lines.done)
		for line := range lines.queue {
			if dropped := lines.dropped.Swap(0); dropped > 0 {
				_, _ = fmt.Fprintf(out, "%d log lines dropped: nobody read them\n", dropped)
			}
			_, _ = out.Write(line)
		}
	}()
	return lines
}

// Write queues one line.
func (l *Lines) Write(line []byte) (int, error) {
	select {
	case l.queue <- append([]byte(nil), line...):
	default:
		l.dropped.Add(1)
	}
	return len(line), nil
}

// Close waits until what is queued is written, but not long. Nothing may be written after it.
func (l *Lines) Close() {
	close(l.queue)
	select {
	case <-l.done:
	case <-time.After(time.Second):
	}
}
