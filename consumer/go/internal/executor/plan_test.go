package executor_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	alertwirev1 "alertwire/executor/alertwire/v1"
	"alertwire/executor/internal/executor"
	"alertwire/executor/internal/settings"
)

type planVector struct {
	Routes        map[string]any
	KnownGateways []string `json:"known_gateways"`
	Delivery      json.RawMessage
	Commands      []json.RawMessage
	Gateways      []string
	Refused       string
	Void          json.RawMessage
}

func TestGoldenPlans(t *testing.T) {
	paths, err := filepath.Glob("../../../../proto/vectors/plans/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var vector planVector
			if err := json.Unmarshal(text, &vector); err != nil {
				t.Fatal(err)
			}
			delivery := &alertwirev1.Delivery{}
			if err := protojson.Unmarshal(vector.Delivery, delivery); err != nil {
				t.Fatal(err)
			}

			planned, refused := plan(delivery, vector.routes(t))

			if string(refused) != vector.Refused {
				t.Errorf("refused with %q, want %q", refused, vector.Refused)
			}
			vector.compare(t, planned)
		})
	}
}

func plan(delivery *alertwirev1.Delivery, routes settings.Routes) ([]executor.Planned, executor.Refusal) {
	if delivery.GetMode() == alertwirev1.Mode_MODE_VOID || delivery.GetAlert() == nil {
		return executor.Void(delivery, routes), ""
	}
	planned, refused := executor.Plan(delivery, routes)
	if refused != "" {
		planned = executor.Void(delivery, routes)
	}
	return planned, refused
}

// routes reads the vector's routes as the alertwire.toml that would hold them.
func (v planVector) routes(t *testing.T) settings.Routes {
	t.Helper()
	gateways := map[string]any{}
	for _, name := range v.KnownGateways {
		gateways[name] = map[string]any{"commands_endpoint": "ipc:///" + name + ".socket"}
	}
	text, err := toml.Marshal(map[string]any{"routes": v.Routes, "gateways": gateways})
	if err != nil {
		t.Fatal(err)
	}
	routes, err := settings.ReadRoutes(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return routes
}

func (v planVector) compare(t *testing.T, planned []executor.Planned) {
	t.Helper()
	wanted := v.Commands
	if v.Void != nil {
		wanted = []json.RawMessage{v.Void}
	}
	if len(planned) != len(wanted) {
		t.Fatalf("%d commands, want %d", len(planned), len(wanted))
	}
	for i, each := range planned {
		want := &alertwirev1.OrderCommand{}
		if err := protojson.Unmarshal(wanted[i], want); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(each.Command, want) {
			t.Errorf("command %d:\n%v\nwant:\n%v", i, each.Command, want)
		}
		gateway := executor.DefaultGateway
		if v.Gateways != nil {
			gateway = v.Gateways[i]
		}
		if each.Gateway != gateway {
			t.Errorf("command %d goes to %q, want %q", i, each.Gateway, gateway)
		}
	}
}

func TestEveryFieldOfACommandIsFilledFromAFullAlert(t *testing.T) {
	text, err := os.ReadFile("../../../../proto/vectors/plans/everything_set.json")
	if err != nil {
		t.Fatal(err)
	}
	var vector planVector
	if err := json.Unmarshal(text, &vector); err != nil {
		t.Fatal(err)
	}
	delivery := &alertwirev1.Delivery{}
	if err := protojson.Unmarshal(vector.Delivery, delivery); err != nil {
		t.Fatal(err)
	}
	delivery.Alert.Closes = alertwirev1.MarketPosition_MARKET_POSITION_LONG
	delivery.Alert.Scope = alertwirev1.Scope_SCOPE_STRATEGY
	delivery.Alert.Accounts = []string{"DU1"}
	routes := settings.Routes{ByName: map[string]settings.Route{
		delivery.Alert.Route: {Accounts: []settings.Account{{ID: "DU1", Multiplier: "2"}}},
	}}

	planned, _ := executor.Plan(delivery, routes)

	command := planned[0].Command.ProtoReflect()
	for i := range command.Descriptor().Fields().Len() {
		if field := command.Descriptor().Fields().Get(i); !command.Has(field) {
			t.Errorf("%s is left out", field.Name())
		}
	}
}
