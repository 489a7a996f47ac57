package main

import (
	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/bus"
	"alertwire/executor/internal/executor"
)

// gateways are the sockets to the gateways: one DEALER each, so that a reply tells who sent it.
type gateways struct {
	bus     *bus.Bus
	places  map[string]string
	dealers map[string]*zmq.Socket
}

func openGateways(sockets *bus.Bus) (*gateways, error) {
	dealer, err := sockets.Commands()
	if err != nil {
		return nil, err
	}
	return &gateways{
		bus:     sockets,
		places:  map[string]string{},
		dealers: map[string]*zmq.Socket{executor.DefaultGateway: dealer},
	}, nil
}

// use connects to those that are new or elsewhere now, and leaves those that are gone. With an error
// all stays as it was.
func (g *gateways) use(wanted map[string]string) error {
	opened := map[string]*zmq.Socket{}
	for name, endpoint := range wanted {
		if g.places[name] == endpoint {
			continue
		}
		dealer, err := g.bus.Gateway(name, endpoint)
		if err != nil {
			for _, dealer := range opened {
				g.bus.CloseSocket(dealer)
			}
			return err
		}
		opened[name] = dealer
	}
	for name, endpoint := range g.places {
		if wanted[name] != endpoint {
			g.bus.CloseSocket(g.dealers[name])
			delete(g.dealers, name)
			delete(g.places, name)
		}
	}
	for name, dealer := range opened {
		g.dealers[name], g.places[name] = dealer, wanted[name]
	}
	return nil
}

// send sends without waiting; false where that gateway cannot take it now.
func (g *gateways) send(name string, frame []byte) bool {
	dealer := g.dealers[name]
	return dealer != nil && bus.TrySend(dealer, frame)
}
