package observe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"alertwire/executor/internal/settings"
)

const (
	portSetting = "ALERTWIRE_CONSUMER_HEALTH_PORT"
	// A client that is slower than this, or silent for so long, is hung up on.
	clientTimeout = 5 * time.Second
)

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
		return nil, settings.Errorf("%s: %s:%d cannot be listened on: %v; set %s to a free port, or to 0 for none, "+
			"and ALERTWIRE_HEALTH_HOST to an address of this machine", portSetting, host, port, reason, portSetting)
	}
	server := &http.Server{
		Handler:      http.HandlerFunc(answer),
		ReadTimeout:  clientTimeout,
		WriteTimeout: clientTimeout,
		IdleTimeout:  clientTimeout,
	}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}

// answer answers a probe. Paths are compared to the letter, as in the other languages: no redirects.
func answer(to http.ResponseWriter, request *http.Request) {
	say := func(status int, text string) {
		to.Header().Set("Content-Type", "text/plain; charset=utf-8")
		to.WriteHeader(status)
		_, _ = io.WriteString(to, fmt.Sprintln(text))
	}
	path, _, _ := strings.Cut(request.RequestURI, "?")
	switch {
	case request.Method != http.MethodGet && request.Method != http.MethodHead:
		say(http.StatusNotImplemented, "only GET and HEAD are answered")
	case path == "/healthz":
		say(http.StatusOK, "ok")
	case path == "/readyz":
		say(http.StatusOK, "ready")
	case path == "/metrics":
		promhttp.Handler().ServeHTTP(to, request)
	default:
		say(http.StatusNotFound, "not found")
	}
}
