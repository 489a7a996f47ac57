// Package wire reads the frames of the contract (proto/alertwire/v1) strictly: what the schema
// knows and this program does not, or what is required and missing, is refused and never guessed.
package wire

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	alertwirev1 "alertwire/executor/alertwire/v1"
)

// SchemaVersion is the version of the contract that this program speaks.
const SchemaVersion = 1

// UnsupportedVersion is a delivery of a schema version that this program does not know.
type UnsupportedVersion struct {
	AlertID string
	Attempt uint32
	version uint32
}

func (e *UnsupportedVersion) Error() string {
	return fmt.Sprintf("Delivery has schema version %d, this program knows %d", e.version, SchemaVersion)
}

// UnreadableAlert is a delivery whose envelope can be read and whose alert cannot.
type UnreadableAlert struct{ reason error }

func (e *UnreadableAlert) Error() string { return e.reason.Error() }
func (e *UnreadableAlert) Unwrap() error { return e.reason }

// ReadDelivery reads one frame of the PULL socket.
//
// With an *UnreadableAlert the delivery is returned too, without its alert: it can still be voided.
// A VOID is handled from its envelope, so there an unreadable alert is left out and is no error.
// Fields that the schema does not know are dropped.
func ReadDelivery(frame []byte) (*alertwirev1.Delivery, error) {
	delivery := &alertwirev1.Delivery{}
	if err := parse(frame, delivery); err != nil {
		return nil, err
	}
	if version := delivery.GetSchemaVersion(); version != SchemaVersion {
		return nil, &UnsupportedVersion{delivery.GetAlertId(), delivery.GetAttempt(), version}
	}
	alert := delivery.GetAlert()
	delivery.Alert = nil
	if err := check(delivery); err != nil {
		return nil, err
	}
	err := fmt.Errorf("%s was not set", "Delivery.alert")
	if alert != nil {
		err = check(alert)
	}
	switch {
	case err == nil:
		delivery.Alert = alert
	case delivery.GetMode() != alertwirev1.Mode_MODE_VOID:
		return delivery, &UnreadableAlert{err}
	}
	return delivery, nil
}

// ReadReply reads one frame of a DEALER socket.
func ReadReply(frame []byte) (*alertwirev1.CommandReply, error) {
	reply := &alertwirev1.CommandReply{}
	if err := parse(frame, reply); err != nil {
		return nil, err
	}
	if version := reply.GetSchemaVersion(); version != SchemaVersion {
		return nil, fmt.Errorf("CommandReply has schema version %d, this program knows %d", version, SchemaVersion)
	}
	return reply, check(reply)
}

func parse(frame []byte, into proto.Message) error {
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(frame, into); err != nil {
		name := into.ProtoReflect().Descriptor().Name()
		return fmt.Errorf("%d bytes are not a %s: %w", len(frame), name, err)
	}
	return nil
}
