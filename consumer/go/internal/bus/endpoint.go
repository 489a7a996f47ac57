package bus

import (
	"net/netip"
	"strconv"
	"strings"

	"alertwire/executor/internal/settings"
)

func isTCP(endpoint string) bool { return strings.HasPrefix(endpoint, "tcp://") }

// isLoopback tells whether only this machine's processes can be at the other end. Only addresses
// that say so count, and the one name that must (`localhost`, RFC 6761): any other name is whatever a
// resolver makes of it.
func isLoopback(endpoint string) bool {
	transport, place, _ := strings.Cut(endpoint, "://")
	if transport == "ipc" {
		return true
	}
	// `tcp://SOURCE;DESTINATION` connects from a chosen address (zmq_tcp(7)).
	place = place[strings.LastIndex(place, ";")+1:]
	host := strings.Trim(place[:max(0, strings.LastIndex(place, ":"))], "[]")
	address, err := netip.ParseAddr(host)
	// 127.0.0.0/8 and ::1, not what stands for them: ::ffff:127.0.0.1, ::1%lo.
	isPlain := err == nil && address.Zone() == "" && !address.Is4In6()
	return host == "localhost" || (isPlain && address.IsLoopback())
}

func checkEndpoint(endpoint, setting string) error {
	if path, isFile := strings.CutPrefix(endpoint, "ipc://"); isFile && (path != "" && path[0] == '/' || strings.HasPrefix(path, "./")) {
		return refuseStranger(path, setting)
	}
	if isTCP(endpoint) && hasPort(endpoint) {
		return nil
	}
	return settings.Errorf("%s: '%s' is no endpoint: use tcp://ADDRESS:PORT, or ipc:///PATH for "+
		"processes of one user on one machine", setting, endpoint)
}

// hasPort tells whether one can connect there: libzmq itself takes 0 and 70000, and then waits for ever.
func hasPort(endpoint string) bool {
	place := strings.TrimPrefix(endpoint, "tcp://")
	colon := strings.LastIndex(place, ":")
	port, err := strconv.ParseUint(place[colon+1:], 10, 16)
	return err == nil && colon > 0 && port > 0
}
