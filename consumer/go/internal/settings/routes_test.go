package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestWithoutAFileThereIsTheBuiltInRoute(t *testing.T) {
	found, err := LoadRoutes(filepath.Join(t.TempDir(), "none.toml"))

	want := Routes{ByName: map[string]Route{"default": {}}, Gateways: map[string]string{}}
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRoutesGatewaysAndAccountsAreRead(t *testing.T) {
	found, err := ReadRoutes(`
		[limits]
		orders_per_day_max = 50
		[accounts.DU1.limits]
		order_value_max = 1000
		[gateways.second]
		commands_endpoint = "tcp://127.0.0.1:5567"
		[routes.plain]
		token = "something-long-enough-to-be-a-token"
		accounts = ["DU1", "DU2"]
		[routes.full]
		quantity = 3
		symbols = { ES = { security_type = "future" } }
		[[routes.full.accounts]]
		id = "DU3"
		multiplier = 0.5
		gateway = "second"
		[[routes.full.accounts]]
		id = "DU4"
		multiplier = "2"
		[[routes.full.accounts]]
		id = "DU5"
		multiplier = 1.0
	`)

	want := Routes{
		ByName: map[string]Route{
			"plain": {Accounts: []Account{{ID: "DU1"}, {ID: "DU2"}}},
			"full": {Accounts: []Account{
				{ID: "DU3", Multiplier: "0.5", Gateway: "second"}, {ID: "DU4", Multiplier: "2"}, {ID: "DU5"},
			}},
		},
		Gateways: map[string]string{"second": "tcp://127.0.0.1:5567"},
		Sections: []string{"accounts.DU1", "gateways.second", "limits", "routes.full", "routes.plain"},
	}
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWhatWouldOrderOtherwiseThanMeantIsRefused(t *testing.T) {
	const account = "[[routes.r.accounts]]\nid = \"DU1\"\n"
	for text, reason := range map[string]string{
		"[routes.r": "line 1: toml",
		"[routes.r]\naccounts = [\"A\"]\naccounts = [\"B\"]":               "already defined",
		account + "[routes.r]\naccounts = [\"B\"]":                         "already defined",
		"[routes.r]\rquantity = 1\r":                                       "toml",
		"routes.r = 3":                                                     "must be a table",
		"gateways = 3":                                                     "must be a table",
		"routes = 3":                                                       "routes",
		"[routes.r]\naccount = [\"DU1\"]":                                  "routes.r: account is not a setting",
		"[routes.r]\naccounts = \"DU1\"":                                   "accounts",
		"[routes.r]\naccounts = [3]":                                       "id must be text",
		"[routes.r]\naccounts = [\"\"]":                                    "id must be set",
		"[routes.r]\naccounts = [\"DU1\", \"DU1\"]":                        "an account twice",
		"[routes.\"a b\"]":                                                 "must be a table",
		account + "multiplyer = 2":                                         "multiplyer is not a setting",
		account + "multiplier = 0":                                         "multiplier must be",
		account + "multiplier = -1":                                        "multiplier must be",
		account + "multiplier = nan":                                       "multiplier must be",
		account + "multiplier = 1e9":                                       "multiplier must be",
		account + "multiplier = 0.0000001":                                 "multiplier must be",
		account + "multiplier = true":                                      "multiplier must be",
		account + "gateway = \"second\"":                                   "[gateways] does not name",
		account + "gateway = 2":                                            "gateway must be text",
		"[gateways.g]":                                                     "commands_endpoint must be set",
		"[gateways.g]\ncommands = \"tcp://127.0.0.1:1\"":                   "gateways.g: commands is not a setting",
		"[gateways]\na.commands_endpoint=\"x\"\nb.commands_endpoint=\"x\"": "same commands_endpoint",
		"[gateways.g]\ncommands_endpoint = \"x\"\n[routes.a]\naccounts = [{id=\"DU1\", gateway=\"g\"}]\n" +
			"[routes.b]\naccounts = [\"DU1\"]": "only one ledger",
	} {
		found, err := ReadRoutes(text)

		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %+v, %v", text, found, err)
		}
	}
}

func TestAFileThatCannotBeReadIsNoEmptyFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "alertwire.toml")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}

	if _, err := LoadRoutes(folder); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("error %v", err)
	}
}
