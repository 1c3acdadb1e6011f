// Precompiled for memdb_io only: the heavy headers that nearly every I/O file needs.
#pragma once

#include <spdlog/spdlog.h>
#include <boost/asio.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>
