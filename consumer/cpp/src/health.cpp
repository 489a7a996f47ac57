#include "health.h"

#include <CivetServer.h>

#include <mutex>
#include <string_view>
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

// One answer, whole: a HEAD is answered as a GET, without the body.
int say(mg_connection* connection, int status, std::string_view reason, const char* kind,
        std::string_view body, bool is_head) {
    std::string said = "HTTP/1.1 " + std::to_string(status) + " ";
    said.append(reason).append("\r\nContent-Type: ").append(kind);
    said += "\r\nContent-Length: " + std::to_string(body.size());
    said.append("\r\nConnection: close\r\n\r\n").append(is_head ? "" : body);
    mg_write(connection, said.data(), said.size());
    return status;
}

// Answers every request: paths to the letter, as in the other languages, where civetweb's own
// patterns take another case too.
int answer(mg_connection* connection, void* metrics) {
    const mg_request_info& request = *mg_get_request_info(connection);
    const std::string_view method = request.request_method;
    const std::string_view uri = request.request_uri;
    const std::string_view path = uri.substr(0, uri.find('?'));
    const bool is_head = method == "HEAD";
    const auto ok = [&](const char* kind, std::string_view body) {
        return say(connection, 200, "OK", kind, body, is_head);
    };
    if (method != "GET" && !is_head) {
        constexpr std::string_view kBody = "only GET and HEAD are answered\n";
        return say(connection, 501, "Not Implemented", kText, kBody, false);
    }
    if (path == "/healthz") {
        return ok(kText, "ok\n");
    }
    if (path == "/readyz") {
        return ok(kText, "ready\n");
    }
    if (path == "/metrics") {
        return ok(kMetricsText, (*static_cast<const Health::Metrics*>(metrics))());
    }
    return say(connection, 404, "Not Found", kText, "not found\n", is_head);
}

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
    Server(const std::string& host, std::uint16_t port, Metrics given) : metrics(std::move(given)) {
        CivetCallbacks callbacks;
        callbacks.log_message = complain;
        try {
            civet = std::make_unique<CivetServer>(options(host, port), &callbacks, &complaint);
        } catch (const CivetException&) {
            throw ConfigurationError(std::string(kSetting) + ": " + host + ":" +
                                     std::to_string(port) +
                                     " cannot be listened on: " + complaint.text() + "; set " +
                                     kSetting +
                                     " to a free port, or to 0 for none, and ALERTWIRE_HEALTH_HOST "
                                     "to an address of this machine");
        }
        // Its own handlers are one for each method; a const context can be given none.
        auto* context = const_cast<mg_context*>(civet->getContext());
        mg_set_request_handler(context, "**", answer, &metrics);
    }

    Complaint complaint;
    Metrics metrics;
    // Last, so that it ends first.
    std::unique_ptr<CivetServer> civet;
};

Health::Health(const std::string& host, std::uint16_t port, Metrics metrics)
    : server_(std::make_unique<Server>(host, port, std::move(metrics))) {}

Health::~Health() = default;

}  // namespace alertwire
