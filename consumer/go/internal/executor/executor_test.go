package executor_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/executor"
	"alertwire/executor/internal/settings"
)

// bench is an executor between a producer and gateways that are the test.
type bench struct {
	*executor.Executor
	t         *testing.T
	now       time.Time
	acks      []*alertwirev1.Ack
	sent      []executor.Planned
	isAway    map[string]bool
	isUnheard bool
	reference *alertwirev1.Delivery
}

func newBench(t *testing.T, routes settings.Routes) *bench {
	t.Helper()
	frame, err := os.ReadFile("../../../../proto/vectors/messages/delivery_execute.binpb")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, now: time.Unix(1_800_000_000, 0), isAway: map[string]bool{}, reference: &alertwirev1.Delivery{}}
	if err := proto.Unmarshal(frame, b.reference); err != nil {
		t.Fatal(err)
	}
	b.Executor = executor.New("consumer-test", routes, executor.Outside{
		Now: func() time.Time { return b.now },
		SendAck: func(ack *alertwirev1.Ack) bool {
			b.acks = append(b.acks, ack)
			return !b.isUnheard
		},
		SendCommand: func(gateway string, command *alertwirev1.OrderCommand) bool {
			if b.isAway[gateway] {
				return false
			}
			b.sent = append(b.sent, executor.Planned{Gateway: gateway, Command: command})
			return true
		},
		Log: slog.New(slog.DiscardHandler),
	})
	return b
}

var (
	builtIn     = settings.Routes{ByName: map[string]settings.Route{"default": {}}}
	twoGateways = settings.Routes{
		ByName: map[string]settings.Route{"default": {Accounts: []settings.Account{
			{ID: "DU1"}, {ID: "DU2", Gateway: "second"},
		}}},
		Gateways: map[string]string{"second": "tcp://127.0.0.1:5567"},
	}
)

func (b *bench) deliver(change func(*alertwirev1.Delivery)) {
	b.t.Helper()
	delivery := proto.CloneOf(b.reference)
	if change != nil {
		change(delivery)
	}
	b.TakeDelivery(b.frame(delivery))
}

func (b *bench) frame(message proto.Message) []byte {
	b.t.Helper()
	frame, err := proto.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	return frame
}

func (b *bench) reply(to executor.Planned, outcome alertwirev1.Outcome, detail string) {
	b.t.Helper()
	b.TakeReply(to.Gateway, b.frame(&alertwirev1.CommandReply{
		SchemaVersion: 1,
		CommandId:     to.Command.GetCommandId(),
		Decided:       outcome != alertwirev1.Outcome_OUTCOME_UNSPECIFIED,
		Outcome:       outcome,
		Detail:        detail,
		Account:       to.Command.GetAccount(),
	}))
}

// last returns the last ack, which must be of this kind.
func (b *bench) last(kind alertwirev1.AckKind) *alertwirev1.Ack {
	b.t.Helper()
	if len(b.acks) == 0 || b.acks[len(b.acks)-1].GetKind() != kind {
		b.t.Fatalf("acks %v, want %v last", b.acks, kind)
	}
	return b.acks[len(b.acks)-1]
}

func (b *bench) lastIs(kind alertwirev1.AckKind, outcome alertwirev1.Outcome, detail string) {
	b.t.Helper()
	ack := b.last(kind)
	if ack.GetOutcome() != outcome || ack.GetDetail() != detail {
		b.t.Errorf("%v %q, want %v %q", ack.GetOutcome(), ack.GetDetail(), outcome, detail)
	}
	if b.InHand() != 0 {
		b.t.Errorf("%d still in hand", b.InHand())
	}
}

const (
	received  = alertwirev1.AckKind_ACK_KIND_RECEIVED
	decided   = alertwirev1.AckKind_ACK_KIND_DECIDED
	retry     = alertwirev1.AckKind_ACK_KIND_RETRY
	heartbeat = alertwirev1.AckKind_ACK_KIND_HEARTBEAT

	undecided = alertwirev1.Outcome_OUTCOME_UNSPECIFIED
	accepted  = alertwirev1.Outcome_OUTCOME_ACCEPTED
	rejected  = alertwirev1.Outcome_OUTCOME_REJECTED
	voided    = alertwirev1.Outcome_OUTCOME_VOIDED
	unknown   = alertwirev1.Outcome_OUTCOME_UNKNOWN
)

func TestADeliveryIsReceivedCommandedAndDecided(t *testing.T) {
	b := newBench(t, builtIn)

	b.deliver(nil)
	ack := b.last(received)
	if ack.GetAlertId() != b.reference.GetAlertId() || ack.GetAttempt() != 1 || ack.GetExecutorId() != "consumer-test" {
		t.Errorf("ack %v", ack)
	}
	stamps := b.sent[0].Command.GetTrace().GetStamps()
	if last := stamps[len(stamps)-1]; last.GetStage() != alertwirev1.Stage_STAGE_COMMANDED || !last.GetAt().AsTime().Equal(b.now) {
		t.Errorf("stamps %v", stamps)
	}
	b.reply(b.sent[0], accepted, "buy 10 AAPL")

	b.lastIs(decided, accepted, "buy 10 AAPL")
	if commands := b.acks[len(b.acks)-1].GetCommands(); len(commands) != 1 || commands[0].GetOutcome() != accepted {
		t.Errorf("commands %v", commands)
	}
}

func TestTheMostTellingOutcomeOfTheAccountsIsTheAlerts(t *testing.T) {
	for _, each := range []struct{ first, second, want alertwirev1.Outcome }{
		{accepted, unknown, unknown},
		{rejected, accepted, accepted},
		{voided, rejected, rejected},
	} {
		b := newBench(t, twoGateways)
		b.deliver(nil)
		b.reply(b.sent[1], each.second, "said")
		b.reply(b.sent[0], each.first, "said")

		b.lastIs(decided, each.want, "said")
	}
}

func TestAnUndecidedReplyHandsTheAlertBackWithItsWords(t *testing.T) {
	b := newBench(t, twoGateways)
	b.deliver(nil)

	b.reply(b.sent[0], undecided, "not connected")

	b.lastIs(retry, undecided, "not connected")
	b.reply(b.sent[1], accepted, "")
	b.last(retry)
}

func TestAGatewayThatCannotBeReachedHoldsUpNobodyElse(t *testing.T) {
	b := newBench(t, twoGateways)
	b.isAway[executor.DefaultGateway] = true

	b.deliver(nil)

	b.lastIs(retry, undecided, "the gateway cannot be reached")
	if len(b.sent) != 1 || b.sent[0].Gateway != "second" {
		t.Errorf("sent %v", b.sent)
	}
}

func TestASilentGatewayIsWaitedForEightSeconds(t *testing.T) {
	b := newBench(t, twoGateways)
	b.deliver(nil)
	b.reply(b.sent[0], accepted, "")

	b.now = b.now.Add(executor.GatewayTimeout - time.Millisecond)
	b.Tick()
	if b.InHand() != 1 {
		t.Fatal("handed back too early")
	}
	b.now = b.now.Add(time.Millisecond)
	b.Tick()

	b.lastIs(retry, undecided, "gateway 'second' did not answer within 8 s")
}

func TestAReplyCountsForTheGatewayThatItCameFrom(t *testing.T) {
	b := newBench(t, twoGateways)
	b.deliver(func(d *alertwirev1.Delivery) { d.Mode = alertwirev1.Mode_MODE_VOID; d.Alert.Action = 99 })

	b.reply(b.sent[0], voided, "")
	b.reply(b.sent[0], voided, "")
	if b.InHand() != 1 {
		t.Fatal("decided by one gateway's word")
	}
	b.reply(b.sent[1], voided, "")

	b.lastIs(decided, voided, "")
}

func TestWhatCannotBePlannedIsVoidedAndThenRejectedWithTheReason(t *testing.T) {
	for reason, change := range map[string]func(*alertwirev1.Delivery){
		"the alert cannot be read: Alert.action was not set": func(d *alertwirev1.Delivery) { d.Alert.Action = 0 },
		"account DU9 is not among those of route 'default'": func(d *alertwirev1.Delivery) {
			d.Alert.Accounts = []string{"DU9"}
		},
	} {
		b := newBench(t, twoGateways)
		b.deliver(change)
		for _, each := range b.sent {
			if each.Command.GetMode() != alertwirev1.Mode_MODE_VOID {
				t.Errorf("sent %v", each.Command)
			}
			b.reply(each, voided, "")
		}

		b.lastIs(decided, rejected, reason)
	}
}

func TestWhatWasCarriedOutBeforeItCouldNotBePlannedStaysAccepted(t *testing.T) {
	b := newBench(t, builtIn)
	b.deliver(func(d *alertwirev1.Delivery) { d.Alert.Route = "other" })

	b.reply(b.sent[0], accepted, "buy 10 AAPL")

	b.lastIs(decided, accepted, "buy 10 AAPL")
}

func TestASecondDeliveryReplacesTheFirst(t *testing.T) {
	b := newBench(t, builtIn)
	b.deliver(nil)
	b.deliver(func(d *alertwirev1.Delivery) { d.Attempt = 2 })

	b.reply(b.sent[1], accepted, "")

	b.lastIs(decided, accepted, "")
	if attempt := b.acks[len(b.acks)-1].GetAttempt(); attempt != 2 {
		t.Errorf("attempt %d", attempt)
	}
}

func TestAnUnknownVersionIsHandedBackAndRubbishDropped(t *testing.T) {
	b := newBench(t, builtIn)

	b.deliver(func(d *alertwirev1.Delivery) { d.SchemaVersion = 2 })
	b.lastIs(retry, undecided, "Delivery has schema version 2, this program knows 1")
	b.TakeDelivery([]byte("rubbish"))
	b.TakeReply("", []byte("rubbish"))

	if len(b.acks) != 1 || len(b.sent) != 0 {
		t.Errorf("acks %v, sent %v", b.acks, b.sent)
	}
}

func TestHeartbeatsTellFreeSlotsAndNoneWhenItStops(t *testing.T) {
	b := newBench(t, builtIn)
	b.deliver(nil)

	b.Tick()
	if free := b.last(heartbeat).GetFreeSlots(); free != executor.Slots-1 {
		t.Errorf("%d slots", free)
	}
	if wait := b.UntilTick(); wait != executor.HeartbeatEvery {
		t.Errorf("next in %v", wait)
	}
	b.Stop()
	if free := b.last(heartbeat).GetFreeSlots(); free != 0 {
		t.Errorf("%d slots while stopping", free)
	}
	b.reply(b.sent[0], accepted, "")
	b.lastIs(decided, accepted, "")
}

func TestAHeartbeatThatNobodyTookIsTriedAgainSoon(t *testing.T) {
	b := newBench(t, builtIn)
	b.isUnheard = true
	b.Tick()
	if wait := b.UntilTick(); wait != executor.UnheardAfter {
		t.Errorf("next in %v", wait)
	}
	b.isUnheard = false
	b.now = b.now.Add(executor.UnheardAfter)
	b.Tick()
	if wait := b.UntilTick(); len(b.acks) != 2 || wait != executor.HeartbeatEvery {
		t.Errorf("%d heartbeats, next in %v", len(b.acks), wait)
	}
}

func TestNewRoutesCountFromTheNextDelivery(t *testing.T) {
	b := newBench(t, builtIn)
	b.deliver(nil)
	b.Use(twoGateways)
	b.deliver(func(d *alertwirev1.Delivery) { d.AlertId = "01JD4Z6T5VQ2M8XWJ3C9R7H1KC" })

	if len(b.sent) != 3 || b.sent[0].Command.GetAccount() != "" || b.sent[2].Gateway != "second" {
		t.Errorf("sent %v", b.sent)
	}
	b.reply(b.sent[0], accepted, "")
	if b.InHand() != 1 {
		t.Errorf("%d in hand", b.InHand())
	}
}
