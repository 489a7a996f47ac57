package observe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"alertwire/executor/internal/settings"
)

const portSetting = "ALERTWIRE_CONSUMER_HEALTH_PORT"

// ServeHealth serves /healthz, /readyz and /metrics and returns what stops it. Port 0 serves
// nothing. Its error is a *settings.Error: the port is taken.
func ServeHealth(host string, port int) (stop func(), err error) {
	if port == 0 {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		reason := err
		var number syscall.Errno
		if errors.As(err, &number) {
			reason = number
		}
		return nil, settings.Errorf("%s: %s:%d cannot be listened on: %v; set %s to a free port, or to 0 for none",
			portSetting, host, port, reason, portSetting)
	}
	server := &http.Server{Handler: pages(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}

func pages() http.Handler {
	say := func(status int, text string) http.HandlerFunc {
		return func(answer http.ResponseWriter, _ *http.Request) {
			answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
			answer.WriteHeader(status)
			_, _ = io.WriteString(answer, fmt.Sprintln(text))
		}
	}
	served := http.NewServeMux()
	served.HandleFunc("GET /healthz", say(http.StatusOK, "ok"))
	served.HandleFunc("GET /readyz", say(http.StatusOK, "ready"))
	served.Handle("GET /metrics", promhttp.Handler())
	served.HandleFunc("/", say(http.StatusNotFound, "not found"))
	return served
}
