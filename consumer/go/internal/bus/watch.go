package bus

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	zmq "github.com/pebbe/zmq4"
)

const (
	// libzmq begins an ended connection anew at once or, where the peer broke the protocol, never.
	givenUpAfter = 500 * time.Millisecond
	// The same complaint is logged once in this time.
	repeatAfter = time.Minute
)

// connection is what a socket is connected to, and how that goes.
type connection struct {
	setting, endpoint string
	encrypted         bool
	log               *slog.Logger
	// Set by the goroutine that watches, until libzmq begins anew; nil is no end.
	end atomic.Pointer[end]
	// Said by the owner of the socket only.
	stranger complaint
}

// end is the end of a connection that nobody has begun anew yet.
type end struct {
	at time.Time
	// Whether the log has its reason already.
	isSaid bool
}

// complaint counts how often one reason kept a socket out since it was last said.
type complaint struct {
	times int
	said  time.Time
}

// Mend begins the connections anew that libzmq gave up: their sockets would reach nobody until the
// process is started again. Whatever still answers there ends the new one too, and Mend begins another.
func (b *Bus) Mend() {
	for socket, held := range b.sockets {
		ended := held.end.Load()
		// The mark is taken away first: the new connection may leave its own at once.
		if ended == nil || time.Since(ended.at) < givenUpAfter || !held.end.CompareAndSwap(ended, nil) {
			continue
		}
		if !ended.isSaid {
			held.complain(&held.stranger, 0, "another kind of socket answers there",
				"see what listens at this endpoint, and compare the endpoints of both sides")
		}
		// Fails where there is nothing to leave, as after a Connect that failed.
		_ = socket.Disconnect(held.endpoint)
		if err := socket.Connect(held.endpoint); err != nil {
			held.end.Store(&end{at: time.Now(), isSaid: true})
		}
	}
}

// watch marks the end of a socket's connection, and tells in the log why it is not let in: to the
// application it only looks silent.
func (b *Bus) watch(socket *zmq.Socket, held *connection) error {
	const events = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL |
		zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_MONITOR_STOPPED
	b.watches++
	// Not the socket's address: another may have it before libzmq has forgotten this one.
	place := fmt.Sprintf("inproc://alertwire.watch.%d", b.watches)
	if err := socket.Monitor(place, events); err != nil {
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
		held.follow(monitor)
	})
	return nil
}

// follow takes the events of a connection until its socket is closed.
func (c *connection) follow(monitor *zmq.Socket) {
	var turnedAway, unlike complaint
	isSaid := false
	for {
		event, _, code, err := monitor.RecvEvent(0)
		if err != nil {
			return
		}
		switch event {
		case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
			isSaid = true
			c.complain(&unlike, code, "only one of us speaks with encryption",
				"restart it and this process with keys on both sides, or on neither")
		case zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_AUTH:
			// Without keys it is an ordinary broken connection.
			if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH || c.encrypted {
				isSaid = true
				c.complain(&turnedAway, code, "it hung up before it let us in",
					"allow our key there (alertwire keys allow) and compare its public key here")
			}
		case zmq.EVENT_DISCONNECTED:
			c.end.Store(&end{at: time.Now(), isSaid: isSaid})
			isSaid = false
		case zmq.EVENT_CONNECT_RETRIED:
			c.end.Store(nil)
		case zmq.EVENT_MONITOR_STOPPED:
			return
		}
	}
}

// complain says why the socket is not let in, once in a while.
func (c *connection) complain(about *complaint, code int, reason, remedy string) {
	about.times++
	if time.Since(about.said) < repeatAfter {
		return
	}
	c.log.Warn("bus_not_entered", "setting", c.setting, "endpoint", c.endpoint, "reason", reason,
		"remedy", remedy, "code", code, "times", about.times)
	about.times, about.said = 0, time.Now()
}
