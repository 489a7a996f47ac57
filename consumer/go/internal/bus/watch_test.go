package bus

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/settings"
)

const (
	soon     = 10 * time.Second
	stranger = "another kind of socket answers there"
	unlike   = "only one of us speaks with encryption"
)

// somewhere is an endpoint below the ports that outgoing connections get (ip(7)): nobody takes it
// between two that listen there.
func somewhere() string { return fmt.Sprintf("tcp://127.0.0.1:%d", 10_000+rand.IntN(1_000)) }

// journal is a log that goroutines write while a test reads it.
type journal struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.Write(line)
}

func (j *journal) count(text string) int {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return strings.Count(j.text.String(), text)
}

// mending opens a bus, and has a gateway's socket at an endpoint.
func mending(t *testing.T, given settings.Settings, endpoint string) (*Bus, *zmq.Socket, *journal) {
	t.Helper()
	said := &journal{}
	opened, err := Open(given, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	socket, err := opened.Gateway("second", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return opened, socket, said
}

// until mends until something is so.
func until(t *testing.T, b *Bus, what string, isSo func() bool) {
	t.Helper()
	for giveUp := time.Now().Add(soon); !isSo(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatalf("not within %v: %s", soon, what)
		}
		b.Mend()
	}
}

// mendFor mends for so long.
func mendFor(t *testing.T, b *Bus, long time.Duration) {
	t.Helper()
	over := time.Now().Add(long)
	until(t, b, "the time is over", func() bool { return time.Now().After(over) })
}

// bound has a socket of another process at an endpoint, with keys where there is a secret.
func bound(t *testing.T, kind zmq.Type, endpoint, secret string) (socket *zmq.Socket, at string) {
	t.Helper()
	context, err := zmq.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = context.Term() })
	if socket, err = context.NewSocket(kind); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	if secret != "" {
		if err := socket.ServerAuthCurve("test", secret); err != nil {
			t.Fatal(err)
		}
	}
	// Another thread of libzmq gives the port free.
	giveUp := time.Now().Add(soon)
	for err = socket.Bind(endpoint); err != nil && time.Now().Before(giveUp); err = socket.Bind(endpoint) {
		time.Sleep(5 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	if at, err = socket.GetLastEndpoint(); err != nil {
		t.Fatal(err)
	}
	return socket, at
}

func TestTheRightOneIsFoundAfterAStranger(t *testing.T) {
	file := "ipc://" + filepath.Join(t.TempDir(), "gateway.sock")
	for _, each := range []struct {
		name, reason, place  string
		kind                 zmq.Type
		hasKeys, isEncrypted bool
	}{
		{"another kind of socket", stranger, somewhere(), zmq.PULL, false, false},
		{"another kind of socket at a file", stranger, file, zmq.PULL, false, false},
		{"with encryption", unlike, somewhere(), zmq.ROUTER, false, true},
		{"without encryption", unlike, somewhere(), zmq.ROUTER, true, false},
	} {
		t.Run(each.name, func(t *testing.T) {
			given, own, theirs := settings.Settings{Home: t.TempDir()}, "", ""
			if each.hasKeys {
				given = folder(t, map[string]string{"consumer.key_secret": "SECRET", "gateway.key": "PUBLIC"})
				read, err := os.ReadFile(filepath.Join(given.BusKeysFolder(), "consumer.key_secret"))
				if err != nil {
					t.Fatal(err)
				}
				own = string(read)
			}
			if each.isEncrypted {
				_, secret, err := zmq.NewCurveKeypair()
				if err != nil {
					t.Fatal(err)
				}
				theirs = secret
			}
			wrong, endpoint := bound(t, each.kind, each.place, theirs)
			opened, socket, said := mending(t, given, endpoint)
			until(t, opened, each.reason, func() bool { return said.count(each.reason) > 0 })
			// More ends of the same kind: they are not said again.
			mendFor(t, opened, 2*givenUpAfter)
			_ = wrong.Close()
			right, _ := bound(t, zmq.ROUTER, endpoint, own)

			until(t, opened, "a frame arrives", func() bool {
				TrySend(socket, []byte("command"))
				return len(Drain(right)) > 0
			})
			if times := said.count(each.reason); times != 1 {
				t.Errorf("said %d times", times)
			}
			for _, other := range []string{stranger, unlike} {
				if other != each.reason && said.count(other) > 0 {
					t.Errorf("said: %s", other)
				}
			}
		})
	}
}

func TestAnOrdinaryEndIsNeitherSaidNorMended(t *testing.T) {
	gateway, endpoint := bound(t, zmq.ROUTER, somewhere(), "")
	opened, socket, said := mending(t, settings.Settings{Home: t.TempDir()}, endpoint)
	until(t, opened, "connected", func() bool { return TrySend(socket, []byte("command")) })

	_ = gateway.Close()
	until(t, opened, "disconnected", func() bool { return !TrySend(socket, []byte("command")) })
	mendFor(t, opened, 2*givenUpAfter)

	if opened.sockets[socket].end.Load() != nil || said.count("bus_not_entered") > 0 {
		t.Errorf("given up, or said: %s", said.text.String())
	}
}

// answering answers every connection with what is no greeting of ours, and counts them.
func answering(t *testing.T) (endpoint string, connections func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	// https://rfc.zeromq.org/spec/23/: signature, version, mechanism.
	greeting := make([]byte, 64)
	copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x03\x00PLAIN")
	var mutex sync.Mutex
	count := 0
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			mutex.Lock()
			count++
			mutex.Unlock()
			go func() {
				_, _ = connection.Write(greeting)
				// Until the other side ends it.
				_, _ = io.Copy(io.Discard, connection)
				_ = connection.Close()
			}()
		}
	}()
	return "tcp://" + listener.Addr().String(), func() int {
		mutex.Lock()
		defer mutex.Unlock()
		return count
	}
}

func TestWhatIsGivenUpIsTriedAgainUntilItsSocketIsClosed(t *testing.T) {
	endpoint, connections := answering(t)
	began := time.Now()
	opened, socket, _ := mending(t, settings.Settings{Home: t.TempDir()}, endpoint)
	until(t, opened, "three connections", func() bool { return connections() == 3 })
	if took := time.Since(began); took < 2*givenUpAfter {
		t.Errorf("three connections in %v", took)
	}

	opened.CloseSocket(socket)
	opened.watchers.Wait()
	mendFor(t, opened, 2*givenUpAfter)

	if connections() != 3 {
		t.Errorf("%d connections", connections())
	}
}
