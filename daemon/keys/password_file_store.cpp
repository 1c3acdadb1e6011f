#include "keys/password_file_store.hpp"

#include "base/atomic_files.hpp"
#include "config/password_policy.hpp"

#include <unistd.h>

#include <string>

namespace memdb::keys {

Result<Secret<>> read_password_file(const std::filesystem::path& path) {
    const auto at_path = [&](Failure failure) {
        failure.message = path.string() + ": " + failure.message;
        return failure;
    };
    const auto text =
        read_judged_secret_file(path, config::kPasswordFileLimit, [&](const struct stat& status) -> Result<void> {
            const config::OpenedFile file{status.st_mode, status.st_uid, status.st_gid,
                                          static_cast<std::uint64_t>(status.st_size)};
            const auto allowed = config::check_password_file(file, {::geteuid(), ::getegid()});
            return allowed ? allowed : Result<void>(at_path(allowed.error()));
        });
    if (!text) return text.error();
    const std::string_view password = config::password_line(text->reveal());
    if (password.empty()) return at_path({Errc::malformed, "is empty"});
    if (const auto good = config::check_password(password); !good) {
        Failure failure = good.error();
        if (failure.code == Errc::bad_input) failure.code = Errc::malformed;
        return at_path(std::move(failure));
    }
    return Secret<>(std::string(password));
}

}  // namespace memdb::keys
