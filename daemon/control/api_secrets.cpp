#include "control/api_secrets.hpp"

#include "control/api.hpp"

#include <new>

namespace memdb::control {

void* WipingMemory::do_allocate(std::size_t size, std::size_t /*alignment*/) {
    return ::operator new(size);  // JSON needs no more alignment
}

void WipingMemory::do_deallocate(void* at, std::size_t size, std::size_t /*alignment*/) {
    volatile char* bytes = static_cast<char*>(at);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = '\0';
    ::operator delete(at);
}

void read_secret(Fields& fields, std::string_view key, Secret<>& out) {
    std::string text;
    fields.read_optional(key, text, kBodyLimit);
    out = Secret<>(std::move(text));
    wipe(text);  // a short text is copied, not moved
}

std::string wiping_serialize(const json::object& object, std::size_t size) {
    std::string text;
    text.reserve(6 * size);
    json::serializer serializer;
    serializer.reset(&object);
    char piece[4096];
    while (!serializer.done()) {
        const auto part = serializer.read(piece, sizeof piece);
        text.append(part.data(), part.size());
    }
    volatile char* wiped = piece;
    for (std::size_t i = 0; i < sizeof piece; ++i) wiped[i] = '\0';
    return text;
}

}  // namespace memdb::control
