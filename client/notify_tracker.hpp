// What is worth a desktop notification, and when. Pure: (what is known, now) -> notices.
//
// Not every blip: a profile that is wanted must be without an answer for kHold. Once each, never the same again; then
// one line when it is over. A certificate that ends soon is told once a day.
#pragma once

#include "base/time.hpp"
#include "control/snapshot.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace memdb::client {

struct Notice {
    std::string about;  ///< a later notice about the same replaces it on the screen
    std::string summary;
    std::string body;
    bool urgent = false;
    bool operator==(const Notice&) const = default;
};

class NotifyTracker {
  public:
    static constexpr Duration kHold = 30s;
    static constexpr std::int64_t kCertificateDays = 14;  ///< and fewer
    static constexpr Duration kAgain = 24h;               ///< between two about the same certificate

    /// The agent's state, as it is now.
    std::vector<Notice> see(const control::Snapshot& snapshot, TimePoint now);
    /// The agent does not answer.
    std::vector<Notice> miss(TimePoint now);
    /// When to look again although nothing happens: then the state is to be brought anew.
    [[nodiscard]] TimePoint next(TimePoint now) const;

  private:
    struct Trouble {
        std::optional<TimePoint> since;
        bool told = false;
    };

    /// True when it has lasted long enough just now.
    static bool lasts(Trouble& trouble, TimePoint now);
    void see_profile(const control::ProfileView& profile, TimePoint now, std::vector<Notice>& out);
    void see_certificate(const control::ProfileView& profile, TimePoint now, std::vector<Notice>& out);

    std::map<std::string, Trouble> profiles_;        ///< by name
    std::map<std::string, TimePoint> certificates_;  ///< when it was told, by profile
    Trouble agent_;
};

}  // namespace memdb::client
