package bus

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/settings"
)

func TestOnlyAddressesThatSaySoAreLoopback(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"tcp://127.0.0.1:5555": true, "tcp://127.9.9.9:1": true, "tcp://localhost:1": true, "tcp://[::1]:1": true,
		"ipc:///run/x": true, "tcp://127.0.0.1:0;127.0.0.1:1": true,
		"tcp://10.0.0.1:1": false, "tcp://localhost.example:1": false, "tcp://*:1": false, "tcp://producer:1": false,
		"tcp://127.0.0.1:0;10.0.0.1:1": false, "tcp://": false,
	} {
		if isLoopback(endpoint) != want {
			t.Errorf("%s: %v", endpoint, !want)
		}
	}
}

// folder makes a key folder with these files; "pair" and "public" stand for real keys.
func folder(t *testing.T, files map[string]string) settings.Settings {
	t.Helper()
	given := settings.Settings{Home: t.TempDir()}
	if err := os.MkdirAll(given.BusKeysFolder(), 0o700); err != nil {
		t.Fatal(err)
	}
	public, secret, err := zmq.NewCurveKeypair()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		text = strings.NewReplacer("SECRET", secret, "PUBLIC", public).Replace(text)
		if err := os.WriteFile(filepath.Join(given.BusKeysFolder(), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return given
}

func connected(t *testing.T, given settings.Settings, endpoint string) error {
	t.Helper()
	opened, err := Open(given, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	_, err = opened.Gateway("second", endpoint)
	var wrong *settings.Error
	if err != nil && !errors.As(err, &wrong) {
		t.Errorf("%v is nothing for the operator", err)
	}
	return err
}

func TestKeysAreUsedWhereTheyAreAndRequiredOffLoopback(t *testing.T) {
	const near, far = "tcp://127.0.0.1:5557", "tcp://10.0.0.1:5557"
	for _, each := range []struct {
		name, endpoint, problem string
		files                   map[string]string
	}{
		{"no keys, near", near, "", nil},
		{"no keys, far", far, "gateways.second.commands_endpoint: tcp://10.0.0.1:5557 can be reached", nil},
		{"no endpoint", "udp://127.0.0.1:1", "is no endpoint", nil},
		{"keys", far, "", map[string]string{"consumer.key_secret": "SECRET\n", "gateway.key": "PUBLIC\n"}},
		{"another name", far, "", map[string]string{"consumer-east.key_secret": "SECRET", "gateway.key": "PUBLIC"}},
		{"own gateway's key", far, "gateway-second.key must hold one key", map[string]string{
			"consumer.key_secret": "SECRET", "gateway.key": "PUBLIC", "gateway-second.key": "short",
		}},
		{"two names", near, "has several keys", map[string]string{"consumer-a.key_secret": "SECRET", "consumer-b.key_secret": "SECRET"}},
		{"nobody's", near, "has no key for the consumer", map[string]string{"gateway.key": "PUBLIC"}},
		{"no server", near, "gateway.key is missing", map[string]string{"consumer.key_secret": "SECRET"}},
		{"no key", near, "must hold one key", map[string]string{"consumer.key_secret": "x"}},
		{"halves", near, "two halves of different pairs", map[string]string{
			"consumer.key_secret": "SECRET", "consumer.key": strings.Repeat("1", 40), "gateway.key": "PUBLIC",
		}},
	} {
		t.Run(each.name, func(t *testing.T) {
			err := connected(t, folder(t, each.files), each.endpoint)

			if each.problem == "" && err != nil {
				t.Error(err)
			}
			if each.problem != "" && (err == nil || !strings.Contains(err.Error(), each.problem)) {
				t.Errorf("error %v, want %q", err, each.problem)
			}
		})
	}
}

func TestKeysThatOthersCouldReadOrPlantAreRefused(t *testing.T) {
	files := map[string]string{"consumer.key_secret": "SECRET", "gateway.key": "PUBLIC"}
	for path, mode := range map[string]os.FileMode{"consumer.key_secret": 0o640, ".": 0o770} {
		given := folder(t, files)
		spoilt := filepath.Join(given.BusKeysFolder(), path)
		if err := os.Chmod(spoilt, mode); err != nil {
			t.Fatal(err)
		}

		err := connected(t, given, "tcp://127.0.0.1:5557")

		if err == nil || !strings.Contains(err.Error(), "run chmod") {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

func TestAFileThatIsNoSocketIsNotConnectedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.sock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	err := connected(t, settings.Settings{Home: t.TempDir()}, "ipc://"+path)

	if err == nil || !strings.Contains(err.Error(), "is not a socket of the user") {
		t.Errorf("error %v", err)
	}
}
