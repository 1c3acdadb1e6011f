// Keeps the record of what one profile's openvpn may change on this host, and has it undone when openvpn is gone.
#pragma once

#include "host/footprint_store.hpp"
#include "host/route_link.hpp"
#include "tunnel/tunnel_state.hpp"

#include <string>

namespace memdb::app {

class FootprintAgent {
  public:
    /// @param link  may be null: then nothing is recorded. Both must outlive the agent.
    FootprintAgent(host::FootprintStore& store, host::RouteLink* link, std::string profile)
        : store_(store), link_(link), profile_(std::move(profile)) {}

    void about_to_spawn(const tunnel::ServerAddress& server);
    void spawned(int pid);
    /// Goes on with the record of an openvpn that was taken over.
    void taken_over();
    /// The device for which systemd-resolved was told something; nothing: none.
    [[nodiscard]] std::optional<unsigned> dns_link() const;
    void device_known(const std::string& device);
    /// Something is told to the system's resolver of the device, or nothing is any more.
    void dns_set(bool something);
    /// No process any more. Also undoes what it left, when it did not end in order.
    void gone();

  private:
    void write();

    host::FootprintStore& store_;
    host::RouteLink* link_;
    std::string profile_;
    host::Footprint footprint_;
    bool recorded_ = false;
};

}  // namespace memdb::app
