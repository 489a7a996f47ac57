package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"time"

	zmq "github.com/pebbe/zmq4"
	"google.golang.org/protobuf/proto"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/bus"
	"alertwire/executor/internal/executor"
	"alertwire/executor/internal/observe"
	"alertwire/executor/internal/settings"
)

// How long alerts in hand may still be answered once the executor is told to stop.
const stopTimeout = 5 * time.Second

// run carries alerts from the producer to the gateways and outcomes back until the context ends, and
// then what is in hand to its end, within stopTimeout. One goroutine uses all sockets: libzmq's are
// not safe for more.
func run(ctx context.Context, given settings.Settings, hangups <-chan os.Signal, log *slog.Logger) error {
	routes, err := settings.LoadRoutes(given.Config)
	if err != nil {
		return err
	}
	sockets, err := bus.Open(given, log)
	if err != nil {
		return err
	}
	defer sockets.Close()
	pull, err := sockets.Alerts()
	if err != nil {
		return err
	}
	push, err := sockets.Acks()
	if err != nil {
		return err
	}
	gateways, err := openGateways(sockets)
	if err != nil {
		return err
	}
	if err := gateways.use(routes.Gateways); err != nil {
		return err
	}
	stopHealth, err := observe.ServeHealth(given.HealthHost, given.HealthPort)
	if err != nil {
		return err
	}
	defer stopHealth()

	doing := executor.New(runID(), routes, executor.Outside{
		Now: time.Now,
		SendAck: func(ack *alertwirev1.Ack) bool {
			sent := bus.TrySend(push, encoded(ack))
			if sent {
				observe.Acks.WithLabelValues(kindLabel(ack.GetKind())).Inc()
			}
			return sent
		},
		SendCommand: func(gateway string, command *alertwirev1.OrderCommand) bool {
			sent := gateways.send(gateway, encoded(command))
			if sent {
				observe.Commands.Inc()
			}
			return sent
		},
		Log: log,
	})
	var giveUp time.Time
	stopping := func() bool { return !giveUp.IsZero() }
	for !stopping() || (doing.InHand() > 0 && time.Now().Before(giveUp)) {
		if ctx.Err() != nil && !stopping() {
			giveUp = time.Now().Add(stopTimeout)
			// What waits in this socket was not acked: the producer gives it to another executor.
			sockets.CloseSocket(pull)
			pull = nil
			doing.Stop()
			continue
		}
		if err := waitFor(pull, gateways, doing.UntilTick()); err != nil {
			return err
		}
		for name, dealer := range gateways.dealers {
			for _, frame := range bus.Drain(dealer) {
				doing.TakeReply(name, frame)
			}
		}
		if pull != nil {
			for _, frame := range bus.Drain(pull) {
				doing.TakeDelivery(frame)
			}
		}
		doing.Tick()
		sockets.Mend()
		observe.InHand.Set(float64(doing.InHand()))
		select {
		case <-hangups:
			if fresh, isNew := reload(given.Config, routes, gateways, log); isNew {
				routes = fresh
				doing.Use(fresh)
			}
		default:
		}
	}
	return nil
}

// waitFor waits until something can be read, or so long.
func waitFor(pull *zmq.Socket, gateways *gateways, most time.Duration) error {
	poller := zmq.NewPoller()
	if pull != nil {
		poller.Add(pull, zmq.POLLIN)
	}
	for _, dealer := range gateways.dealers {
		poller.Add(dealer, zmq.POLLIN)
	}
	// Whole milliseconds upwards, so that the last part of one is not spent turning round.
	_, err := poller.Poll((most + time.Millisecond - 1).Truncate(time.Millisecond))
	return err
}

// reload reads alertwire.toml again; where it is wrong, the old routes stay.
func reload(path string, old settings.Routes, gateways *gateways, log *slog.Logger) (settings.Routes, bool) {
	fresh, err := settings.LoadRoutes(path)
	if lost := old.Lost(fresh); err == nil && lost != "" {
		if !isThere(path) {
			lost = "is gone"
		}
		err = settings.Errorf("%s %s", path, lost)
	}
	if err == nil {
		err = gateways.use(fresh.Gateways)
	}
	if err != nil {
		log.Error("routes_kept", "alarm", true, "reason", err.Error(), "remedy", "the old routes stay in force; "+
			"mend the file (alertwire config check), then send SIGHUP again")
		return settings.Routes{}, false
	}
	removed := slices.DeleteFunc(slices.Clone(old.Sections), func(name string) bool {
		return slices.Contains(fresh.Sections, name)
	})
	log.Info("routes_reloaded", "removed", append([]string{}, removed...))
	return fresh, true
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func encoded(message proto.Message) []byte {
	frame, err := proto.Marshal(message)
	if err != nil {
		// Only text that is not UTF-8 cannot be written, and none is read.
		panic(err)
	}
	return frame
}

// runID names one run of a process, unique per start: consumer-myhost-4711-9f3a.
func runID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	end := make([]byte, 2)
	_, _ = rand.Read(end)
	return fmt.Sprintf("consumer-%s-%d-%x", host[:min(len(host), 20)], os.Getpid(), end)
}
