package wire_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/wire"
)

const vectors = "../../../../proto/vectors"

func golden(t testing.TB, folder, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectors, folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func frameOf(t testing.TB, name string) []byte {
	t.Helper()
	frame, err := os.ReadFile(filepath.Join(vectors, "messages", name+".binpb"))
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func delivery(t testing.TB) *alertwirev1.Delivery {
	t.Helper()
	found, err := wire.ReadDelivery(frameOf(t, "delivery_execute"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func marshal(t testing.TB, message proto.Message) []byte {
	t.Helper()
	frame, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestGoldenMessagesReadTheSameFromJSONAndBytes(t *testing.T) {
	read := map[string]func([]byte) (proto.Message, error){
		"Delivery":     func(frame []byte) (proto.Message, error) { return wire.ReadDelivery(frame) },
		"CommandReply": func(frame []byte) (proto.Message, error) { return wire.ReadReply(frame) },
	}
	seen := map[string]int{}
	for _, path := range list(t, "messages") {
		var vector struct {
			Message string
			JSON    json.RawMessage
		}
		golden(t, "messages", path, &vector)
		if read[vector.Message] == nil {
			continue // An executor does not read it.
		}
		seen[vector.Message]++
		t.Run(path, func(t *testing.T) {
			found, err := read[vector.Message](frameOf(t, strings.TrimSuffix(path, ".json")))
			if err != nil {
				t.Fatal(err)
			}

			told := found.ProtoReflect().New().Interface()
			if err := protojson.Unmarshal(vector.JSON, told); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(found, told) {
				t.Errorf("read %v, want %v", found, told)
			}
		})
	}
	if len(seen) != len(read) {
		t.Errorf("golden messages of %v only", seen)
	}
}

func TestInvalidFramesAreRefusedWithAReason(t *testing.T) {
	refusal := map[string]func([]byte) error{
		"Delivery":     func(frame []byte) error { _, err := wire.ReadDelivery(frame); return err },
		"CommandReply": func(frame []byte) error { _, err := wire.ReadReply(frame); return err },
	}
	seen := map[string]int{}
	for _, path := range list(t, "invalid") {
		var vector struct{ Hex, Message string }
		golden(t, "invalid", path, &vector)
		if refusal[vector.Message] == nil {
			continue // An executor does not read it.
		}
		seen[vector.Message]++
		t.Run(path, func(t *testing.T) {
			frame, err := hex.DecodeString(vector.Hex)
			if err != nil {
				t.Fatal(err)
			}

			err = refusal[vector.Message](frame)

			if err == nil || err.Error() == "" {
				t.Errorf("read without an error")
			}
		})
	}
	if len(seen) == 0 {
		t.Error("no invalid frame of what an executor reads")
	}
}

func list(t *testing.T, folder string) (names []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(vectors, folder, "*.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no vectors in %s: %v", folder, err)
	}
	for _, path := range found {
		names = append(names, filepath.Base(path))
	}
	return names
}

func TestAnAlertThatCannotBeReadLeavesAnEnvelopeToVoid(t *testing.T) {
	sent := delivery(t)
	sent.Alert.Action = 99

	found, err := wire.ReadDelivery(marshal(t, sent))

	var unreadable *wire.UnreadableAlert
	if !errors.As(err, &unreadable) || err.Error() != "Alert.action was 99, which is not known here" {
		t.Errorf("error %v", err)
	}
	if found.GetAlertId() != sent.GetAlertId() || found.GetAlert() != nil {
		t.Errorf("envelope %v", found)
	}
}

func TestAVoidIsReadFromItsEnvelopeWhateverItsAlertHolds(t *testing.T) {
	sent := delivery(t)
	sent.Mode = alertwirev1.Mode_MODE_VOID
	sent.Alert.Instrument = nil

	found, err := wire.ReadDelivery(marshal(t, sent))

	if err != nil || found.GetAlert() != nil || found.GetKey() != sent.GetKey() {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAnUnknownVersionTellsWhatToAnswer(t *testing.T) {
	sent := delivery(t)
	sent.SchemaVersion = 2

	_, err := wire.ReadDelivery(marshal(t, sent))

	var version *wire.UnsupportedVersion
	if !errors.As(err, &version) || version.AlertID != sent.GetAlertId() || version.Attempt != sent.GetAttempt() {
		t.Errorf("error %#v", err)
	}
}

func TestEachRequiredFieldIsAskedFor(t *testing.T) {
	for name, remove := range map[string]func(*alertwirev1.Delivery){
		"Delivery.stream_id":       func(d *alertwirev1.Delivery) { d.StreamId = "" },
		"Delivery.alert_id":        func(d *alertwirev1.Delivery) { d.AlertId = "" },
		"Delivery.key":             func(d *alertwirev1.Delivery) { d.Key = "" },
		"Delivery.mode":            func(d *alertwirev1.Delivery) { d.Mode = 0 },
		"Stamp.stage":              func(d *alertwirev1.Delivery) { d.Trace.Stamps[0].Stage = 0 },
		"Stamp.at":                 func(d *alertwirev1.Delivery) { d.Trace.Stamps[0].At = nil },
		"Alert.alert_id":           func(d *alertwirev1.Delivery) { d.Alert.AlertId = "" },
		"Alert.route":              func(d *alertwirev1.Delivery) { d.Alert.Route = "" },
		"Alert.strategy":           func(d *alertwirev1.Delivery) { d.Alert.Strategy = "" },
		"Alert.instrument":         func(d *alertwirev1.Delivery) { d.Alert.Instrument = nil },
		"Alert.action":             func(d *alertwirev1.Delivery) { d.Alert.Action = 0 },
		"Alert.time_in_force":      func(d *alertwirev1.Delivery) { d.Alert.TimeInForce = 0 },
		"Instrument.security_type": func(d *alertwirev1.Delivery) { d.Alert.Instrument.SecurityType = 0 },
		"Instrument.symbol":        func(d *alertwirev1.Delivery) { d.Alert.Instrument.Symbol = "" },
		"Sizing.type":              func(d *alertwirev1.Delivery) { d.Alert.Sizing.Type = 0 },
		"Sizing.value":             func(d *alertwirev1.Delivery) { d.Alert.Sizing.Value = nil },
		"Entry.type":               func(d *alertwirev1.Delivery) { d.Alert.Entry.Type = 0 },
		"Extra.value":              func(d *alertwirev1.Delivery) { d.Alert.Extras = []*alertwirev1.Extra{{Name: "n"}} },
	} {
		sent := delivery(t)
		remove(sent)

		_, err := wire.ReadDelivery(marshal(t, sent))

		if err == nil || err.Error() != name+" was not set" {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestDecimalsHaveTheContractsForm(t *testing.T) {
	for text, isGood := range map[string]bool{
		"0": true, "-7": true, "12.50": true, "999999999999999999.999999999999": true, "-0": true,
		"": false, "+1": false, "01": false, "1.": false, ".5": false, "1e5": false, "NaN": false, "1,5": false,
		" 1": false, "1\n": false, "1000000000000000000": false, "0.0000000000001": false, "١": false,
	} {
		sent := delivery(t)
		sent.Alert.Sizing.Value = &alertwirev1.Decimal{Value: text}

		_, err := wire.ReadDelivery(marshal(t, sent))

		if (err == nil) != isGood {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestTimesAreCutToTheMicrosecondAndMustBeDates(t *testing.T) {
	for _, each := range []struct {
		sent *timestamppb.Timestamp
		want string
	}{
		{&timestamppb.Timestamp{Seconds: 1, Nanos: 999_999_999}, "1970-01-01T00:00:01.999999Z"},
		{&timestamppb.Timestamp{Seconds: 1, Nanos: 1_500_000_000}, "1970-01-01T00:00:02.5Z"},
		{&timestamppb.Timestamp{Seconds: 253402300800}, ""},
		{&timestamppb.Timestamp{Seconds: -1 << 62}, ""},
	} {
		sent := delivery(t)
		sent.NotAfter = each.sent

		found, err := wire.ReadDelivery(marshal(t, sent))

		if err != nil && each.want != "" {
			t.Errorf("%v: error %v", each.sent, err)
		} else if err == nil && found.GetNotAfter().AsTime().Format(time.RFC3339Nano) != each.want {
			t.Errorf("%v: read as %v", each.sent, found.GetNotAfter().AsTime())
		}
	}
}

func TestFieldsThatTheSchemaDoesNotKnowAreDropped(t *testing.T) {
	sent := delivery(t)
	unknown := protowire.AppendString(protowire.AppendTag(nil, 9999, protowire.BytesType), "new")
	sent.Alert.Instrument.ProtoReflect().SetUnknown(protoreflect.RawFields(unknown))

	found, err := wire.ReadDelivery(marshal(t, sent))

	if err != nil || len(found.GetAlert().GetInstrument().ProtoReflect().GetUnknown()) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// FuzzReadDelivery throws bytes at the reader: whatever it takes must be whole, be written again
// and read as the same.
func FuzzReadDelivery(f *testing.F) {
	for _, name := range []string{"delivery_execute", "delivery_void", "alert_full"} {
		f.Add(frameOf(f, name))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		found, err := wire.ReadDelivery(frame)
		var unreadable *wire.UnreadableAlert
		if err != nil && !errors.As(err, &unreadable) {
			if found != nil {
				t.Fatalf("refused with %v, and returned", err)
			}
			return
		}
		if found.GetAlertId() == "" || found.GetKey() == "" || found.GetMode() == 0 {
			t.Fatalf("not whole: %v", found)
		}
		again, err := wire.ReadDelivery(marshal(t, found))
		if err != nil || !proto.Equal(found, again) {
			t.Fatalf("%v read again as %v, %v", found, again, err)
		}
	})
}

// FuzzReadReply does the same with replies.
func FuzzReadReply(f *testing.F) {
	f.Add(frameOf(f, "command_reply_accepted"))
	f.Add(frameOf(f, "command_reply_retry"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		found, err := wire.ReadReply(frame)
		if err != nil {
			return
		}
		again, err := wire.ReadReply(marshal(t, found))
		if err != nil || found.GetCommandId() == "" || !proto.Equal(found, again) {
			t.Fatalf("%v read again as %v, %v", found, again, err)
		}
	})
}
