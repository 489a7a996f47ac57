package settings

import (
	"log/slog"
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
	if err != nil || found != want {
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
		"ALERTWIRE_JOURNAL_URL_FILE":     "/somewhere",
	})

	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{
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
