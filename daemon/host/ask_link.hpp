// One question to an address over plain TCP, for the first bytes of whatever answers. Decides nothing.
//
// Uses the route that the kernel has for the address, and keeps nothing but those bytes.
#pragma once

#include "base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace memdb::host {

class AskLink {
  public:
    static constexpr std::size_t kAnswerLimit = 1024;  ///< bytes
    using Done = std::function<void(std::string)>;

    /// `io` must outlive it.
    explicit AskLink(boost::asio::io_context& io);
    ~AskLink();  ///< as cancel()
    AskLink(const AskLink&) = delete;
    AskLink& operator=(const AskLink&) = delete;

    struct Question {
        std::string text;
        std::string until;  ///< the answer is known when this has come
    };

    /// @param address  literal. @param limit  for all of it.
    /// @param done     once, from the loop, never from inside this call, unless it is cancelled or replaced: what came
    ///                 until `until`, the limit, or the end of the stream; empty when nothing came.
    void ask(const std::string& address, std::uint16_t port, Question question, Duration limit, Done done);

    /// Closes the connection; the callback is not called any more.
    void cancel() noexcept;

  private:
    struct Request;
    boost::asio::io_context& io_;
    std::shared_ptr<Request> request_;
};

}  // namespace memdb::host
