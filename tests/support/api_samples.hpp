// Every object of the API's JSON, as full or as empty as it can be, made of the values that the program makes it of.
#pragma once

#include "control/api.hpp"
#include "control/api_values.hpp"
#include "control/event.hpp"
#include "control/field_catalog.hpp"
#include "tests/support/filled.hpp"

#include <boost/json.hpp>

#include <string_view>
#include <variant>

namespace memdb::support {

/// Calls `visit(name, object)` for `value` and for every object in it, as the table of fields names them.
template <class Visit>
void visit_objects(std::string_view name, const boost::json::value& value, Visit& visit) {
    if (!value.is_object()) return;
    visit(name, value.get_object());
    for (const auto& member : value.get_object()) {
        const control::FieldText* const row = control::find_field_text(name, member.key());
        if (row == nullptr) continue;
        const auto at = row->kind.find('@');
        if (at == std::string_view::npos) continue;
        const std::string_view inner = row->kind.substr(at + 1);
        if (!member.value().is_array()) visit_objects(inner, member.value(), visit);
        if (member.value().is_array())
            for (const auto& item : member.value().get_array()) visit_objects(inner, item, visit);
    }
}

/// Calls `see.operator()<T>()` for every kind of event.
template <std::size_t I = 0>
void each_kind_of_change(auto&& see) {
    if constexpr (I < std::variant_size_v<control::Change>) {
        see.template operator()<std::variant_alternative_t<I, control::Change>>();
        each_kind_of_change<I + 1>(see);
    }
}

template <class Visit>
void visit_every_object(Fill how, Visit& visit) {
    const auto take = [&](std::string_view name, const std::string& text) {
        visit_objects(name, boost::json::parse(text), visit);
    };
    take("snapshot", control::to_json(filled<control::Snapshot>(how)));
    take("profile", control::to_json(filled<control::ProfileView>(how)));
    visit_objects("cluster", control::value_of(filled<control::ClusterView>(how)), visit);
    take("ping report", control::to_json(filled<control::PingReport>(how)));
    take("import report", control::to_json(filled<control::ImportReport>(how)));
    take("key request report", control::to_json(filled<control::KeyRequestReport>(how)));
    take("crl", control::to_json(filled<control::CrlView>(how)));
    take("token report", control::to_json(filled<control::TokenReport>(how)));
    auto import = filled<config::ImportRequest>(how);
    if (how == Fill::all)
        for (auto& cluster : import.clusters) cluster.tls = config::ClusterTls::off;  // `on` is not written
    take("import", control::to_json(import));
    take("change", control::to_json(filled<config::ProfileChange>(how)));
    take("key request", control::to_json(filled<control::KeyRequest>(how)));
    each_kind_of_change([&]<class T>() {
        take("event", control::to_json_line({WallTime{}, how == Fill::none ? "" : "demo", filled<T>(how)}));
    });
}

}  // namespace memdb::support
