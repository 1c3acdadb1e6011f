#include "app/handover_agent.hpp"

#include "base/atomic_files.hpp"
#include "base/log.hpp"
#include "host/service_notify.hpp"

#include <unistd.h>

#include <utility>

namespace memdb::app {
namespace {

constexpr mode_t kFileMode = 0600;

}  // namespace

HandoverAgent::HandoverAgent(std::string profile, const std::filesystem::path& private_dir)
    : name_("tunnel-" + profile), file_(private_dir / (profile + ".tunnel")), profile_(std::move(profile)) {}

std::optional<Handover> HandoverAgent::take(std::map<std::string, int>& stored) {
    const auto found = stored.find(name_);
    if (found == stored.end()) return std::nullopt;
    const int descriptor = found->second;
    stored.erase(found);
    const auto text = read_file(file_, tunnel::kTunnelRecordLimit);
    auto record = text.has_error() ? Result<tunnel::TunnelRecord>(text.error()) : tunnel::parse_tunnel_record(*text);
    if (record.has_value()) return Handover{descriptor, std::move(*record)};
    logger("tunnel")->warn("{}: the tunnel of an earlier memdbd cannot be taken over, a new one is made: {}: {}",
                           profile_, file_.string(), record.error().message);
    ::close(descriptor);
    gone();
    return std::nullopt;
}

void HandoverAgent::follow(const tunnel::TunnelRunner& tunnel, unsigned generation, WallTime session_from) {
    auto record = tunnel.record();
    if (!record) return;  // what is stored serves until there is no process any more
    record->generation = generation;
    record->session_from = session_from;
    if (written_ == record) return;
    if (const auto written = replace_file(file_, tunnel::to_json(*record), kFileMode); written.has_error())
        logger("tunnel")->warn("{}: the tunnel will not outlive a restart of memdbd: {}", profile_,
                               written.error().message);
    if (stored_pid_ != record->pid) host::store_descriptor(name_, tunnel.management_descriptor());
    stored_pid_ = record->pid;
    written_ = std::move(record);
}

void HandoverAgent::gone() {
    host::forget_descriptor(name_);
    stored_pid_ = 0;
    written_.reset();
    (void)::unlink(file_.c_str());  // of no harm when it stays: without a connection nobody looks at it
}

}  // namespace memdb::app
