// JSON that a secret passes through: memory that is wiped, texts without a copy left behind. For the api_* files.
#pragma once

#include "base/secret.hpp"
#include "control/api_fields.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace memdb::control {

/// Overwrites memory before giving it back.
class WipingMemory final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t alignment) override;
    void do_deallocate(void* at, std::size_t size, std::size_t alignment) override;
    bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

/// A text straight into a Secret, without a copy left behind. Absent: `out` becomes empty.
void read_secret(Fields& fields, std::string_view key, Secret<>& out);

/// @param size  of all texts in it: every byte may become \u00XX, and the text must not move and leave a copy behind.
std::string wiping_serialize(const json::object& object, std::size_t size);

}  // namespace memdb::control
