#include "keys/aws_key_store.hpp"

#include "base/atomic_files.hpp"
#include "config/aws_credentials_parser.hpp"
#include "config/password_policy.hpp"

#include <unistd.h>

#include <string>

namespace memdb::keys {

Result<reach::AwsCredentials> read_aws_keys(const std::filesystem::path& path) {
    const auto at_path = [&](Failure failure) {
        failure.message = path.string() + ": " + failure.message;
        return failure;
    };
    const auto text =
        read_judged_secret_file(path, config::kAwsFileLimit, [&](const struct stat& status) -> Result<void> {
            const config::OpenedFile file{status.st_mode, status.st_uid, status.st_gid,
                                          static_cast<std::uint64_t>(status.st_size)};
            const auto allowed = config::check_secret_file(file, {::geteuid(), ::getegid()});
            return allowed ? allowed : Result<void>(at_path(allowed.error()));
        });
    if (!text) return text.error();
    auto section = config::parse_aws_file(text->reveal(), "default", config::AwsFileKind::credentials);
    if (!section) return at_path(section.error());
    if (!section->is_there) return at_path({Errc::malformed, "has no section [default]"});
    if (!section->keys) return at_path({Errc::malformed, "has no aws_access_key_id and aws_secret_access_key"});
    return *std::move(section->keys);
}

}  // namespace memdb::keys
