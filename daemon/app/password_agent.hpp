// Reads the passwords that memdbd.toml names, and tells when their files change. Joins them; decides nothing.
#pragma once

#include "app/password_map.hpp"
#include "config/settings.hpp"
#include "host/file_watch.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace memdb::app {

class PasswordAgent {
  public:
    using Sources = decltype(config::Settings::passwords);

    /// @param credentials  the folder of the service's credentials; empty: systemd gave none.
    /// @param changed      a file may be another one: read() them again. From the loop only. `io` outlives the agent.
    PasswordAgent(boost::asio::io_context& io, std::string credentials, std::function<void()> changed);

    /// What memdbd.toml names now. Without inotify it warns, and changes are seen by the next reload only.
    void follow(const Sources& sources);

    /// Reads what is named for `profile`; nothing when none is. Blocks for a few ms of disk.
    [[nodiscard]] std::optional<NamedPassword> read(const std::string& profile) const;

  private:
    boost::asio::io_context& io_;
    std::string credentials_;
    std::function<void()> changed_;
    Sources sources_;
    std::unique_ptr<host::FileWatch> watch_;  ///< none while there is nothing to watch
};

}  // namespace memdb::app
