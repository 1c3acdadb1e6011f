#include "host/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

namespace memdb::host {
namespace {

namespace fs = std::filesystem;
using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

/// In a folder where a file, a link to it, or its absence was found. Not IN_MODIFY: what is being written is read when
/// its writer has closed it.
constexpr std::uint32_t kEntries = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB;
/// Of every folder on the way: what lies in it beside costs no wake-up.
constexpr std::uint32_t kItself = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kLinkLimit = 40;  ///< as the kernel's own

}  // namespace

struct FileWatch::Impl : std::enable_shared_from_this<Impl> {
    Impl(boost::asio::io_context& io, OnChange call) : descriptor(io), timer(io), on_change(std::move(call)) {}

    Result<void> open() {
        const int instance = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (instance < 0) return system_failure("opening an inotify instance", errno);
        error_code error;
        descriptor.assign(instance, error);
        if (!error) return {};
        ::close(instance);
        return Failure{Errc::io, "watching an inotify instance: " + error.message()};
    }

    /// False when the kernel will not tell of this folder.
    bool add(const fs::path& folder, std::uint32_t mask) {
        const int number = ::inotify_add_watch(descriptor.native_handle(), folder.c_str(), mask | IN_MASK_ADD);
        if (number < 0) {
            // One that only leads there can be done without, and one that has just gone is seen by the folder above.
            const int error = errno;
            if ((mask & kEntries) == 0 || error == ENOENT || error == ENOTDIR) return false;
            std::string line = system_failure(folder.string(), error).message;
            if (std::ranges::find(blind, line) == blind.end()) blind.push_back(std::move(line));
            return false;
        }
        last_names = &fresh[number];
        return true;
    }

    void add_entry(const fs::path& folder, const fs::path& name) {
        if (add(folder, kEntries | kItself)) last_names->insert(name.string());
    }

    /// Goes the way that open() would go. Whatever may change is watched before it is looked at, so that no change
    /// falls in between.
    void walk(const fs::path& path) {
        std::vector<fs::path> rest(path.begin(), path.end());
        std::reverse(rest.begin(), rest.end());
        fs::path folder = "/";
        int links = 0;
        while (!rest.empty()) {
            const fs::path name = rest.back();
            rest.pop_back();
            if (name.empty() || name == "." || name == "/") continue;
            if (name == "..") {
                folder = folder.parent_path();  // no link in it
                continue;
            }
            const fs::path at = folder / name;
            std::error_code error;
            fs::file_type type = fs::symlink_status(at, error).type();
            if (type != fs::file_type::directory || rest.empty()) {
                add_entry(folder, name);
                type = fs::symlink_status(at, error).type();
            }
            if (type == fs::file_type::symlink) {
                const fs::path target = fs::read_symlink(at, error);
                if (error || ++links > kLinkLimit) return;
                const std::vector<fs::path> steps(target.begin(), target.end());
                rest.insert(rest.end(), steps.rbegin(), steps.rend());
                if (target.is_absolute()) folder = "/";
            } else if (type == fs::file_type::directory) {
                if (!add(at, kItself)) add_entry(folder, name);  // just gone, or not to be read: its name is watched
                folder = at;
            } else {
                return;
            }
        }
    }

    void follow_all() {
        fresh.clear();
        blind.clear();
        for (const std::string& path : paths) walk(path);
        for (const auto& [number, names] : watched)
            if (!fresh.contains(number)) (void)::inotify_rm_watch(descriptor.native_handle(), number);
        watched = std::exchange(fresh, {});
        last_names = nullptr;
    }

    void listen() {
        descriptor.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
            if (error || self->stopped) return;
            if (self->drain()) self->changed();
            self->listen();
        });
    }

    [[nodiscard]] bool matters(const inotify_event& event, const char* name) const {
        if ((event.mask & (IN_Q_OVERFLOW | IN_UNMOUNT)) != 0) return true;
        const auto found = watched.find(event.wd);
        if (found == watched.end() || (event.mask & IN_IGNORED) != 0) return false;
        return event.len == 0 || found->second.contains(name);
    }

    /// Takes what is there. True when something in it matters.
    bool drain() {
        alignas(inotify_event) std::array<char, 16 * 1024> buffer;
        bool news = false;
        while (true) {
            const ssize_t size = ::read(descriptor.native_handle(), buffer.data(), buffer.size());
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) return news;
            for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
                inotify_event event{};
                std::memcpy(&event, buffer.data() + at, sizeof event);
                news = matters(event, buffer.data() + at + sizeof event) || news;
                at += sizeof event + event.len;
            }
        }
    }

    void changed() {
        if (std::exchange(armed, true)) return;
        timer.expires_after(kBurst);
        timer.async_wait([self = shared_from_this()](const error_code& error) {
            if (error || self->stopped) return;
            self->armed = false;
            self->follow_all();
            const OnChange call = self->on_change;  // a copy: the call may end the watch
            if (call) call();
        });
    }

    void stop() {
        stopped = true;
        on_change = nullptr;
        error_code ignored;
        descriptor.close(ignored);
        timer.cancel();
    }

    using Names = std::set<std::string, std::less<>>;

    stream_descriptor descriptor;
    boost::asio::steady_timer timer;
    OnChange on_change;
    std::vector<std::string> paths;
    std::map<int, Names> watched, fresh;  ///< by the kernel's number of a folder: the names in it that matter
    Names* last_names = nullptr;          ///< of the folder that was added last
    std::vector<std::string> blind;
    bool armed = false, stopped = false;
};

Result<std::unique_ptr<FileWatch>> FileWatch::open(boost::asio::io_context& io, OnChange on_change) {
    auto impl = std::make_shared<Impl>(io, std::move(on_change));
    if (const auto opened = impl->open(); !opened) return opened.error();
    impl->listen();
    return std::unique_ptr<FileWatch>(new FileWatch(std::move(impl)));
}

FileWatch::FileWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

FileWatch::~FileWatch() { impl_->stop(); }

void FileWatch::follow(std::vector<std::string> paths) {
    impl_->paths = std::move(paths);
    impl_->follow_all();
}

const std::vector<std::string>& FileWatch::blind_spots() const noexcept { return impl_->blind; }

}  // namespace memdb::host
