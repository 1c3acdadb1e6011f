// A profile's certificate, its CA and its revocation list as text, one fact a line, 80 columns. Pure.
#pragma once

#include "client/render.hpp"

#include <string>

namespace memdb::client {

/// `key show`. @param rotation  on its way or the last one; null: there was none.
std::string render_key(const std::string& profile, const control::CredentialView& credential, const Style& style,
                       const control::RotationView* rotation = nullptr);

/// `key crl`: what the agent has made of the list that it was handed.
std::string render_crl(const std::string& profile, const control::CrlView& crl, const Style& style);

}  // namespace memdb::client
