#include "host/source_address.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

namespace memdb::host {

Result<boost::asio::ip::address> source_address(const boost::asio::ip::address& destination) {
    namespace asio = boost::asio;
    static asio::io_context unused;  // a socket object wants one; nothing asynchronous is ever started on it
    asio::ip::udp::socket socket(unused);
    boost::system::error_code error;
    const asio::ip::udp::endpoint to(destination, 9);
    socket.open(to.protocol(), error);
    if (!error) socket.connect(to, error);
    if (error == asio::error::network_unreachable || error == asio::error::host_unreachable)
        return Failure{Errc::not_found, "no route to " + destination.to_string()};
    if (error) return Failure{Errc::io, "looking up the route to " + destination.to_string() + ": " + error.message()};
    const auto from = socket.local_endpoint(error);
    if (error) return Failure{Errc::io, "looking up the route to " + destination.to_string() + ": " + error.message()};
    return from.address();
}

}  // namespace memdb::host
