#include "health.h"

#include <CivetServer.h>

#include <mutex>
#include <utility>
#include <vector>

#include "faults.h"

namespace alertwire {
namespace {

constexpr const char* kSetting = "ALERTWIRE_CONSUMER_HEALTH_PORT";
// A client that says nothing keeps one of the threads for so long.
constexpr const char* kThreads = "4";
constexpr const char* kClientTimeoutMs = "1000";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

class Page : public CivetHandler {
public:
    Page(const char* kind, Health::Metrics body) : kind_(kind), body_(std::move(body)) {}

    bool handleGet(CivetServer* /*server*/, mg_connection* connection) override {
        const std::string said = body_();
        mg_send_http_ok(connection, kind_, static_cast<long long>(said.size()));
        mg_write(connection, said.data(), said.size());
        return true;
    }

private:
    const char* kind_;
    Health::Metrics body_;
};

// What the server first complained of, which is the cause; it would go to stderr beside our log.
class Complaint {
public:
    void take(const char* text) {
        const std::scoped_lock lock(mutex_);
        if (text_.empty()) {
            text_ = text;
        }
    }
    [[nodiscard]] std::string text() const {
        const std::scoped_lock lock(mutex_);
        return text_;
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

int complain(const mg_connection* connection, const char* message) {
    const auto* server = static_cast<CivetServer*>(mg_get_user_data(mg_get_context(connection)));
    static_cast<Complaint*>(const_cast<void*>(server->getUserContext()))->take(message);
    return 1;
}

std::vector<std::string> options(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    const std::string place = is_ipv6 ? "[" + host + "]" : host;
    return {"listening_ports",    place + ":" + std::to_string(port),
            "num_threads",        kThreads,
            "request_timeout_ms", kClientTimeoutMs};
}

}  // namespace

struct Health::Server {
    Server(const std::string& host, std::uint16_t port, Metrics metrics)
        : metrics_page(kMetricsText, std::move(metrics)) {
        CivetCallbacks callbacks;
        callbacks.log_message = complain;
        try {
            civet = std::make_unique<CivetServer>(options(host, port), &callbacks, &complaint);
        } catch (const CivetException&) {
            throw ConfigurationError(std::string(kSetting) + ": " + host + ":" +
                                     std::to_string(port) +
                                     " cannot be listened on: " + complaint.text() + "; set " +
                                     kSetting + " to a free port, or to 0 for none");
        }
        civet->addHandler("/healthz$", lives_page);
        civet->addHandler("/readyz$", ready_page);
        civet->addHandler("/metrics$", metrics_page);
    }

    Complaint complaint;
    Page lives_page{kText, [] { return "ok\n"; }};
    Page ready_page{kText, [] { return "ready\n"; }};
    Page metrics_page;
    // Last, so that it ends first.
    std::unique_ptr<CivetServer> civet;
};

Health::Health(const std::string& host, std::uint16_t port, Metrics metrics)
    : server_(std::make_unique<Server>(host, port, std::move(metrics))) {}

Health::~Health() = default;

}  // namespace alertwire
