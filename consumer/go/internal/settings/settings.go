// Package settings reads the environment, .env and alertwire.toml: what an executor needs of them.
package settings

import (
	_ "embed"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const prefix = "ALERTWIRE_"

// The variables that Alertwire knows, and the settings of a route. Written by `make generate`.
//
//go:embed known.txt
var knownText string

var known = strings.Fields(knownText)

// Error says what the operator must change; the process exits with 78.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

// Errorf makes an Error.
func Errorf(format string, arguments ...any) *Error {
	return &Error{fmt.Sprintf(format, arguments...)}
}

// Settings is what the environment says.
type Settings struct {
	Home             string
	Config           string
	AlertsEndpoint   string
	AcksEndpoint     string
	CommandsEndpoint string
	HealthHost       string
	HealthPort       int
	LogLevel         slog.Level
	LogFormat        string
	// Secrets are those of the other processes, and the passwords within: what no line may show.
	Secrets []string
}

// BusKeysFolder is where the keys of the bus are.
func (s Settings) BusKeysFolder() string { return filepath.Join(s.Home, "keys", "bus") }

// Load reads the environment and, where it says nothing, the file .env. Empty is not set.
//
// Its error is an *Error that names every wrong or unknown variable at once.
func Load() (Settings, error) {
	given, err := readEnvironment()
	if err != nil {
		return Settings{}, err
	}
	return read(given)
}

func read(given map[string]string) (Settings, error) {
	var problems []string
	for name := range given {
		// Names are as they are documented, to the letter: alertwire_home is none.
		if upper := strings.ToUpper(name); strings.HasPrefix(upper, prefix) && !slices.Contains(known, name) {
			problems = append(problems, name+" is not a setting"+suggestion(upper))
		}
	}
	slices.Sort(problems)
	value := func(name, otherwise string) string {
		if found := given[prefix+name]; found != "" {
			return found
		}
		return otherwise
	}
	wrong := func(name, reason string) {
		problems = append(problems, prefix+name+" is wrong: "+reason)
	}
	oneOf := func(name string, words ...string) string {
		found := value(name, words[0])
		if !slices.Contains(words, found) {
			wrong(name, "use one of "+strings.Join(words, ", "))
		}
		return found
	}
	settings := Settings{
		Home:             value("HOME", "var"),
		Config:           value("CONFIG", "alertwire.toml"),
		AlertsEndpoint:   value("ALERTS_ENDPOINT", "tcp://127.0.0.1:5555"),
		AcksEndpoint:     value("ACKS_ENDPOINT", "tcp://127.0.0.1:5556"),
		CommandsEndpoint: value("COMMANDS_ENDPOINT", "tcp://127.0.0.1:5557"),
		HealthHost:       value("HEALTH_HOST", "127.0.0.1"),
		LogFormat:        oneOf("LOG_FORMAT", "auto", "json", "console"),
	}
	// Digits alone: ParseUint takes no sign.
	port, err := strconv.ParseUint(value("CONSUMER_HEALTH_PORT", "0"), 10, 16)
	if err != nil {
		wrong("CONSUMER_HEALTH_PORT", "use a number from 0 to 65535")
	}
	settings.HealthPort = int(port)
	level := value("LOG_LEVEL", "info")
	named := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError,
	}
	found, isLevel := named[strings.ToLower(level)]
	if !isLevel {
		wrong("LOG_LEVEL", "use one of debug, info, warning, error")
	}
	settings.LogLevel = found
	oneOf("TRANSPORT", "zmq")
	oneOf("TRADING_MODE", "paper", "live")
	secrets, wrongSecrets := readSecrets(given)
	settings.Secrets = secrets
	problems = append(problems, wrongSecrets...)
	if problems != nil {
		return Settings{}, Errorf("%s", strings.Join(problems, "; "))
	}
	return settings, nil
}

// suggestion names the known variable that is nearest, where one is near.
func suggestion(name string) string {
	nearest, least := "", len(name)/4+1
	for _, candidate := range known {
		if distance := editDistance(name, candidate); distance < least {
			nearest, least = candidate, distance
		}
	}
	if nearest == "" {
		return ": see docs/configuration.md"
	}
	return ": did you mean " + nearest + "?"
}

// editDistance is how many letters must be put in, left out or exchanged.
func editDistance(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(to) {
			exchanged := corner
			if from[i] != to[j] {
				exchanged++
			}
			corner = row[j+1]
			row[j+1] = min(exchanged, corner+1, row[j]+1)
		}
	}
	return row[len(to)]
}
