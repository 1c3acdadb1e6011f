// One profile's rotation at work: asks rotation_machine, and does what it says with files, the trial connection and the
// tunnel. Decides nothing itself.
#pragma once

#include "app/sign_runner.hpp"
#include "config/settings.hpp"
#include "control/api.hpp"
#include "health/facts.hpp"
#include "host/name_resolver.hpp"
#include "keys/credential_store.hpp"
#include "keys/revocation_list.hpp"
#include "keys/rotation_machine.hpp"
#include "tunnel/trial_runner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

class RotationAgent {
  public:
    struct Hooks {
        std::function<tunnel::TunnelSetup(const keys::Generation&)> trial_setup;  ///< how it would be tried
        std::function<void(Result<keys::Generation>)> in_force;  ///< another credential, or why there is none
        std::function<void()> restart_tunnel;                    ///< with what is in force; nothing if nobody wants it
        std::function<void()> changed;
        /// Whether the list that was handed in has it: no way back then.
        std::function<std::optional<keys::Revocation>(const keys::CertificateInfo&)> revoked;
    };

    /// @param workers  for what would hold the loop up. All references must outlive the agent.
    RotationAgent(boost::asio::io_context& io, boost::asio::thread_pool& workers, host::NameResolver& resolver,
                  const config::Settings& settings, std::string profile, keys::CredentialStore store,
                  std::vector<keys::Certificate> authorities, Hooks hooks);
    ~RotationAgent();
    RotationAgent(const RotationAgent&) = delete;
    RotationAgent& operator=(const RotationAgent&) = delete;

    /// Goes on with, or back from, whatever an earlier run has left. May call in_force. Blocks for some ms of disk.
    void start();

    /// `done` once, from the loop: a new key takes some 100 ms.
    void request(const control::KeyRequest& wanted, std::function<void(Result<control::KeyRequestReport>)> done);
    /// Errc::bad_input: the certificate is refused, and why. Errc::already_exists: not now. Errc::io.
    Result<void> install(const control::KeyInstall& wanted);
    Result<void> roll_back();

    /// At every look.
    void see(keys::RotationSight sight, WallTime wall);

    [[nodiscard]] const keys::RotationState& state() const noexcept { return state_; }
    [[nodiscard]] std::optional<WallTime> due_at() const;
    [[nodiscard]] std::vector<health::Condition> conditions(WallTime wall, bool has_signer) const;

    /// The generation before, as it is stored; nothing without one that can be used. Blocks for a ms of disk.
    [[nodiscard]] std::optional<keys::Generation> previous() const;

    /// No trial any more; nothing is called back.
    void stop();

  private:
    void push(keys::RotationEvent event);
    void push_later(keys::RotationEvent event);
    void work();
    void take(const keys::RotationStep& step);
    Result<void> perform(const keys::RotationAction& action);
    void make_key(const std::string& common_name);
    void key_made(Result<keys::KeyRequest> made);
    void answer(const Result<control::KeyRequestReport>& report);
    [[nodiscard]] Result<control::KeyRequestReport> pending_report() const;
    void start_trial(unsigned generation);
    Result<void> use(unsigned generation);
    void arm();
    void follow_due(WallTime wall);
    void sign(const control::KeyRequestReport& report);
    void know(const Result<keys::Generation>& in_force);

    boost::asio::io_context& io_;
    boost::asio::thread_pool& workers_;
    const config::Settings& settings_;
    std::string profile_;
    keys::CredentialStore store_;
    std::vector<keys::Certificate> authorities_;
    Hooks hooks_;
    tunnel::TrialRunner trial_;
    boost::asio::steady_timer timer_;
    keys::RotationState state_;
    std::deque<keys::RotationEvent> queue_;
    bool handling_ = false;
    std::optional<keys::CertificateInfo> present_;  ///< of the generation in force
    std::optional<keys::CertificateInfo> before_;   ///< of `from`
    std::optional<keys::Credential> accepted_;      ///< between CertificateAccepted and StoreCandidate
    std::optional<std::string> write_trouble_;      ///< of the step under way
    std::vector<std::function<void(Result<control::KeyRequestReport>)>> waiting_;  ///< for a key that is being made
    SignRunner signer_;
    std::optional<TimePoint> tried_at_;  ///< a rotation of its own accord
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace memdb::app
