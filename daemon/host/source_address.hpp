// Which way the kernel would send: the source address it would choose towards a destination. Sends nothing.
//
// A connected UDP socket is a route look-up that needs no privilege and no netlink. It sees all routing tables and
// rules.
#pragma once

#include "base/error.hpp"

#include <boost/asio/ip/address.hpp>

namespace memdb::host {

/// The source address towards `destination`; Errc::not_found when there is no route to it, Errc::io otherwise. Never
/// blocks.
Result<boost::asio::ip::address> source_address(const boost::asio::ip::address& destination);

}  // namespace memdb::host
