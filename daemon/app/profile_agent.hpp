// One profile at work: its tunnel, the probes of its clusters, and its health. Joins them; decides nothing itself.
//
// The tunnel's state goes to the probes (up: probe; not up: pause), both states go through fact_map to blame and judge,
// and come out as one ProfileView.
#pragma once

#include "app/clock_offset.hpp"
#include "app/credential_map.hpp"
#include "app/dns_agent.hpp"
#include "app/doctor_agent.hpp"
#include "app/fact_map.hpp"
#include "app/footprint_agent.hpp"
#include "app/handover_agent.hpp"
#include "app/iam_map.hpp"
#include "app/incident_runner.hpp"
#include "app/overlap_policy.hpp"
#include "app/password_map.hpp"
#include "app/path_agent.hpp"
#include "app/plain_agent.hpp"
#include "app/portal_agent.hpp"
#include "app/rotation_agent.hpp"
#include "app/vpc_name_agent.hpp"
#include "app/watchdog_policy.hpp"
#include "config/settings.hpp"
#include "control/api.hpp"
#include "control/control_handler.hpp"
#include "control/metrics.hpp"
#include "health/blame.hpp"
#include "health/health_tracker.hpp"
#include "health/renewal_machine.hpp"
#include "health/wake_machine.hpp"
#include "host/name_resolver.hpp"
#include "keys/profile_store.hpp"
#include "reach/cluster_runner.hpp"
#include "tunnel/tunnel_runner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace memdb::app {

/// What every profile's agent works with. Outlives the agents.
struct Surroundings {
    boost::asio::io_context& io;
    boost::asio::thread_pool& workers;  ///< for what would hold the loop up
    host::NameResolver& resolver;
    const config::Settings& settings;
    std::string private_dir;                              ///< for management sockets; 0700
    std::function<void()> changed;                        ///< something moved; called often, cheap
    host::RouteWatch* routes = nullptr;                   ///< null: this host's routes cannot be seen
    host::FootprintStore* footprints = nullptr;           ///< null: nothing is recorded
    host::ResolvedLink* resolved = nullptr;               ///< null: DNS is left alone
    std::function<void(const Claim&)> remember_ranges{};  ///< an endpoint pushed other ranges than the last time
    /// What memdbd.toml names to sign IAM tokens with, read just now. Blocks for a few ms of disk.
    std::function<Result<reach::AwsCredentials>()> aws_keys{};
    std::function<void()> notice_sleep{};  ///< before anything is concluded from silence; may call woke()
    /// A PING of (profile, node); without a duration it was not answered.
    std::function<void(const std::string&, const std::string&, std::optional<Microseconds>)> sampled{};
    std::shared_ptr<reach::AttemptPaces> paces = std::make_shared<reach::AttemptPaces>();  ///< of all probes
};

class ProfileAgent {
  public:
    /// What the clusters' probes need. Wiped with the agent.
    struct Access {
        Secret<> password;                   ///< of the clusters' user, as it is stored; empty for none
        std::optional<NamedPassword> named;  ///< counts instead, also while it cannot be read
        std::string ca_pem;                  ///< trusted instead of the system's store; empty for that
    };

    /// @param known_ranges  what the endpoint pushed the last time.
    ProfileAgent(const Surroundings& around, keys::StoredProfile profile, const Access& access,
                 std::vector<IpNetwork> known_ranges);
    ~ProfileAgent();
    ProfileAgent(const ProfileAgent&) = delete;
    ProfileAgent& operator=(const ProfileAgent&) = delete;

    /// Works with `contents` from now on. The tunnel stays as it is; only probes of what has changed begin anew.
    void change(const config::ProfileContents& contents);

    /// What memdbd.toml names for its password, read just now; nothing: the stored one counts. Another password is used
    /// by the probes at once, the tunnel stays as it is.
    void name_password(const std::optional<NamedPassword>& named);

    /// An IAM token that somebody pushes, for one of the clusters: judged, kept in memory only, used from now on until
    /// it expires. Kept connections stay; nodes that wait for one are tried at once. Errc::bad_input, malformed,
    /// too_large.
    Result<control::TokenReport> take_token(const Secret<>& text);

    /// Takes over the tunnel that an earlier memdbd has left, before wish(). Whether it could: if not, its openvpn must
    /// be ended by clean_up. `left.descriptor` is closed then, and else with the tunnel.
    bool take_over(const Handover& left);

    /// Follows a person's wish. Idempotent.
    void wish(control::Wish wish);

    /// The profile as it is now. Observes health: call it when something moved, and at next_look().
    control::ProfileView view(TimePoint now, WallTime wall, const ClockOffset& clock);

    /// When the view may change by itself although nothing happens.
    [[nodiscard]] std::optional<TimePoint> next_look() const noexcept { return next_look_; }

    /// Its machines, each with the moment that its timer waits for.
    [[nodiscard]] std::vector<Waiting> waiting() const;
    /// Of the tunnel's process; nothing without one.
    [[nodiscard]] std::optional<int> openvpn_pid() const { return tunnel_ ? tunnel_->openvpn_pid() : std::nullopt; }

    /// The host's links, addresses or routes are others: attempts, probes and facts follow.
    void host_changed();

    /// The machine is about to sleep: probes and timers rest, and nothing is concluded, until woke().
    void sleep();
    /// After a sleep, announced or not; 0: there was none. Nothing that was proved before it counts.
    void woke(Duration slept);
    /// The wall clock was set, by so much.
    void clock_stepped(Duration step);

    /// The ranges behind its tunnel, as far as they are known; none for a direct profile.
    [[nodiscard]] Claim claim() const { return {profile_.profile.name, ranges_}; }
    /// When it was last wanted, in the order of wishes; nothing when it is not wanted, or has no tunnel.
    [[nodiscard]] std::optional<std::uint64_t> wanted_order() const;
    /// Another profile that came first leads to the same addresses; nothing: none does (any more).
    void set_overlap(const std::optional<Overlap>& overlap);

    /// Its nodes' PINGs so far, each under the names that view() has for it.
    void add_tallies(control::PingTallies& into) const;

    /// A fresh PING to one node or to all, now, done within `limit`. Errc::not_found for a node that is not there,
    /// Errc::busy when no probe runs.
    void ping(const std::optional<std::string>& node, Duration limit,
              std::function<void(Result<control::PingReport>)> done);

    /// What the doctor needs of it; valid as long as the agent.
    DoctorTools doctor_tools();
    /// What it knows beside its view.
    void add_to(doctor::Scene& scene);

    /// A revocation list that was judged and stored is in force from now on. A tunnel that is up stays up.
    control::CrlView take_crl(keys::RevocationList list);

    /// Its keys and their rotation; null for a direct profile.
    [[nodiscard]] RotationAgent* rotation() noexcept { return rotation_.get(); }

    /// New settings are in force.
    void settings_changed();

    /// systemd-resolved has come, gone, or been replaced.
    void resolved_changed();

    /// Ends openvpn and all connections; `done` is called once, from the loop.
    void shut_down(std::function<void()> done);

  private:
    struct ClusterAtWork {
        config::Cluster cluster;
        std::unique_ptr<reach::ClusterRunner> runner;
        std::unique_ptr<PlainAgent> plain;

        [[nodiscard]] ProbeOf probes() const {
            return [this](const std::string& label) { return runner->probe_of(label); };
        }
    };

    struct KnownToken {
        reach::IamLogin login;
        reach::LoginToken token;
    };

    /// Which clusters' probes begin anew; those of clusters that were not there before always do.
    enum class Renewed : std::uint8_t { others, of_users, all };

    void renew_clusters(Renewed which);
    void note_named(const std::optional<NamedPassword>& named);
    [[nodiscard]] std::vector<health::Condition> password_trouble() const;
    [[nodiscard]] const reach::LoginToken* token_of(const reach::IamLogin& login) const;
    void keep_token(const reach::IamLogin& login, const reach::LoginToken& token);
    void follow_tokens(TimePoint now, WallTime wall);
    void follow_token(const reach::IamLogin& login, TimePoint now, WallTime wall);
    [[nodiscard]] std::vector<IamStanding> iam_standings(WallTime wall, const ClockOffset& clock) const;
    [[nodiscard]] ClusterAtWork put_to_work(const config::Cluster& cluster) const;
    [[nodiscard]] tunnel::TunnelRunner::Handlers tunnel_handlers();
    void take_credential(Result<keys::Generation> in_force);
    void judge_credential();
    [[nodiscard]] RotationAgent::Hooks rotation_hooks();
    [[nodiscard]] tunnel::TunnelSetup trial_setup(const keys::Generation& candidate) const;
    void restart_with_new_key();
    void follow_rotation(TimePoint now, WallTime wall);
    void show_rotation(control::ProfileView& view) const;
    [[nodiscard]] tunnel::TunnelSetup tunnel_setup() const;
    void follow_credential(WallTime wall);
    void tunnel_changed(const tunnel::TunnelState& state);
    [[nodiscard]] bool is_parked() const noexcept { return wake_.phase == health::WakePhase::parked; }
    void follow_wake(const health::WakeEvent& event);
    void perform(health::WakeAction action);
    void note_answers();
    [[nodiscard]] bool may_probe() const;
    [[nodiscard]] std::optional<std::pair<std::string, reach::NodeExamTarget>> node_for_exam() const;
    [[nodiscard]] std::string vpc_resolver();
    void start_probes();
    void stop_probes();
    void follow_network();
    [[nodiscard]] std::vector<std::string> cluster_hosts() const;
    void start_dns();
    void follow_dns();
    void names_changed();
    void follow_ranges(const tunnel::TunnelState& state);
    void follow_session(TimePoint now, WallTime wall);
    [[nodiscard]] WallTime session_from(TimePoint connected, TimePoint now, WallTime wall) const;
    [[nodiscard]] health::TunnelFacts tunnel_now(TimePoint now, WallTime wall);
    [[nodiscard]] health::Facts facts(TimePoint now, WallTime wall);
    void add_paths(health::ClusterFacts& facts, const ClusterAtWork& at_work);
    [[nodiscard]] std::vector<health::Condition> notices();
    void look_at_silence(health::IncidentInput& incident, const std::vector<health::ClusterFacts>& clusters,
                         TimePoint now);
    void look_for_plain_text(std::vector<health::ClusterFacts>& clusters, TimePoint now);
    [[nodiscard]] health::IncidentInput incident_seen(const std::vector<health::ClusterFacts>& clusters);
    [[nodiscard]] std::optional<bool> route_to_server();
    [[nodiscard]] std::optional<bool> route_to_nodes();
    void show_tunnel(control::ProfileView& view, const health::Facts& facts, const ClockOffset& clock);
    void add_clusters(control::ProfileView& view, const health::Facts& facts, const ClockOffset& clock) const;
    void note_layers(const health::Facts& facts, const health::Blame& blamed, WallTime wall);
    void plan_next_look(const health::Facts& facts, const health::IncidentInput& seen, TimePoint now);
    void plan_tokens(const std::vector<IamStanding>& standings, TimePoint now);

    const Surroundings& around_;
    keys::StoredProfile profile_;
    Secret<> stored_password_;  ///< of the clusters' user; empty for none
    Secret<> password_;         ///< in use
    /// What memdbd.toml names, and why it cannot be read at present.
    std::optional<std::pair<config::PasswordSource, std::optional<Failure>>> named_;
    std::vector<KnownToken> tokens_;  ///< of clusters by IAM, the last one each
    std::optional<TimePoint> mint_failed_at_;
    std::optional<TimePoint> mint_look_;  ///< when the next token is to be signed
    std::string mint_trouble_;
    std::string ca_pem_;  ///< trusted by the probes; empty: the system's store
    control::Wanted wanted_ = control::Wanted::disconnected;
    std::optional<CredentialInForce> credential_;
    std::optional<health::Condition> credential_trouble_;  ///< why there is none, for a profile that needs one
    PathAgent path_;
    std::optional<FootprintAgent> footprint_;
    std::optional<HandoverAgent> handover_;         ///< none without a service manager that keeps it
    std::unique_ptr<tunnel::TunnelRunner> tunnel_;  ///< none for a direct profile
    std::unique_ptr<IncidentRunner> incident_;      ///< the same
    std::unique_ptr<PortalAgent> portal_;           ///< the same
    std::unique_ptr<RotationAgent> rotation_;       ///< the same
    unsigned running_generation_ = 0;               ///< that the last openvpn was started with
    unsigned visits_ = 0;                           ///< of doctors
    unsigned accepted_generation_ = 0;              ///< that a tunnel last came up with; 0: none since memdbd began
    std::unique_ptr<VpcNameAgent> vpc_names_;       ///< the same
    std::unique_ptr<DnsAgent> dns_;                 ///< the same
    std::vector<IpNetwork> ranges_;
    std::optional<Overlap> overlap_;
    std::uint64_t wanted_order_ = 0;
    WayOut way_out_;
    std::vector<tunnel::ServerAddress> way_to_;                     ///< the addresses that way_out_ was found for
    std::optional<std::pair<TimePoint, WallTime>> session_;         ///< connected_at, and what the calendar said then
    std::optional<std::pair<TimePoint, WallTime>> session_before_;  ///< the same of a tunnel that was taken over
    health::RenewalState renewal_;
    health::WakeState wake_;
    boost::asio::steady_timer wake_timer_;
    std::shared_ptr<const int> life_ = std::make_shared<const int>(0);
    std::optional<TimePoint> renewal_look_;
    std::vector<ClusterAtWork> clusters_;
    health::HealthTracker health_;
    std::optional<TimePoint> next_look_;
    std::optional<int> probed_pid_;          ///< the openvpn whose tunnel the probes use
    std::optional<TimePoint> probed_since_;  ///< and since when it is up: another value is another path
    bool probing_ = false;
    bool taking_over_ = false;  ///< a tunnel that is up, but does not say so yet
    bool held_ = false;         ///< wanted, but without a usable credential: no attempt is made
    std::optional<std::pair<TimePoint, WallTime>> shown_since_;  ///< the tunnel's `since`, as it is shown
    std::optional<health::Verdict> verdict_;
    WallTime verdict_since_{};
    std::vector<control::LayerView> layers_;
};

}  // namespace memdb::app
