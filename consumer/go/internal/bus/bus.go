// Package bus holds the ZeroMQ sockets of the executor, encrypted where there are keys.
package bus

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/settings"
)

// How long what is still to be sent may take when everything is closed.
const lingerAtEnd = 200 * time.Millisecond

// Bus makes the sockets of the process. It and they belong to one goroutine.
type Bus struct {
	context  *zmq.Context
	settings settings.Settings
	log      *slog.Logger
	own      *pair
	sockets  map[*zmq.Socket]*connection
	watches  int
	watchers sync.WaitGroup
}

// Open makes a bus without a socket. Its errors, as those of all here, are *settings.Error.
func Open(given settings.Settings, log *slog.Logger) (*Bus, error) {
	context, err := zmq.NewContext()
	if err != nil {
		return nil, settings.Errorf("ZeroMQ does not start: %v", err)
	}
	// Go's scheduler interrupts threads with signals, libzmq gives up a call then.
	context.SetRetryAfterEINTR(true)
	return &Bus{context: context, settings: given, log: log, sockets: map[*zmq.Socket]*connection{}}, nil
}

// Alerts makes the socket that deliveries come from.
func (b *Bus) Alerts() (*zmq.Socket, error) {
	return b.connect(zmq.PULL, b.settings.AlertsEndpoint, "producer", "ALERTWIRE_ALERTS_ENDPOINT")
}

// Acks makes the socket that acks go to.
func (b *Bus) Acks() (*zmq.Socket, error) {
	return b.connect(zmq.PUSH, b.settings.AcksEndpoint, "producer", "ALERTWIRE_ACKS_ENDPOINT")
}

// Commands makes the socket of the default gateway.
func (b *Bus) Commands() (*zmq.Socket, error) {
	return b.connect(zmq.DEALER, b.settings.CommandsEndpoint, "gateway", "ALERTWIRE_COMMANDS_ENDPOINT")
}

// Gateway makes the socket of a gateway of alertwire.toml. Its public key is gateway-NAME.key;
// without that file it has the default gateway's.
func (b *Bus) Gateway(name, endpoint string) (*zmq.Socket, error) {
	server := "gateway-" + name
	if _, err := os.Stat(filepath.Join(b.settings.BusKeysFolder(), server+".key")); err != nil {
		server = "gateway"
	}
	return b.connect(zmq.DEALER, endpoint, server, "gateways."+name+".commands_endpoint")
}

// CloseSocket closes one socket at once.
func (b *Bus) CloseSocket(socket *zmq.Socket) {
	delete(b.sockets, socket)
	_ = socket.Close()
}

// Close closes all, and waits a moment for what is still to be sent.
func (b *Bus) Close() {
	for socket := range b.sockets {
		_ = socket.SetLinger(lingerAtEnd)
		b.CloseSocket(socket)
	}
	b.watchers.Wait()
	_ = b.context.Term()
}

// Drain returns the frames that are there, up to a bound, without waiting.
func Drain(socket *zmq.Socket) (frames [][]byte) {
	const most = 1000
	for len(frames) < most {
		frame, err := socket.RecvBytes(zmq.DONTWAIT)
		if err != nil {
			break
		}
		frames = append(frames, frame)
	}
	return frames
}

// TrySend sends without waiting; false where nobody can take it now.
func TrySend(socket *zmq.Socket, frame []byte) bool {
	_, err := socket.SendBytes(frame, zmq.DONTWAIT)
	return err == nil
}

func (b *Bus) connect(kind zmq.Type, endpoint, server, setting string) (*zmq.Socket, error) {
	if err := checkEndpoint(endpoint, setting); err != nil {
		return nil, err
	}
	encrypted := isTCP(endpoint)
	if encrypted {
		var err error
		if encrypted, err = b.loadPair(); err != nil {
			return nil, err
		}
	}
	if !encrypted && !isLoopback(endpoint) {
		return nil, settings.Errorf("%s: %s can be reached from other machines, and the bus is not encrypted: "+
			"make keys with `alertwire keys new`, or use an address of this machine, such as 127.0.0.1",
			setting, endpoint)
	}
	socket, err := b.context.NewSocket(kind)
	if err != nil {
		return nil, settings.Errorf("%s: no socket: %v", setting, err)
	}
	made := &connection{setting: setting, endpoint: endpoint, encrypted: encrypted, log: b.log}
	b.sockets[socket] = made
	if err := b.prepare(socket, made, server); err != nil {
		b.CloseSocket(socket)
		return nil, err
	}
	return socket, nil
}

func (b *Bus) prepare(socket *zmq.Socket, made *connection, server string) error {
	if err := setOptions(socket); err != nil {
		return settings.Errorf("%s: this libzmq lacks an option that the bus needs: %v", made.setting, err)
	}
	if made.encrypted {
		if err := b.encrypt(socket, server, made.setting); err != nil {
			return err
		}
	}
	if err := b.watch(socket, made); err != nil {
		return settings.Errorf("%s: cannot be watched: %v", made.setting, err)
	}
	if err := socket.Connect(made.endpoint); err != nil {
		return settings.Errorf("%s: cannot connect to '%s': %v", made.setting, made.endpoint, err)
	}
	return nil
}

// setOptions says what every socket of the bus has (proto/README.md). ZMTP's own heartbeats are left
// alone: with back-pressure and a killed peer libzmq aborts the survivor (issues 3937, 4364, 4767).
func setOptions(socket *zmq.Socket) error {
	for _, err := range []error{
		socket.SetLinger(0),
		socket.SetImmediate(true),
		socket.SetReconnectIvl(50 * time.Millisecond),
		socket.SetReconnectIvlMax(time.Second),
		// What nobody answers for so long is begun anew, and the name looked up anew: a container
		// that is started again has another address.
		socket.SetConnectTimeout(3 * time.Second),
		// So is what takes the connection and then says nothing: libzmq's own limit is 30 s.
		socket.SetHandshakeIvl(3 * time.Second),
		socket.SetTcpKeepalive(1),
		socket.SetTcpKeepaliveIdle(5),
		socket.SetTcpKeepaliveIntvl(2),
		socket.SetTcpKeepaliveCnt(3),
		// A peer that acknowledges no bytes for so long is given up.
		socket.SetTcpMaxrt(10 * time.Second),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// refuseStranger refuses a socket file of another user: anybody could have put it there.
func refuseStranger(path, setting string) error {
	found, err := os.Stat(path)
	if err != nil {
		return nil
	}
	owner := int(found.Sys().(*syscall.Stat_t).Uid)
	if me := os.Geteuid(); (me != 0 && me != owner) || found.Mode()&os.ModeSocket == 0 {
		return settings.Errorf("%s: %s is not a socket of the user that runs this: "+
			"start it as the user that runs the gateway", setting, path)
	}
	return nil
}
