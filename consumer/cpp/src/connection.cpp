#include "connection.h"

#include <cstring>
#include <utility>

namespace alertwire {
namespace {

// The next attempt is told at once by the thread that told of the end. One that is begun anew may
// end the same way: so this is also the pause between them.
constexpr std::chrono::milliseconds kGivenUp{500};
constexpr int kEvents = ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

constexpr Connection::Complaint kTurnedAway{
    "it hung up before it let us in",
    "allow our key there (alertwire keys allow) and compare its public key here"};
constexpr Connection::Complaint kHalfEncrypted{
    "only one of us speaks with encryption",
    "restart it and this process with keys on both sides, or on neither"};
constexpr Connection::Complaint kAnotherKind{
    "another kind of socket answers there",
    "see what listens at this endpoint, and compare the endpoints of both sides"};

}  // namespace

Connection::Connection(zmq::context_t& context, zmq::socket_t socket, const std::string& place,
                       std::string endpoint, std::string setting, bool has_keys)
    : socket_(std::move(socket)),
      monitor_(context, zmq::socket_type::pair),
      endpoint_(std::move(endpoint)),
      setting_(std::move(setting)),
      has_keys_(has_keys) {
    if (zmq_socket_monitor(socket_.handle(), place.c_str(), kEvents) != 0) {
        throw zmq::error_t();
    }
    monitor_.set(zmq::sockopt::linger, 0);
    // Bounded by the pace of attempts; libzmq's thread would wait for a reader that has too many.
    monitor_.set(zmq::sockopt::rcvhwm, 0);
    monitor_.connect(place);
    socket_.connect(endpoint_);
}

Connection::~Connection() {
    // First of all: libzmq's thread waits to tell one whose reader is gone (libzmq issue 3575).
    zmq_socket_monitor(socket_.handle(), nullptr, 0);
}

std::vector<Connection::Complaint> Connection::tend(Clock::Instant now) {
    std::vector<Complaint> complaints;
    hear(now, complaints);
    if (ended_ && now - *ended_ >= kGivenUp) {
        if (!is_explained_) {
            complaints.push_back(kAnotherKind);
        }
        begin_anew();
    }
    return complaints;
}

void Connection::hear(Clock::Instant now, std::vector<Complaint>& complaints) {
    // Two frames: 16 bits of event and 32 of value, then the endpoint (zmq_socket_monitor(3)).
    zmq::message_t event;
    zmq::message_t where;
    while (monitor_.recv(event, zmq::recv_flags::dontwait) && monitor_.recv(where)) {
        std::uint16_t kind = 0;
        std::uint32_t code = 0;
        if (event.size() != sizeof kind + sizeof code) {
            continue;
        }
        std::memcpy(&kind, event.data(), sizeof kind);
        std::memcpy(&code, event.data<char>() + sizeof kind, sizeof code);
        if (kind == ZMQ_EVENT_DISCONNECTED) {
            ended_ = now;
        } else if (kind == ZMQ_EVENT_CONNECT_RETRIED) {
            ended_.reset();
            is_explained_ = false;
        } else if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
            complaints.push_back({kHalfEncrypted.reason, kHalfEncrypted.remedy, code});
            is_explained_ = true;
        } else if (has_keys_ || kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
            // Without keys nobody is turned away: the other end was stopped just then.
            complaints.push_back({kTurnedAway.reason, kTurnedAway.remedy, code});
            is_explained_ = true;
        }
    }
}

void Connection::begin_anew() {
    ended_.reset();
    is_explained_ = false;
    // ENOENT: libzmq forgot the endpoint together with its connection.
    if (zmq_disconnect(socket_.handle(), endpoint_.c_str()) != 0 && zmq_errno() != ENOENT) {
        throw zmq::error_t();
    }
    socket_.connect(endpoint_);
}

}  // namespace alertwire
