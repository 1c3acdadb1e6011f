#include "reach/resp_codec.hpp"

#include <fmt/format.h>

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

namespace memdb::reach {
namespace {

constexpr int kDeepest = 6;  // CLUSTER SHARDS needs four; hiredis 0.14 itself ends at eight, with a duller message

/// What the callbacks of one reader share. hiredis hands it to them as privdata.
struct Building {
    ReplyLimits limits;
    std::size_t elements = 0;  // of the reply being read
    Reply root;                // which is built in here: an answered PING allocates nothing
    std::string refusal;       // why a callback said no; hiredis itself only says "out of memory"
    Errc refusal_code = Errc::too_large;
};

Building& building(const redisReadTask* task) { return *static_cast<Building*>(task->privdata); }

void* refuse(const redisReadTask* task, Errc code, std::string why) {
    building(task).refusal = std::move(why);
    building(task).refusal_code = code;
    return nullptr;
}

/// The place for this task's value: the root, or one of its parent's items.
Reply* place(const redisReadTask* task) {
    if (task->parent == nullptr) return &(building(task).root = {});
    return &static_cast<Reply*>(task->parent->obj)->items.at(static_cast<std::size_t>(task->idx));
}

void* create_string(const redisReadTask* task, char* bytes, std::size_t length) noexcept {
    Reply::Kind kind{};
    switch (task->type) {
        case REDIS_REPLY_STRING: kind = Reply::Kind::text; break;
        case REDIS_REPLY_STATUS: kind = Reply::Kind::status; break;
        case REDIS_REPLY_ERROR: kind = Reply::Kind::error; break;
        default: return refuse(task, Errc::malformed, "a RESP3 reply, which was not asked for");
    }
    Reply* reply = place(task);
    reply->kind = kind;
    reply->text.assign(bytes, length);
    return reply;
}

int depth(const redisReadTask* task) noexcept {
    int deep = 1;
    for (; task->parent != nullptr; task = task->parent) ++deep;
    return deep;
}

// `int` in hiredis 0.14, `size_t` from 1.0 on.
template <class Count>
void* create_array(const redisReadTask* task, Count announced) noexcept {
    const auto count = static_cast<std::size_t>(announced);
    Building& shared = building(task);
    if (task->type != REDIS_REPLY_ARRAY) return refuse(task, Errc::malformed, "a RESP3 reply, which was not asked for");
    if (depth(task) > kDeepest) return refuse(task, Errc::too_large, "a reply nested too deeply");
    if (count > shared.limits.array_elements || count > shared.limits.elements - shared.elements)
        return refuse(task, Errc::too_large, fmt::format("a reply with more elements than allowed ({})", count));
    shared.elements += count;
    Reply* reply = place(task);
    reply->kind = Reply::Kind::array;
    reply->items.resize(count);
    return reply;
}

void* create_integer(const redisReadTask* task, long long value) noexcept {
    Reply* reply = place(task);
    reply->kind = Reply::Kind::integer;
    reply->integer = value;
    return reply;
}

void* create_nil(const redisReadTask* task) noexcept { return place(task); }

void free_object(void*) noexcept {}  // it is ours all the time

template <class Functions>
Functions make_functions() {
    Functions functions{};
    functions.createString = create_string;
    functions.createArray = create_array;
    functions.createInteger = create_integer;
    functions.createNil = create_nil;
    functions.freeObject = free_object;
    if constexpr (requires { functions.createDouble; }) {  // hiredis 1.x knows RESP3's types
        functions.createDouble = [](const redisReadTask* task, double, char*, std::size_t) -> void* {
            return refuse(task, Errc::malformed, "a RESP3 reply, which was not asked for");
        };
        functions.createBool = [](const redisReadTask* task, int) -> void* {
            return refuse(task, Errc::malformed, "a RESP3 reply, which was not asked for");
        };
    }
    return functions;
}

/// The length in a bulk header that waits for its payload. `unread` starts behind the type byte; a complete line of
/// digits that hiredis has not consumed can be nothing else.
std::optional<std::uint64_t> waiting_bulk_length(std::string_view unread) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(unread.data(), unread.data() + unread.size(), length);
    const std::string_view rest(end, static_cast<std::size_t>(unread.data() + unread.size() - end));
    if (error == std::errc::invalid_argument || !rest.starts_with("\r\n")) return std::nullopt;
    return error == std::errc::result_out_of_range ? UINT64_MAX : length;
}

}  // namespace

struct ReplyDecoder::Reader {
    Building shared;
    std::size_t pending = 0;  // bytes fed since the last whole reply
    std::optional<Failure> failure;
    redisReplyObjectFunctions functions = make_functions<redisReplyObjectFunctions>();
    redisReader* hiredis = redisReaderCreateWithFunctions(&functions);

    explicit Reader(ReplyLimits limits) : shared{limits, 0, {}, {}, Errc::too_large} {
        if (hiredis == nullptr) throw std::bad_alloc();
        hiredis->privdata = &shared;
        hiredis->maxbuf = 1024;  // of an idle connection; a prober has many
    }
    ~Reader() { redisReaderFree(hiredis); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    Failure fail(Errc code, std::string_view what) {
        failure = Failure{code, fmt::format("the node sent {}", what)};
        return *failure;
    }

    std::optional<Failure> beyond_limits() {
        if (pending > shared.limits.bytes)
            return fail(Errc::too_large, fmt::format("a reply of more than {} bytes", shared.limits.bytes));
        if (hiredis->pos >= hiredis->len) return std::nullopt;
        const std::string_view unread(hiredis->buf + hiredis->pos, hiredis->len - hiredis->pos);
        if (const auto bulk = waiting_bulk_length(unread); bulk && *bulk > shared.limits.bytes)
            return fail(Errc::too_large, fmt::format("a string header of {} bytes", *bulk));
        return std::nullopt;
    }
};

ReplyDecoder::ReplyDecoder(ReplyLimits limits) : reader_(std::make_unique<Reader>(limits)) {}
ReplyDecoder::~ReplyDecoder() = default;
ReplyDecoder::ReplyDecoder(ReplyDecoder&&) noexcept = default;
ReplyDecoder& ReplyDecoder::operator=(ReplyDecoder&&) noexcept = default;

void ReplyDecoder::expect(ReplyLimits limits) noexcept { reader_->shared.limits = limits; }

void ReplyDecoder::feed(std::string_view bytes) {
    if (bytes.empty() || reader_->failure) return;
    reader_->pending += bytes.size();
    (void)redisReaderFeed(reader_->hiredis, bytes.data(), bytes.size());  // an error shows in next()
}

Result<std::optional<Reply>> ReplyDecoder::next() {
    Reader& reader = *reader_;
    if (reader.failure) return *reader.failure;
    void* root = nullptr;
    if (redisReaderGetReply(reader.hiredis, &root) != REDIS_OK) {
        if (!reader.shared.refusal.empty()) return reader.fail(reader.shared.refusal_code, reader.shared.refusal);
        const std::string_view text = reader.hiredis->errstr;
        return reader.fail(Errc::malformed, fmt::format("bytes that are no reply ({})", one_line(text)));
    }
    if (root == nullptr) {
        if (auto failure = reader.beyond_limits()) return *std::move(failure);
        return std::optional<Reply>{};
    }
    reader.pending = reader.hiredis->len - reader.hiredis->pos;
    reader.shared.elements = 0;
    return std::optional<Reply>(std::exchange(reader.shared.root, {}));
}

std::string format_command(std::span<const std::string_view> words) {
    std::vector<const char*> starts;
    std::vector<std::size_t> lengths;
    for (const std::string_view word : words) {
        starts.push_back(word.empty() ? "" : word.data());
        lengths.push_back(word.size());
    }
    char* bytes = nullptr;
    const auto length = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), starts.data(), lengths.data());
    if (length < 0 || bytes == nullptr) throw std::bad_alloc();
    std::string command(bytes, static_cast<std::size_t>(length));
    volatile char* at = bytes;  // may hold a password: hiredis would leave it in freed memory
    for (std::size_t i = 0; i < command.size(); ++i) at[i] = '\0';
    redisFreeCommand(bytes);
    return command;
}

std::string_view error_class(const Reply& reply) noexcept {
    if (reply.kind != Reply::Kind::error) return {};
    const std::string_view word = std::string_view(reply.text).substr(0, reply.text.find(' '));
    const bool is_class = std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return is_class && word.size() <= 32 ? word : std::string_view{};
}

std::string one_line(std::string_view text, std::size_t limit) {
    const bool is_cut = text.size() > limit;
    std::string line(text.substr(0, limit));
    for (char& c : line)
        if (c < ' ' || c > '~') c = '?';
    if (is_cut) line += "...";
    return line;
}

}  // namespace memdb::reach
