// Package executor is the executor's side of the delivery protocol: frames in, messages to send out,
// no sockets. consumer/README.md is its specification.
//
// Delivery → RECEIVED → commands → replies → DECIDED, or RETRY when a gateway cannot be reached or
// stays silent. Nothing here needs to survive: what is forgotten is delivered again.
package executor

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/settings"
	"alertwire/executor/internal/wire"
)

const (
	// Slots is how many deliveries may be in hand at the same time.
	Slots = 64
	// HeartbeatEvery is how often the producer hears that this executor lives.
	HeartbeatEvery = 500 * time.Millisecond
	// UnheardAfter is when a heartbeat that nobody could take is tried again: the producer gives
	// nothing to an executor that it has not heard.
	UnheardAfter = 50 * time.Millisecond
	// GatewayTimeout is the silence of a gateway after which an alert is handed back; below the
	// dispatcher's 10 s, so that it counts as RETRY and not as a poisoned alert.
	GatewayTimeout = 8 * time.Second
)

// Of several commands' outcomes the first in this order is the alert's.
var telling = []alertwirev1.Outcome{
	alertwirev1.Outcome_OUTCOME_UNKNOWN,
	alertwirev1.Outcome_OUTCOME_ACCEPTED,
	alertwirev1.Outcome_OUTCOME_REJECTED,
	alertwirev1.Outcome_OUTCOME_EXPIRED,
	alertwirev1.Outcome_OUTCOME_VOIDED,
}

// Outside is what the executor needs of the world. The senders return false where nobody can take
// the message now; they never wait.
type Outside struct {
	Now         func() time.Time
	SendAck     func(*alertwirev1.Ack) bool
	SendCommand func(gateway string, command *alertwirev1.OrderCommand) bool
	Log         *slog.Logger
}

// Executor holds all deliveries in hand. It belongs to one goroutine.
type Executor struct {
	id            string
	routes        settings.Routes
	outside       Outside
	inHand        map[string]*work
	byAddress     map[address]*work
	nextHeartbeat time.Time
	stopping      bool
}

// A VOID has the same command id at each gateway.
type address struct{ gateway, commandID string }

// work is a delivery in hand and the replies to its commands.
type work struct {
	alertID  string
	attempt  uint32
	sent     []address
	deadline time.Time
	refusal  string
	replies  map[address]*alertwirev1.CommandReply
}

// New makes an executor with an id that is unique per process.
func New(id string, routes settings.Routes, outside Outside) *Executor {
	return &Executor{
		id:        id,
		routes:    routes,
		outside:   outside,
		inHand:    map[string]*work{},
		byAddress: map[address]*work{},
	}
}

// Use plans with these routes from now on; what is in hand keeps its commands.
func (e *Executor) Use(routes settings.Routes) { e.routes = routes }

// InHand is how many alerts wait for a gateway.
func (e *Executor) InHand() int { return len(e.inHand) }

// Stop takes no more: heartbeats say that no slot is free, the first at once.
func (e *Executor) Stop() {
	e.stopping = true
	e.nextHeartbeat = time.Time{}
	e.Tick()
}

// TakeDelivery takes one frame of the PULL socket.
func (e *Executor) TakeDelivery(frame []byte) {
	delivery, err := wire.ReadDelivery(frame)
	var version *wire.UnsupportedVersion
	var unreadable *wire.UnreadableAlert
	refusal := ""
	switch {
	case errors.As(err, &version):
		e.outside.Log.Error("delivery_version_unknown", "alert_id", version.AlertID, "reason", err.Error())
		if version.AlertID != "" {
			e.retry(version.AlertID, version.Attempt, err.Error())
		}
		return
	case errors.As(err, &unreadable):
		refusal = "the alert cannot be read: " + err.Error()
	case err != nil:
		e.outside.Log.Error("delivery_unreadable", "reason", err.Error(), "size_bytes", len(frame))
		return
	}
	delivery.Trace = stamped(delivery.GetTrace(), alertwirev1.Stage_STAGE_PULLED, e.outside.Now())
	e.ack(&alertwirev1.Ack{
		Kind:    alertwirev1.AckKind_ACK_KIND_RECEIVED,
		AlertId: delivery.GetAlertId(),
		Attempt: delivery.GetAttempt(),
	})
	e.start(delivery, refusal)
}

// TakeReply takes one frame of the DEALER socket that is connected to this gateway.
func (e *Executor) TakeReply(gateway string, frame []byte) {
	reply, err := wire.ReadReply(frame)
	if err != nil {
		e.outside.Log.Error("reply_unreadable", "reason", err.Error(), "size_bytes", len(frame))
		return
	}
	from := address{gateway, reply.GetCommandId()}
	held := e.byAddress[from]
	if held == nil {
		// Answered twice, or after it was handed back: the next delivery asks again.
		e.outside.Log.Debug("reply_unexpected", "command_id", reply.GetCommandId())
		return
	}
	if !reply.GetDecided() || reply.GetOutcome() == alertwirev1.Outcome_OUTCOME_UNSPECIFIED {
		e.forget(held)
		e.retry(held.alertID, held.attempt, reply.GetDetail())
		return
	}
	held.replies[from] = reply
	if len(held.replies) == len(held.sent) {
		e.forget(held)
		e.decide(held)
	}
}

// Tick does what is due by the clock: heartbeats, and alerts that a gateway left unanswered.
func (e *Executor) Tick() {
	now := e.outside.Now()
	for _, late := range e.inHand {
		if late.deadline.After(now) {
			continue
		}
		e.forget(late)
		silent := slices.DeleteFunc(slices.Clone(late.sent), func(to address) bool {
			return late.replies[to] != nil
		})
		names := gatewayNames(silent)
		e.outside.Log.Warn("gateway_silent", "alert_id", late.alertID, "gateways", names)
		e.retry(late.alertID, late.attempt, fmt.Sprintf("%s did not answer within %g s", names, GatewayTimeout.Seconds()))
	}
	if !now.Before(e.nextHeartbeat) {
		wait := UnheardAfter
		if e.ack(&alertwirev1.Ack{Kind: alertwirev1.AckKind_ACK_KIND_HEARTBEAT}) {
			wait = HeartbeatEvery
		}
		e.nextHeartbeat = now.Add(wait)
	}
}

// UntilTick is how long Tick is not due.
func (e *Executor) UntilTick() time.Duration {
	return max(0, e.nextHeartbeat.Sub(e.outside.Now()))
}

func (e *Executor) start(delivery *alertwirev1.Delivery, refusal string) {
	if held := e.inHand[delivery.GetAlertId()]; held != nil {
		// The gateways answer both; what the first one was asked no longer matters.
		e.forget(held)
	}
	planned, refusal := e.plan(delivery, refusal)
	now := e.outside.Now()
	fresh := &work{
		alertID:  delivery.GetAlertId(),
		attempt:  delivery.GetAttempt(),
		deadline: now.Add(GatewayTimeout),
		refusal:  refusal,
		replies:  map[address]*alertwirev1.CommandReply{},
	}
	e.inHand[fresh.alertID] = fresh
	var missed []address
	for _, each := range planned {
		to := address{each.Gateway, each.Command.GetCommandId()}
		fresh.sent = append(fresh.sent, to)
		e.byAddress[to] = fresh
		each.Command.Trace = stamped(each.Command.GetTrace(), alertwirev1.Stage_STAGE_COMMANDED, now)
		// To every gateway that can be reached: one that cannot holds up nobody else's orders.
		if !e.outside.SendCommand(each.Gateway, each.Command) {
			missed = append(missed, to)
		}
	}
	if missed != nil {
		e.forget(fresh)
		e.retry(fresh.alertID, fresh.attempt, gatewayNames(missed)+" cannot be reached")
		return
	}
	said := []any{
		"alert_id", fresh.alertID,
		"attempt", fresh.attempt,
		"mode", short(delivery.GetMode()),
		"commands", len(planned),
	}
	if refusal != "" {
		said = append(said, "refusal", refusal)
	}
	e.outside.Log.Info("commands_sent", said...)
}

// plan plans; what cannot be planned is voided, for only the gateway may say that it is over.
func (e *Executor) plan(delivery *alertwirev1.Delivery, refusal string) ([]Planned, string) {
	if delivery.GetMode() == alertwirev1.Mode_MODE_VOID || refusal != "" || delivery.GetAlert() == nil {
		return Void(delivery, e.routes), refusal
	}
	planned, refused := Plan(delivery, e.routes)
	if refused != "" {
		return Void(delivery, e.routes), string(refused)
	}
	return planned, ""
}

func (e *Executor) decide(done *work) {
	ack := &alertwirev1.Ack{
		Kind:    alertwirev1.AckKind_ACK_KIND_DECIDED,
		AlertId: done.alertID,
		Attempt: done.attempt,
	}
	var details []string
	rank := len(telling) - 1
	for _, from := range done.sent {
		reply := done.replies[from]
		rank = min(rank, slices.Index(telling, reply.GetOutcome()))
		if detail := reply.GetDetail(); detail != "" && !slices.Contains(details, detail) {
			details = append(details, detail)
		}
		ack.Commands = append(ack.Commands, &alertwirev1.CommandOutcome{
			CommandId: reply.GetCommandId(),
			Account:   reply.GetAccount(),
			Outcome:   reply.GetOutcome(),
			Detail:    reply.GetDetail(),
		})
		ack.Trace = reply.GetTrace()
	}
	ack.Outcome = telling[rank]
	if done.refusal != "" && ack.Outcome == alertwirev1.Outcome_OUTCOME_VOIDED {
		ack.Outcome, details = alertwirev1.Outcome_OUTCOME_REJECTED, []string{done.refusal}
	}
	ack.Detail = strings.Join(details, "; ")
	e.ack(ack)
	e.outside.Log.Info("alert_decided", "alert_id", done.alertID, "outcome", short(ack.GetOutcome()))
}

func (e *Executor) forget(held *work) {
	delete(e.inHand, held.alertID)
	for _, to := range held.sent {
		delete(e.byAddress, to)
	}
}

func (e *Executor) retry(alertID string, attempt uint32, detail string) {
	e.ack(&alertwirev1.Ack{
		Kind:    alertwirev1.AckKind_ACK_KIND_RETRY,
		AlertId: alertID,
		Attempt: attempt,
		Detail:  detail,
	})
	e.outside.Log.Info("alert_handed_back", "alert_id", alertID, "attempt", attempt, "reason", detail)
}

// ack tells the producer; false where that could not be.
func (e *Executor) ack(ack *alertwirev1.Ack) bool {
	ack.SchemaVersion = wire.SchemaVersion
	ack.ExecutorId = e.id
	if !e.stopping {
		ack.FreeSlots = uint32(max(0, Slots-len(e.inHand)))
	}
	// An ack that cannot leave is not kept: the producer asks again.
	sent := e.outside.SendAck(ack)
	if !sent && ack.GetKind() != alertwirev1.AckKind_ACK_KIND_HEARTBEAT {
		e.outside.Log.Warn("ack_not_sent", "alert_id", ack.GetAlertId(), "kind", short(ack.GetKind()))
	}
	return sent
}

func stamped(trace *alertwirev1.Trace, stage alertwirev1.Stage, at time.Time) *alertwirev1.Trace {
	stamp := &alertwirev1.Stamp{Stage: stage, At: timestamppb.New(at.Truncate(time.Microsecond))}
	return &alertwirev1.Trace{
		Traceparent: trace.GetTraceparent(),
		Stamps:      append(slices.Clip(trace.GetStamps()), stamp),
	}
}

func gatewayNames(at []address) string {
	var names []string
	for _, each := range at {
		name := "gateway " + quoted(each.gateway)
		if each.gateway == DefaultGateway {
			name = "the gateway"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// short is an enum's name without the prefix of its type: ACCEPTED, not OUTCOME_ACCEPTED.
func short(value interface{ String() string }) string {
	name := value.String()
	for _, prefix := range []string{"MODE_", "OUTCOME_", "ACK_KIND_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}
