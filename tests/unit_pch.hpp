// Precompiled for the unit tests: gtest is most of what they include.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>
