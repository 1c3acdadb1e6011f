// What AWS says, put into the doctor's diagnosis: guesses become certain, or are excluded. Pure.
#pragma once

#include "client/doctor/aws_suspects.hpp"
#include "health/check.hpp"

#include <vector>

namespace memdb::client {

/// Of the suspects that the diagnosis ranks; and of an endpoint that is gone, which explains everything.
void add_opinion(const std::vector<AwsSuspect>& opinion, health::Diagnosis& diagnosis);

}  // namespace memdb::client
