package observe

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// What the executor counts, under the names that every executor has.
var (
	Acks = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "alertwire_executor_acks_total", Help: "Acks sent to the producer.",
	}, []string{"kind"})
	Commands = promauto.NewCounter(prometheus.CounterOpts{
		Name: "alertwire_executor_commands_total", Help: "Commands sent to the gateway.",
	})
	InHand = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "alertwire_executor_alerts_in_hand", Help: "Alerts waiting for the gateway.",
	})
)
