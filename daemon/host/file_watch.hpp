// Tells when files that have a path may be others: rewritten, replaced by a rename, gone, back, or when a link on the
// way leads elsewhere. By inotify; decides nothing, opens none of the files.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace memdb::host {

class FileWatch {
  public:
    static constexpr Duration kBurst = 50ms;  ///< from the first change of a burst until it is told

    /// Something changed: look at all of them again. Called from the loop only, never from inside a member function,
    /// and not after the watch is gone; it may destroy the watch. After every change there is a later call.
    using OnChange = std::function<void()>;

    /// Errc::io when the kernel gives no inotify instance. Wakes up only for changes in the folders where the files, or
    /// links to them, lie. `io` must outlive the watch.
    static Result<std::unique_ptr<FileWatch>> open(boost::asio::io_context& io, OnChange on_change);
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    /// Watches these and no others, whether they exist or not: absolute paths. Look at the files after this call, not
    /// before it. Blocks for a few lookups of the file system.
    void follow(std::vector<std::string> paths);

    /// Folders in which changes cannot be seen at present, with the reason; one line each.
    [[nodiscard]] const std::vector<std::string>& blind_spots() const noexcept;

  private:
    struct Impl;
    explicit FileWatch(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::host
