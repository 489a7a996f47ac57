package wire

import (
	"fmt"
	"regexp"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertwirev1 "alertwire/executor/alertwire/v1"
)

// required names the fields that must be set, by message: those without a default in the reference
// (alertwire/wire/*.py). A test compares both.
var required = map[protoreflect.Name][]protoreflect.Name{
	"Alert": {
		"alert_id", "route", "strategy", "instrument", "action", "time_in_force",
	},
	"CommandReply": {"command_id"},
	"Delivery":     {"stream_id", "alert_id", "key", "mode"},
	"Entry":        {"type"},
	"Extra":        {"name", "value"},
	"Instrument":   {"security_type", "symbol"},
	"Sizing":       {"type", "value"},
	"Stamp":        {"stage", "at"},
}

// The form of a Decimal, see alert.proto: no exponent, no plus sign, no NaN.
var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?$`)

const (
	firstSecond = -62135596800 // 0001-01-01T00:00:00Z
	lastSecond  = 253402300799 // 9999-12-31T23:59:59Z
	// What a second count may be before its nanoseconds are added, so that nothing overflows.
	secondsMax = 1 << 40
)

// check goes through a message and all within it, and names the first field that is wrong. Times
// are cut to the microsecond, as far as the contract is exact.
func check(message proto.Message) error {
	switch message := message.(type) {
	case *alertwirev1.Decimal:
		return checkDecimal(message.GetValue())
	case *timestamppb.Timestamp:
		return checkTime(message)
	}
	within := message.ProtoReflect()
	kind := within.Descriptor()
	must := required[kind.Name()]
	fields := kind.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !within.Has(field) {
			if slices.Contains(must, field.Name()) {
				return fmt.Errorf("%s.%s was not set", kind.Name(), field.Name())
			}
			continue
		}
		if err := checkValue(field, within.Get(field)); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(field protoreflect.FieldDescriptor, value protoreflect.Value) error {
	switch {
	case field.Enum() != nil:
		if field.Enum().Values().ByNumber(value.Enum()) == nil {
			return fmt.Errorf("%s was %d, which is not known here", place(field), value.Enum())
		}
	case field.Message() == nil:
	case field.IsList():
		for i := range value.List().Len() {
			if err := check(value.List().Get(i).Message().Interface()); err != nil {
				return err
			}
		}
	default:
		part := value.Message().Interface()
		err := check(part)
		switch part.(type) {
		case *alertwirev1.Decimal, *timestamppb.Timestamp:
			if err != nil {
				return fmt.Errorf("%s: %w", place(field), err)
			}
		}
		return err
	}
	return nil
}

func place(field protoreflect.FieldDescriptor) string {
	return fmt.Sprintf("%s.%s", field.ContainingMessage().Name(), field.Name())
}

func checkDecimal(text string) error {
	if decimalForm.MatchString(text) {
		return nil
	}
	return fmt.Errorf("%.40q is not a decimal number such as 12.5", text)
}

func checkTime(at *timestamppb.Timestamp) error {
	if at.Seconds > -secondsMax && at.Seconds < secondsMax {
		exact := at.AsTime()
		at.Seconds, at.Nanos = exact.Unix(), int32(exact.Nanosecond()/1000*1000)
		if at.Seconds >= firstSecond && at.Seconds <= lastSecond {
			return nil
		}
	}
	return fmt.Errorf("%d s since 1970 is not a date", at.Seconds)
}
