package bus

import (
	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/settings"
)

// loadPair reads this process's keys once; false where there are none.
func (b *Bus) loadPair() (bool, error) {
	if b.own == nil {
		found, err := readPair(b.settings.BusKeysFolder())
		if err != nil {
			return false, err
		}
		if found != nil && !zmq.HasCurve() {
			return false, settings.Errorf("%s has keys, but this libzmq was built without CURVE",
				b.settings.BusKeysFolder())
		}
		b.own = found
	}
	return b.own != nil, nil
}

// encrypt makes a socket speak to a server whose public key is known, and to no other.
func (b *Bus) encrypt(socket *zmq.Socket, server, setting string) error {
	key, err := readPublic(b.settings.BusKeysFolder(), server)
	if err != nil {
		return err
	}
	for _, err := range []error{
		socket.SetCurveServerkey(key),
		socket.SetCurvePublickey(b.own.public),
		socket.SetCurveSecretkey(b.own.secret),
	} {
		if err != nil {
			return settings.Errorf("%s: cannot be encrypted: %v", setting, err)
		}
	}
	return nil
}
