// systemd-resolved over D-Bus: DNS servers and domains of one device, and whether the service is there. Decides
// nothing.
//
// It is never started by a call, and it is no error when it is missing. What is set is bound to the device's number and
// goes with the device; it survives a restart of the service. memdbd may make these calls by systemd/memdbd.rules.
// Source: org.freedesktop.resolve1(5), facts G.4, recipes §1.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "host/bus_link.hpp"
#include "host/link_dns.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace memdb::host {

class ResolvedLink {
  public:
    static constexpr Duration kCallLimit = 5s;  ///< of each call: polkit may have to start first

    /// Nothing: done.
    using Done = std::function<void(std::optional<DnsFailure>)>;

    /// @param changed  called from the loop when running() is another than before, and when the service was replaced by
    ///                 a new one, which may have forgotten everything.
    /// `bus` must outlive the link.
    ResolvedLink(BusLink& bus, std::function<void()> changed, Duration call_limit = kCallLimit);
    ~ResolvedLink();  ///< calls nothing back any more
    ResolvedLink(const ResolvedLink&) = delete;
    ResolvedLink& operator=(const ResolvedLink&) = delete;

    /// Nothing while that is not known, for want of a bus.
    [[nodiscard]] std::optional<bool> running() const noexcept { return running_; }

    /// Replaces what is set for the device number `link`; of a failure nothing is left. `done` comes once, from the
    /// loop, after at most four times the limit.
    void apply(unsigned link, const LinkDns& dns, Done done);

    /// Takes everything back that was set for `link`, whoever set it. A device that has gone is a success.
    void revert(unsigned link, Done done);

  private:
    struct Course;
    void ask_who_runs();
    void note(bool running, bool is_another);
    void next(std::shared_ptr<Course> course);
    void undo(std::shared_ptr<Course> course, DnsFailure why);

    BusLink& bus_;
    std::function<void()> changed_;
    Duration call_limit_;
    std::optional<bool> running_;
    std::shared_ptr<bool> life_ = std::make_shared<bool>(true);
    std::vector<BusLink::Subscription> subscriptions_;
};

/// The same as revert() on a bus connection of its own, for `memdbd --cleanup`. Blocks for some ms, at most `limit`.
/// A service or device that is not there is a success. Errc::not_permitted, deadline_passed, io.
Result<void> revert_link_dns(unsigned link, Duration limit);

}  // namespace memdb::host
