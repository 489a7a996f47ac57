package settings

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestWhatIsNotGivenHasTheDefaultsOfEveryProcess(t *testing.T) {
	found, err := read(map[string]string{"ALERTWIRE_ACKS_ENDPOINT": "", "PATH": "/bin"})

	want := Settings{
		Home: "var", Config: "alertwire.toml",
		AlertsEndpoint: "tcp://127.0.0.1:5555", AcksEndpoint: "tcp://127.0.0.1:5556",
		CommandsEndpoint: "tcp://127.0.0.1:5557",
		HealthHost:       "127.0.0.1", LogLevel: slog.LevelInfo, LogFormat: "auto",
	}
	found.Secrets = nil
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestEveryWrongVariableIsNamedAtOnce(t *testing.T) {
	_, err := read(map[string]string{
		"ALERTWIRE_HOM":                  "x",
		"ALERTWIRE_SOMETHING_ELSE":       "x",
		"ALERTWIRE_CONSUMER_HEALTH_PORT": "65536",
		"ALERTWIRE_LOG_LEVEL":            "loud",
		"ALERTWIRE_LOG_FORMAT":           "xml",
		"ALERTWIRE_PRODUCER_PORT":        "8080",
		"ALERTWIRE_JOURNAL_URL":          "postgresql://db/alertwire",
		"alertwire_home":                 "x",
	})

	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{
		"alertwire_home is not a setting: did you mean ALERTWIRE_HOME?",
		"ALERTWIRE_HOM is not a setting: did you mean ALERTWIRE_HOME?",
		"ALERTWIRE_SOMETHING_ELSE is not a setting: see docs/configuration.md",
		"ALERTWIRE_CONSUMER_HEALTH_PORT is wrong", "ALERTWIRE_LOG_LEVEL is wrong", "ALERTWIRE_LOG_FORMAT is wrong",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
	if strings.Contains(err.Error(), "PRODUCER_PORT") || strings.Contains(err.Error(), "JOURNAL") {
		t.Errorf("others' settings are refused: %v", err)
	}
}

func TestLevelsAreReadInAnyCase(t *testing.T) {
	found, err := read(map[string]string{"ALERTWIRE_LOG_LEVEL": "Warning", "ALERTWIRE_CONSUMER_HEALTH_PORT": "9101"})

	if err != nil || found.LogLevel != slog.LevelWarn || found.HealthPort != 9101 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestSecretsOfOthersAreReadAndThePasswordsWithin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(" in-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := read(map[string]string{
		"ALERTWIRE_JOURNAL_URL":        "postgresql://me:pass%2Fword@host/db",
		"ALERTWIRE_WEBHOOK_TOKEN_FILE": file,
	})

	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"in-a-file", "pass%2Fword", "pass/word"} {
		if !slices.Contains(found.Secrets, secret) {
			t.Errorf("%q is not in %q", secret, found.Secrets)
		}
	}
}

func TestASecretGivenTwiceOrMissingIsRefused(t *testing.T) {
	_, err := read(map[string]string{
		"ALERTWIRE_WEBHOOK_TOKEN": "x", "ALERTWIRE_WEBHOOK_TOKEN_FILE": "/nowhere",
	})

	if err == nil || !strings.Contains(err.Error(), "are both set: keep one") ||
		!strings.Contains(err.Error(), "ALERTWIRE_WEBHOOK_TOKEN_FILE: /nowhere cannot be read") {
		t.Errorf("%v", err)
	}
}
