// A program that has systemd-resolved's name on the bus of a test, keeps what it is told and refuses what the test
// says.
#pragma once

#include "base/dns_server.hpp"
#include "host/link_dns.hpp"

#include <systemd/sd-bus.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace memdb::tests {

class StandInResolved {
  public:
    StandInResolved() {
        EXPECT_GE(sd_bus_open_system(&bus_), 0);
        EXPECT_GE(sd_bus_add_object(bus_, nullptr, "/org/freedesktop/resolve1", &StandInResolved::on_call, this), 0);
        EXPECT_GE(sd_bus_request_name(bus_, "org.freedesktop.resolve1", 0), 0);
    }
    ~StandInResolved() { sd_bus_flush_close_unref(bus_); }
    StandInResolved(const StandInResolved&) = delete;
    StandInResolved& operator=(const StandInResolved&) = delete;

    /// Answers what has come; a test calls it from its loop, or does not: then nobody answers.
    void turn() {
        while (sd_bus_process(bus_, nullptr) > 0) {
        }
    }

    std::map<int, host::LinkDns> links;         ///< what holds now, by the device's number
    std::vector<std::string> calls;             ///< "SetLinkDNS 7", in order
    std::map<std::string, std::string> errors;  ///< by method: the error it answers with

  private:
    static int on_call(sd_bus_message* message, void* self, sd_bus_error* error) {
        return static_cast<StandInResolved*>(self)->take(message, error);
    }

    int take(sd_bus_message* message, sd_bus_error* error) {
        if (sd_bus_message_is_method_call(message, "org.freedesktop.resolve1.Manager", nullptr) == 0) return 0;
        const std::string method = sd_bus_message_get_member(message);
        int link = 0;
        EXPECT_GT(sd_bus_message_read(message, "i", &link), 0);
        calls.push_back(method + " " + std::to_string(link));
        if (const auto refused = errors.find(method); refused != errors.end())
            return sd_bus_error_set(error, refused->second.c_str(), "as the test wants it");
        if (method == "SetLinkDNS" || method == "SetLinkDNSEx")
            read_servers(message, links[link], method.ends_with("Ex"));
        if (method == "SetLinkDomains") read_domains(message, links[link]);
        if (method == "SetLinkDefaultRoute") {
            int on = 0;
            EXPECT_GT(sd_bus_message_read(message, "b", &on), 0);
            links[link].default_route = on != 0;
        }
        if (method == "RevertLink") links.erase(link);
        return sd_bus_reply_method_return(message, "");
    }

    static void read_servers(sd_bus_message* message, host::LinkDns& dns, bool longer) {
        dns.servers.clear();
        EXPECT_GT(sd_bus_message_enter_container(message, 'a', longer ? "(iayqs)" : "(iay)"), 0);
        while (sd_bus_message_enter_container(message, 'r', longer ? "iayqs" : "iay") > 0) {
            int family = 0;
            const void* bytes = nullptr;
            std::size_t size = 0;
            EXPECT_GT(sd_bus_message_read(message, "i", &family), 0);
            EXPECT_GT(sd_bus_message_read_array(message, 'y', &bytes, &size), 0);
            DnsServer server;
            server.address =
                address_of_bytes(std::span(static_cast<const std::uint8_t*>(bytes), size)).value_or(IpAddress{});
            EXPECT_EQ(family, server.address.is_v6 ? 10 : 2);
            const char* name = nullptr;
            if (longer) EXPECT_GT(sd_bus_message_read(message, "qs", &server.port, &name), 0);
            dns.servers.push_back(server);
            sd_bus_message_exit_container(message);
        }
        sd_bus_message_exit_container(message);
    }

    static void read_domains(sd_bus_message* message, host::LinkDns& dns) {
        dns.domains.clear();
        EXPECT_GT(sd_bus_message_enter_container(message, 'a', "(sb)"), 0);
        const char* name = nullptr;
        int routing_only = 0;
        while (sd_bus_message_read(message, "(sb)", &name, &routing_only) > 0)
            dns.domains.push_back({name, routing_only != 0});
        sd_bus_message_exit_container(message);
    }

    sd_bus* bus_ = nullptr;
};

}  // namespace memdb::tests
