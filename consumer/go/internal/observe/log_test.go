package observe

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestALineHasTheKeysOfEveryProcess(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, "json", nil)

	log.Debug("not_this")
	log.Warn("gateway_silent", "alert_id", "01JD")

	var line map[string]string
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, line["at"])
	if err != nil || time.Since(at) > time.Hour {
		t.Errorf("at %q", line["at"])
	}
	delete(line, "at")
	want := map[string]string{
		"level": "warning", "event": "gateway_silent", "process": "consumer", "alert_id": "01JD",
	}
	if len(line) != len(want) {
		t.Errorf("%v", line)
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s is %q, want %q", key, line[key], value)
		}
	}
}

func TestLinesThatNobodyReadsAreDroppedAndCounted(t *testing.T) {
	reader, writer := io.Pipe()
	lines := NewLines(writer)
	const extra = 5
	// One is in the writer's hand once the pipe has seen its first byte.
	_, _ = lines.Write([]byte("first\n"))
	first := make([]byte, 1)
	if _, err := io.ReadFull(reader, first); err != nil {
		t.Fatal(err)
	}
	for range linesMax + extra {
		if n, err := lines.Write([]byte("line\n")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
	}

	said := make(chan string)
	go func() {
		text, _ := io.ReadAll(reader)
		said <- string(text)
	}()
	lines.Close()
	<-lines.done
	_ = writer.Close()

	text := <-said
	if !strings.Contains(text, "5 log lines dropped") || strings.Count(text, "line\n") != linesMax {
		t.Errorf("%d lines, %q…", strings.Count(text, "line\n"), text[:40])
	}
}

func TestSecretsAreBlottedOutWhereverTheyStand(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, "json", []string{"hunter2", "abc"})

	log.Info("alert_handed_back", "reason", "with hunter2 and abc")

	if said := out.String(); strings.Contains(said, "hunter2") || !strings.Contains(said, "[redacted] and abc") {
		t.Error(said)
	}
}
