// Bytes of a control connection: Beast's parser with our limits, then the handler, as control_session does it.
#include "control/control_handler.hpp"
#include "control/loopback_handler.hpp"
#include "tests/support/snapshots.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

using namespace memdb::control;
namespace http = boost::beast::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Snapshot snapshot = memdb::support::snapshot_of({memdb::support::reachable_profile()});
    http::request_parser<http::string_body> parser;
    parser.header_limit(8 * 1024);
    parser.body_limit(kBodyLimit);
    parser.eager(true);
    boost::system::error_code error;
    parser.put(boost::asio::const_buffer(data, size), error);
    if (error || !parser.is_done()) return 0;
    const auto& message = parser.get();
    const auto accept = message[http::field::accept], host = message[http::field::host];
    const Request request{{message.method_string().data(), message.method_string().size()},
                          {message.target().data(), message.target().size()},
                          message.body(),
                          {accept.data(), accept.size()},
                          {host.data(), host.size()}};
    for (const Right right : {Right::none, Right::read, Right::control}) (void)handle(request, right, snapshot);
    (void)handle_loopback(request, Right::none, snapshot);
    return 0;
}
