// node_farm: a cluster of hundreds or thousands of nodes in one small process, for scripts/bench.
//
// Each node has an address of its own with a TLS listener on port 6379 and answers AUTH, PING and CLUSTER SHARDS as a
// node of Redis 7 does. The addresses must be local where it runs: `scripts/lab farm up SHARDS NODES` sees to that, to
// the names and to the certificate. Usage:
//
//   node_farm --hosts --shards 100 --nodes 2
//   node_farm --shards 100 --nodes 2 --zones 3 --cert FILE --key FILE --password-file FILE --control SOCKET
//
// It serves until SIGTERM. To SOCKET one writes commands, a line each, and reads a line of JSON for each:
//   stats [FIRST]   what was counted since the tenth of a second FIRST of the monotonic clock (default: the last ten s)
//   reset           forgets the largest number of open handshakes and the longest gaps between PINGs
//   refuse ZONE     the zone's listeners are closed, its connections reset
//   return          all nodes listen again
// A zone that says nothing at all is a matter of the network around it: scripts/lab farm silent ZONE.
#include "farm_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <istream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace memdb::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;

constexpr std::uint16_t kPort = 6379;

class Farm {
  public:
    Farm(asio::io_context& io, const FarmShape& shape, FarmService& service) : io_(io), service_(service) {
        for (FarmNode& node : farm_nodes(shape)) places_.push_back(std::make_unique<Place>(io, std::move(node)));
        listen();
    }

    /// @return the reply to one line of a controller.
    std::string obey(const std::string& line) {
        std::istringstream words(line);
        std::string what;
        std::uint64_t number = 0;
        words >> what;
        const bool has_number = static_cast<bool>(words >> number);
        if (what == "stats") return stats(has_number ? number : monotonic_ms() / FarmTally::kBinMs - 100);
        if (what == "reset") {
            reset();
        } else if (what == "refuse" && has_number) {
            refuse(number);
        } else if (what == "return") {
            listen();
        } else {
            return R"({"error":"stats [FIRST], reset, refuse ZONE or return"})";
        }
        return "{}";
    }

  private:
    struct Place {
        Place(asio::io_context& io, FarmNode node) : acceptor(io), presence{std::move(node)} {}
        tcp::acceptor acceptor;
        FarmPresence presence;
        std::vector<std::weak_ptr<FarmSession>> sessions;
    };

    void listen() {
        for (const auto& place : places_) {
            if (place->acceptor.is_open()) continue;
            const tcp::endpoint where(asio::ip::make_address(place->presence.node.address), kPort);
            place->acceptor.open(where.protocol());
            place->acceptor.set_option(tcp::acceptor::reuse_address(true));
            place->acceptor.bind(where);
            place->acceptor.listen(128);
            accept(*place);
        }
    }

    void accept(Place& place) {
        place.acceptor.async_accept([this, &place](const error_code& error, tcp::socket socket) {
            if (!place.acceptor.is_open()) return;
            if (!error) {
                const auto session = std::make_shared<FarmSession>(std::move(socket), service_, place.presence);
                std::erase_if(place.sessions, [](const auto& old) { return old.expired(); });
                place.sessions.push_back(session);
                session->start();
            }
            accept(place);
        });
    }

    void refuse(std::uint64_t zone) {
        for (const auto& place : places_) {
            if (place->presence.node.zone != zone) continue;
            error_code ignored;
            place->acceptor.close(ignored);
            for (const auto& old : place->sessions)
                if (const auto session = old.lock()) session->reset();
            place->sessions.clear();
        }
    }

    void reset() {
        service_.counts.most_open_handshakes = service_.counts.open_handshakes;
        for (const auto& place : places_) place->presence.worst_gap_ms = 0;
    }

    /// Gaps by zone: the longest of all its nodes, and when its node that was not PINGed for longest was PINGed.
    [[nodiscard]] std::string gaps(std::uint64_t now) const {
        std::string text;
        for (unsigned zone = 1; zone <= kMostZones; ++zone) {
            unsigned nodes = 0;
            std::uint64_t worst = 0, waiting = 0;
            for (const auto& place : places_) {
                const FarmPresence& presence = place->presence;
                if (presence.node.zone != zone) continue;
                ++nodes;
                worst = std::max(worst, presence.worst_gap_ms);
                waiting = std::max(waiting, now - presence.last_ping_ms);
            }
            if (nodes == 0) break;
            text += fmt::format(R"({}{{"zone":{},"nodes":{},"worst_gap_ms":{},"longest_wait_ms":{}}})",
                                text.empty() ? "" : ",", zone, nodes, worst, waiting);
        }
        return "[" + text + "]";
    }

    [[nodiscard]] std::string stats(std::uint64_t first) const {
        const std::uint64_t now = monotonic_ms();
        const FarmCounts& counts = service_.counts;
        return fmt::format(
            R"({{"now_ms":{},"bin_ms":{},"first_bin":{},"nodes":{},"sessions":{},"open_handshakes":{},)"
            R"("most_open_handshakes":{},"accepted":{},"handshakes_done":{},"resumed":{},"pings_answered":{},)"
            R"("accepts":{},"handshakes":{},"pings":{},"zones":{}}})",
            now, FarmTally::kBinMs, first, places_.size(), counts.sessions, counts.open_handshakes,
            counts.most_open_handshakes, counts.accepts.total(), counts.handshakes.total(), counts.resumed,
            counts.pings.total(), counts.accepts.list(first, now), counts.handshakes.list(first, now),
            counts.pings.list(first, now), gaps(now));
    }

    asio::io_context& io_;
    FarmService& service_;
    std::vector<std::unique_ptr<Place>> places_;
};

/// Who commands the farm, over a unix socket.
class Controller : public std::enable_shared_from_this<Controller> {
  public:
    Controller(local::socket socket, Farm& farm) : socket_(std::move(socket)), farm_(farm) {}

    void read() {
        asio::async_read_until(socket_, buffer_, '\n',
                               [self = shared_from_this()](const error_code& error, std::size_t) {
                                   if (error) return;
                                   std::string line;
                                   std::istream in(&self->buffer_);
                                   std::getline(in, line);
                                   self->reply_ = self->farm_.obey(line) + "\n";
                                   self->write();
                               });
    }

  private:
    void write() {
        asio::async_write(socket_, asio::buffer(reply_),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!error) self->read();
                          });
    }

    local::socket socket_;
    Farm& farm_;
    asio::streambuf buffer_{4096};
    std::string reply_;
};

void take_commands(local::acceptor& acceptor, Farm& farm) {
    acceptor.async_accept([&acceptor, &farm](const error_code& error, local::socket socket) {
        if (error) return;
        std::make_shared<Controller>(std::move(socket), farm)->read();
        take_commands(acceptor, farm);
    });
}

struct Options {
    FarmShape shape;
    std::string cert, key, user = "app", password_file, control;
    bool hosts = false;
};

/// Session tickets are on, as OpenSSL and Redis have them by default.
SSL_CTX* tls_of(const Options& options) {
    SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const unsigned char name[] = "node_farm";
    SSL_CTX_set_session_id_context(tls, name, sizeof name);
    if (SSL_CTX_use_certificate_chain_file(tls, options.cert.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        std::fputs("node_farm: the certificate or its key cannot be used: --cert, --key\n", stderr);
        std::exit(1);
    }
    return tls;
}

int run(const Options& options) {
    std::signal(SIGPIPE, SIG_IGN);  // a client that has gone is no reason to end
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    FarmService service{tls_of(options), options.user, {}, farm_shards_reply(options.shape), {}};
    std::ifstream password(options.password_file);
    std::getline(password, service.password);
    asio::io_context io(1);
    unlink(options.control.c_str());
    Farm farm(io, options.shape, service);
    local::acceptor controllers(io, local::endpoint(options.control));
    take_commands(controllers, farm);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([](const error_code&, int) { std::_Exit(0); });  // there is nothing to put in order
    io.run();
    return 0;
}

}  // namespace
}  // namespace memdb::bench

int main(int argc, char** argv) {
    memdb::bench::Options options;
    CLI::App app{
        "A cluster of many nodes in one process, for scripts/bench; see the head of tests/bench/node_farm.cpp.\n"
        "Commands on the control socket: stats [FIRST], reset, refuse ZONE, return.",
        "node_farm"};
    app.add_option("--shards", options.shape.shards, "shards")->capture_default_str();
    app.add_option("--nodes", options.shape.nodes, "nodes in each: a primary and replicas")->capture_default_str();
    app.add_option("--zones", options.shape.zones, "over which they are spread (1 to 8)")->capture_default_str();
    app.add_option("--domain", options.shape.domain, "the cluster's")->capture_default_str();
    app.add_flag("--hosts", options.hosts, "print the nodes' names as a hosts file and end");
    app.add_option("--cert", options.cert, "certificate (PEM) that is right for every node");
    app.add_option("--key", options.key, "its key");
    app.add_option("--user", options.user, "who may log in")->capture_default_str();
    app.add_option("--password-file", options.password_file, "the password on its first line; without: no AUTH needed");
    app.add_option("--control", options.control, "unix socket for commands");
    CLI11_PARSE(app, argc, argv);
    if (memdb::bench::farm_nodes(options.shape).empty()) {
        std::fprintf(stderr, "node_farm: 1 to %u nodes in 1 to %u zones\n", memdb::bench::kMostFarmNodes,
                     memdb::bench::kMostZones);
        return 2;
    }
    if (options.hosts) {
        std::fputs(memdb::bench::farm_hosts(options.shape).c_str(), stdout);
        return 0;
    }
    if (options.cert.empty() || options.key.empty() || options.control.empty()) {
        std::fputs("node_farm: --cert, --key and --control are needed; see --help\n", stderr);
        return 2;
    }
    try {
        return memdb::bench::run(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "node_farm: %s\n", error.what());
        return 1;
    }
}
