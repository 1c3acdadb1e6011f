// A trial connection: whether the endpoint accepts a certificate, found out by a second openvpn without a device, while
// the tunnel keeps working. Changes nothing on this machine.
//
// It is a TunnelRunner that is ended at its first success or failure: the same rules decide what an openvpn says.
#pragma once

#include "host/name_resolver.hpp"
#include "tunnel/tunnel_runner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace memdb::tunnel {

struct TrialResult {
    bool accepted = false;
    Cause cause = Cause::none;  ///< of a failure
    std::string evidence;
};

/// Whether a failure of that kind says anything about the certificate: the endpoint was, or could be, asked.
[[nodiscard]] bool tells_of_certificate(Cause cause) noexcept;

class TrialRunner {
  public:
    /// `io` and `resolver` must outlive the runner.
    TrialRunner(boost::asio::io_context& io, host::NameResolver& resolver);
    /// Calls nothing back any more; its openvpn ends.
    ~TrialRunner();
    TrialRunner(const TrialRunner&) = delete;
    TrialRunner& operator=(const TrialRunner&) = delete;

    /// @param setup  its `trial` is set here; its management socket must be another than the tunnel's.
    /// @param limit  then it has failed. @param done  once, from the loop.
    void start(TunnelSetup setup, TunnelTimings timings, Duration limit, std::function<void(TrialResult)> done);

    /// Without an answer.
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::tunnel
