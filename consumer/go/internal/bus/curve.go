package bus

import (
	"fmt"
	"time"

	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/settings"
)

const (
	// A handshake that is not over by then is ended; the socket tries again.
	handshakeMax = 3 * time.Second
	// The same complaint is logged once in this time.
	repeatAfter = time.Minute
)

// loadPair reads this process's keys once; false where there are none.
func (b *Bus) loadPair() (bool, error) {
	if b.own == nil {
		found, err := readPair(b.settings.BusKeysFolder())
		if err != nil {
			return false, err
		}
		if found != nil && !zmq.HasCurve() {
			return false, settings.Errorf("%s has keys, but this libzmq was built without CURVE",
				b.settings.BusKeysFolder())
		}
		b.own = found
	}
	return b.own != nil, nil
}

// encrypt makes a socket speak to a server whose public key is known, and to no other.
func (b *Bus) encrypt(socket *zmq.Socket, server, setting string) error {
	key, err := readPublic(b.settings.BusKeysFolder(), server)
	if err != nil {
		return err
	}
	for _, err := range []error{
		socket.SetHandshakeIvl(handshakeMax),
		socket.SetCurveServerkey(key),
		socket.SetCurvePublickey(b.own.public),
		socket.SetCurveSecretkey(b.own.secret),
		b.watch(socket, setting),
	} {
		if err != nil {
			return settings.Errorf("%s: cannot be encrypted: %v", setting, err)
		}
	}
	return nil
}

// watch tells in the log why a socket is not let in: to the application it only looks silent.
func (b *Bus) watch(socket *zmq.Socket, setting string) error {
	const failures = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL |
		zmq.EVENT_HANDSHAKE_FAILED_AUTH
	place := fmt.Sprintf("inproc://alertwire.watch.%p", socket)
	if err := socket.Monitor(place, failures|zmq.EVENT_MONITOR_STOPPED); err != nil {
		return err
	}
	monitor, err := b.context.NewSocket(zmq.PAIR)
	if err != nil {
		return err
	}
	if err := monitor.Connect(place); err != nil {
		_ = monitor.Close()
		return err
	}
	// The goroutine alone uses the monitor from here on; closing the watched socket ends it.
	b.watchers.Go(func() {
		defer func() { _ = monitor.Close() }()
		times, said := map[zmq.Event]int{}, map[zmq.Event]time.Time{}
		for {
			event, endpoint, code, err := monitor.RecvEvent(0)
			if err != nil || event == zmq.EVENT_MONITOR_STOPPED {
				return
			}
			times[event]++
			if time.Since(said[event]) < repeatAfter {
				continue
			}
			reason := "it hung up before it let us in"
			remedy := "allow our key there (alertwire keys allow) and compare its public key here"
			if event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL {
				reason = "it does not speak our encryption"
				remedy = "restart it and this process with keys on both sides"
			}
			b.log.Warn("bus_not_entered", "setting", setting, "endpoint", endpoint, "reason", reason,
				"remedy", remedy, "code", code, "times", times[event])
			times[event], said[event] = 0, time.Now()
		}
	})
	return nil
}
