package executor

import (
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/settings"
	"alertwire/executor/internal/wire"
)

// DefaultGateway is the name of the gateway at ALERTWIRE_COMMANDS_ENDPOINT.
const DefaultGateway = ""

// Planned is a command and the gateway that it goes to.
type Planned struct {
	Gateway string
	Command *alertwirev1.OrderCommand
}

// Refusal says why no command can be made of an alert.
type Refusal string

// Plan makes commands of an alert and its route's settings: one per account, numbered from 1 in the
// order of the accounts, so that the same alert planned again gives the same ids. It is a pure
// function; proto/vectors/plans holds its golden results. Side and size are not worked out here:
// only the gateway knows the account's truth. Parts of the alert are shared, not copied.
func Plan(delivery *alertwirev1.Delivery, routes settings.Routes) ([]Planned, Refusal) {
	alert := delivery.GetAlert()
	route, known := routes.ByName[alert.GetRoute()]
	if !known {
		return nil, Refusal(fmt.Sprintf("route %s is not in this executor's configuration; "+
			"producer and executors must read the same alertwire.toml", quoted(alert.GetRoute())))
	}
	accounts, refusal := accountsOf(alert, route)
	if refusal != "" {
		return nil, refusal
	}
	planned := make([]Planned, len(accounts))
	for i, account := range accounts {
		planned[i] = Planned{account.Gateway, command(delivery, account, i+1)}
	}
	return planned, ""
}

// Void makes the commands that see to it that an alert is never carried out, unless it was: one for
// each gateway with an account of the alert, for every gateway where nobody can tell which. Each is
// made from the envelope; where the alert can be read it says which trade is voided, so that the
// close of an entry that never came only reduces: in which account, where it is exactly one of that
// gateway, and where the route does not list it, which the alert names itself. An empty account stands
// for all.
func Void(delivery *alertwirev1.Delivery, routes settings.Routes) []Planned {
	envelope := &alertwirev1.OrderCommand{
		SchemaVersion: wire.SchemaVersion,
		StreamId:      delivery.GetStreamId(),
		AlertId:       delivery.GetAlertId(),
		CommandId:     delivery.GetAlertId(),
		Key:           delivery.GetKey(),
		Seq:           delivery.GetSeq(),
		Mode:          alertwirev1.Mode_MODE_VOID,
		Trace:         delivery.GetTrace(),
	}
	everywhere := append([]string{DefaultGateway}, routes.GatewayNames()...)
	alert := delivery.GetAlert()
	if alert == nil {
		return voids(envelope, everywhere, nil)
	}
	envelope.Strategy = alert.GetStrategy()
	envelope.Instrument = alert.GetInstrument()
	envelope.Action = alert.GetAction()
	envelope.Sizing = alert.GetSizing()
	route, known := routes.ByName[alert.GetRoute()]
	accounts, refusal := accountsOf(alert, route)
	behind := map[string][]string{}
	var gateways []string
	if !known || refusal != "" {
		// Whose accounts they are is not known; which ones the alert was for, it says itself.
		var named []string
		for _, id := range alert.GetAccounts() {
			if !slices.Contains(named, id) {
				named = append(named, id)
			}
		}
		gateways = everywhere
		for _, gateway := range everywhere {
			behind[gateway] = named
		}
	} else {
		for _, account := range accounts {
			if !slices.Contains(gateways, account.Gateway) {
				gateways = append(gateways, account.Gateway)
			}
			behind[account.Gateway] = append(behind[account.Gateway], account.ID)
		}
	}
	return voids(envelope, gateways, behind)
}

func voids(envelope *alertwirev1.OrderCommand, gateways []string, behind map[string][]string) []Planned {
	planned := make([]Planned, len(gateways))
	for i, gateway := range gateways {
		command := proto.CloneOf(envelope)
		if accounts := behind[gateway]; len(accounts) == 1 {
			command.Account = accounts[0]
		}
		planned[i] = Planned{gateway, command}
	}
	return planned
}

// accountsOf returns the accounts to trade; one without an id is the broker's only account.
func accountsOf(alert *alertwirev1.Alert, route settings.Route) ([]settings.Account, Refusal) {
	if len(alert.GetAccounts()) == 0 {
		if len(route.Accounts) == 0 {
			return []settings.Account{{}}, ""
		}
		return route.Accounts, ""
	}
	var found []settings.Account
	for _, id := range alert.GetAccounts() {
		if slices.Contains(idsOf(found), id) {
			continue
		}
		at := slices.Index(idsOf(route.Accounts), id)
		switch {
		case len(route.Accounts) == 0:
			found = append(found, settings.Account{ID: id})
		case at < 0:
			return nil, Refusal(fmt.Sprintf("account %s is not among those of route %s", id, quoted(alert.GetRoute())))
		default:
			found = append(found, route.Accounts[at])
		}
	}
	return found, ""
}

func idsOf(accounts []settings.Account) []string {
	ids := make([]string, len(accounts))
	for i, account := range accounts {
		ids[i] = account.ID
	}
	return ids
}

func command(delivery *alertwirev1.Delivery, account settings.Account, number int) *alertwirev1.OrderCommand {
	alert := delivery.GetAlert()
	made := &alertwirev1.OrderCommand{
		SchemaVersion:      wire.SchemaVersion,
		StreamId:           delivery.GetStreamId(),
		AlertId:            delivery.GetAlertId(),
		CommandId:          delivery.GetAlertId() + "-" + strconv.Itoa(number),
		Key:                delivery.GetKey(),
		Seq:                delivery.GetSeq(),
		Mode:               alertwirev1.Mode_MODE_EXECUTE,
		NotAfter:           delivery.GetNotAfter(),
		Account:            account.ID,
		Strategy:           alert.GetStrategy(),
		Instrument:         alert.GetInstrument(),
		Action:             alert.GetAction(),
		Sizing:             alert.GetSizing(),
		Entry:              alert.GetEntry(),
		TakeProfits:        alert.GetTakeProfits(),
		StopLoss:           alert.GetStopLoss(),
		TimeInForce:        alert.GetTimeInForce(),
		GoodTill:           alert.GetGoodTill(),
		GoodAfter:          alert.GetGoodAfter(),
		OutsideRth:         alert.GetOutsideRth(),
		CancelWorkingFirst: alert.GetCancelWorkingFirst(),
		OrderId:            alert.GetOrderId(),
		Trace:              delivery.GetTrace(),
		Closes:             alert.GetCloses(),
		Scope:              alert.GetScope(),
		Route:              alert.GetRoute(),
		Position:           alert.GetPosition(),
		Price:              alert.GetPrice(),
	}
	if account.Multiplier != "" {
		made.Multiplier = &alertwirev1.Decimal{Value: string(account.Multiplier)}
	}
	return made
}

func quoted(name string) string { return "'" + name + "'" }
