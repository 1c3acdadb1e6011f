// Precompiled for memdb_io only: the heavy headers that nearly every I/O file needs.
#pragma once

#include <boost/asio.hpp>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>
