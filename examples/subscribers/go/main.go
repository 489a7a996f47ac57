// Prints every OrderReport of Alertwire's gateway, and says when some were missed.
package main

import (
	"cmp"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	zmq "github.com/pebbe/zmq4"
	"google.golang.org/protobuf/proto"

	alertwirev1 "alertwire/executor/alertwire/v1"
)

func main() {
	subscriber, err := zmq.NewSocket(zmq.SUB)
	check(err)
	check(subscriber.SetSubscribe(""))
	encrypt(subscriber, filepath.Join(cmp.Or(os.Getenv("ALERTWIRE_HOME"), "var"), "keys", "bus"))
	check(subscriber.Connect(cmp.Or(os.Getenv("ALERTWIRE_REPORTS_ENDPOINT"), "tcp://127.0.0.1:5558")))
	for next := map[string]uint64{}; ; { // by gateway: a restarted one counts from 1 again
		frame, err := subscriber.RecvBytes(0)
		check(err)
		report := &alertwirev1.OrderReport{}
		if err := proto.Unmarshal(frame, report); err != nil || report.GetSchemaVersion() != 1 {
			log.Printf("not an OrderReport that this program knows: %d bytes", len(frame))
			continue
		}
		if expected := next[report.GetGatewayId()]; expected != 0 && report.GetNumber() != expected {
			log.Printf("missed %d to %d: see `alertwire orders`", expected, report.GetNumber()-1)
		}
		next[report.GetGatewayId()] = report.GetNumber() + 1
		fmt.Println(report.GetNumber(), report.GetOrderRef(), report.GetSide(), report.GetFilled().GetValue(),
			"of", report.GetQuantity().GetValue(), report.GetInstrument().GetSymbol(), report.GetState(), report.GetDetail())
	}
}

// encrypt speaks CURVE where there is a key: alertwire keys new subscriber, keys allow subscriber.
func encrypt(subscriber *zmq.Socket, folder string) {
	secret, err := os.ReadFile(filepath.Join(folder, "subscriber.key_secret"))
	if err != nil {
		return
	}
	server, err := os.ReadFile(filepath.Join(folder, "gateway.key"))
	check(err)
	own := strings.TrimSpace(string(secret))
	public, err := zmq.AuthCurvePublic(own)
	check(err)
	check(subscriber.ClientAuthCurve(strings.TrimSpace(string(server)), public, own))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
