// Executor carries alerts from Alertwire's producer to its gateway and outcomes back. It does what
// `alertwire consumer` does, with the same settings, and keeps nothing on disk.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/observe"
	"alertwire/executor/internal/settings"
)

// Set when it is built: -ldflags "-X main.version=…".
var version = "unknown"

const (
	exitBug           = 1
	exitConfiguration = 78 // EX_CONFIG of sysexits.h
)

const help = `executor-go carries alerts from Alertwire's producer to its gateway and outcomes back.

It takes no argument: like every process of Alertwire it reads the environment, then .env, then
alertwire.toml. Start as many as you like, of any language; each can be killed at any moment.

  ALERTWIRE_ALERTS_ENDPOINT       where deliveries come from   (tcp://127.0.0.1:5555)
  ALERTWIRE_ACKS_ENDPOINT         where acks go                (tcp://127.0.0.1:5556)
  ALERTWIRE_COMMANDS_ENDPOINT     where commands go            (tcp://127.0.0.1:5557)
  ALERTWIRE_CONFIG                routes and gateways          (alertwire.toml; may be missing)
  ALERTWIRE_HOME                  its keys/bus holds the keys  (var)
  ALERTWIRE_CONSUMER_HEALTH_PORT  /healthz, /readyz, /metrics  (0: none)
  ALERTWIRE_HEALTH_HOST           where that port listens      (127.0.0.1)
  ALERTWIRE_LOG_LEVEL             debug, info, warning, error  (info)
  ALERTWIRE_LOG_FORMAT            json, console, auto          (auto)

Signals: SIGTERM and SIGINT finish what is in hand, at most 5 s; SIGHUP reads alertwire.toml again.
Exit codes: 0 stopped on request, 78 something must be configured (one line on stderr), 1 a bug.

  --help     this text
  --version  the version
`

func main() { os.Exit(start(os.Args[1:], os.Stdout, os.Stderr)) }

func start(arguments []string, out, errs io.Writer) int {
	if len(arguments) > 0 {
		switch argument := arguments[0]; argument {
		case "--help", "-h":
			_, _ = io.WriteString(out, help)
			return 0
		case "--version":
			_, _ = fmt.Fprintln(out, "executor-go", version)
			return 0
		default:
			_, _ = fmt.Fprintf(errs, "consumer: takes no argument: %s; --help tells more\n", plain(argument))
			return exitConfiguration
		}
	}
	err := live(errs)
	var wrong *settings.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(errs, "consumer: %s\n", plain(wrong.Error()))
		return exitConfiguration
	default:
		_, _ = fmt.Fprintf(errs, "consumer: %s\n", plain(err.Error()))
		return exitBug
	}
}

// plain keeps what somebody else wrote on the one line that the operator reads.
func plain(text string) string {
	return strings.Map(func(sign rune) rune {
		if unicode.IsControl(sign) {
			return '?'
		}
		return sign
	}, text)
}

// live runs the process from its settings to its end.
func live(errs io.Writer) error {
	given, err := settings.Load()
	if err != nil {
		return err
	}
	// Whoever reads our log or a probe may hang up at any time: that ends nothing.
	signal.Ignore(syscall.SIGPIPE)
	lines := observe.NewLines(errs)
	defer lines.Close()
	log := observe.NewLogger(lines, given.LogLevel, given.LogFormat, given.Secrets)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	log.Info("process_started", "version", version)
	if err := run(ctx, given, hangups, log); err != nil {
		var wrong *settings.Error
		if !errors.As(err, &wrong) {
			log.Log(ctx, observe.LevelCritical, "process_failed", "reason", err.Error())
		}
		return err
	}
	log.Info("process_stopped")
	return nil
}

func kindLabel(kind alertwirev1.AckKind) string {
	return strings.ToLower(strings.TrimPrefix(kind.String(), "ACK_KIND_"))
}
