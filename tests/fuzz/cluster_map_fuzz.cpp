// A node's reply to CLUSTER SHARDS or CLUSTER SLOTS, as bytes. What is read must keep its promises.
#include "reach/cluster_map.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace memdb::reach;
    if (size == 0) return 0;
    ReplyDecoder decoder(kTopologyReply);
    decoder.feed(std::string_view(reinterpret_cast<const char*>(bytes), size));
    const auto reply = decoder.next();
    if (!reply || !*reply) return 0;
    for (const auto& map :
         {parse_topology(**reply, {"asked.test", 6379, true}), parse_slots(**reply, {"asked.test", 6379, false})}) {
        if (!map) continue;
        if (map->nodes.empty() || map->nodes.size() > kMostNodes || map->slots_covered > kSlots) std::abort();
        for (const ClusterNode& node : map->nodes)
            if (!is_host_name(node.name) || node.port == 0 || node.shard == 0) std::abort();
    }
    return 0;
}
