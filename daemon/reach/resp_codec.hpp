// RESP2, the protocol of Redis and Valkey: bytes in, replies out; commands in, bytes out.
//
// In:   bytes from a node, in pieces of any size. Out: Reply values, or the reason why the bytes are no reply.
// hiredis' reader does the parsing; the limits are ours, because the reader has none on memory (facts E.3). Never sends
// HELLO: RESP3 replies are refused. After a failure the decoder stays failed; the connection is to be closed.
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::reach {

/// One value of a reply. An own tree, so that hiredis' layout, which differs between versions, stays inside the codec.
struct Reply {
    enum class Kind : std::uint8_t { nil, status, error, integer, text, array };
    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text;          ///< of status, error and text; any bytes
    std::vector<Reply> items;  ///< of an array
    bool operator==(const Reply&) const = default;
};

/// Limits of one reply. A reply that goes beyond is a failure, as early as its header shows it.
struct ReplyLimits {
    std::size_t bytes = std::size_t{1} << 20;
    std::size_t elements = 32768;       ///< in all arrays of the reply together
    std::size_t array_elements = 8192;  ///< in one array
    bool operator==(const ReplyLimits&) const = default;
};

/// For answers to AUTH and PING, where nothing large is due.
inline constexpr ReplyLimits kShortReply{.bytes = 4096, .elements = 16, .array_elements = 16};

/// For the echo of a bulk check (3 KiB).
inline constexpr ReplyLimits kEchoReply{.bytes = 16384, .elements = 16, .array_elements = 16};

/// For CLUSTER SHARDS and CLUSTER SLOTS of 3000 nodes: up to 19 elements and 400 bytes for each, and some for shards.
inline constexpr ReplyLimits kTopologyReply{.bytes = std::size_t{2} << 20, .elements = 65536, .array_elements = 8192};

/// The reader of one connection. Movable, not copyable.
class ReplyDecoder {
  public:
    explicit ReplyDecoder(ReplyLimits limits = kShortReply);
    ~ReplyDecoder();
    ReplyDecoder(ReplyDecoder&&) noexcept;
    ReplyDecoder& operator=(ReplyDecoder&&) noexcept;
    ReplyDecoder(const ReplyDecoder&) = delete;
    ReplyDecoder& operator=(const ReplyDecoder&) = delete;

    /// Sets the limits of the replies that follow.
    void expect(ReplyLimits limits) noexcept;

    /// Takes bytes as they came. Call next() until it has nothing before feeding more.
    void feed(std::string_view bytes);

    /// @return the next whole reply, nothing when more bytes are needed, or Errc::malformed or Errc::too_large with one
    ///         line about what the peer sent. Failures repeat.
    [[nodiscard]] Result<std::optional<Reply>> next();

  private:
    struct Reader;
    std::unique_ptr<Reader> reader_;
};

/// The bytes of a command: an array of bulk strings, binary safe. After AUTH they hold a password: wipe them.
[[nodiscard]] std::string format_command(std::span<const std::string_view> words);

/// First word of an error reply, which says its class: "NOAUTH", "WRONGPASS", "ERR", …; empty for other replies and for
/// text whose first word is not in capitals.
[[nodiscard]] std::string_view error_class(const Reply& reply) noexcept;

/// `text` on one line: control bytes become '?', longer than `limit` bytes is cut with "...". For evidence and logs.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 120);

}  // namespace memdb::reach
