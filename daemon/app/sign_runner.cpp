#include "app/sign_runner.hpp"

#include "host/child_process.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

namespace memdb::app {
namespace {

namespace asio = boost::asio;

/// A file in memory that holds `text` and is read from its beginning; -1 with errno.
int memory_file(const std::string& text) {
    const int file = ::memfd_create("request", MFD_CLOEXEC);
    if (file < 0) return -1;
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (written && ::lseek(file, 0, SEEK_SET) == 0) return file;
    ::close(file);
    return -1;
}

}  // namespace

Result<void> check_signer(const std::string& program) {
    std::error_code error;
    const auto real = std::filesystem::canonical(program, error);  // whoever may change a link on the way could as well
    if (error)
        return Failure{error == std::errc::no_such_file_or_directory ? Errc::not_found : Errc::io,
                       program + ": " + error.message()};
    for (auto at = real; !at.empty(); at = at.parent_path()) {
        struct stat st {};
        if (::stat(at.c_str(), &st) != 0) return system_failure(at.string(), errno);
        const bool sticky = S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0 && at != real.parent_path();
        if (st.st_uid != 0 || ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky))
            return Failure{
                Errc::not_permitted,
                at.string() + ": must belong to root, and nobody else may write there, for memdbd to run it"};
        if (at == real && !S_ISREG(st.st_mode)) return Failure{Errc::not_permitted, at.string() + ": is no file"};
        if (at == at.root_path()) break;
    }
    return {};
}

struct SignRunner::Impl : std::enable_shared_from_this<Impl> {
    explicit Impl(asio::io_context& loop) : io(loop), process(loop), timer(loop) {}

    void finish(Result<std::string> result) {
        if (!done || std::exchange(finished, true)) return;
        timer.cancel();
        // Not before stop() may still call it off: who asked may be gone by then.
        asio::post(io, [self = shared_from_this(), result = std::move(result)] {
            if (const auto tell = std::exchange(self->done, nullptr)) tell(result);
        });
    }

    void kill_all() {
        if (pid <= 0) return;
        (void)::kill(-pid, SIGKILL);  // its whole group; not reaped yet, so the number is still its own
        process.terminate(true);
        process.abandon();
        pid = 0;
    }

    void printed(std::string_view line) {
        last = line.substr(0, 300);
        if (output.size() + line.size() < kSignOutputLimit) {
            output += line;
            output += '\n';
            return;
        }
        kill_all();
        finish(Failure{Errc::too_large, "it printed more than 256 KiB"});
    }

    void exited(const std::string& status) {
        pid = 0;
        if (status == "status 0") return finish(std::move(output));
        finish(Failure{Errc::bad_input, last.empty() ? "it ended with " + status : last + " (" + status + ")"});
    }

    void begin(const std::string& program, const std::string& csr, Duration limit) {
        if (const auto trusted = check_signer(program); trusted.has_error()) return finish(trusted.error());
        const int request = memory_file(csr);
        if (request < 0) return finish(system_failure("the request in memory", errno));
        const auto weak = weak_from_this();
        const auto started = process.spawn({program},
                                           {[weak](std::string_view line) {
                                                if (const auto self = weak.lock()) self->printed(line);
                                            },
                                            [weak](const std::string& status) {
                                                if (const auto self = weak.lock()) self->exited(status);
                                            }},
                                           {request, false});
        ::close(request);
        if (started.has_error()) return finish(started.error());
        pid = *started;
        timer.expires_after(limit);
        timer.async_wait([weak](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (error || !self) return;
            self->kill_all();
            self->finish(Failure{Errc::deadline_passed, "it did not end in time"});
        });
    }

    asio::io_context& io;
    host::ChildProcess process;
    asio::steady_timer timer;
    pid_t pid = 0;
    std::string output, last;
    std::function<void(Result<std::string>)> done;
    bool finished = false;
};

SignRunner::SignRunner(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}

SignRunner::~SignRunner() { stop(); }

void SignRunner::start(const std::string& program, const std::string& csr_pem, Duration limit,
                       std::function<void(Result<std::string>)> done) {
    stop();
    impl_ = std::make_shared<Impl>(impl_->io);
    impl_->done = std::move(done);
    impl_->begin(program, csr_pem, limit);
}

void SignRunner::stop() {
    impl_->done = nullptr;
    impl_->timer.cancel();
    impl_->kill_all();
}

}  // namespace memdb::app
