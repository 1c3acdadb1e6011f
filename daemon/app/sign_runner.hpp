// Has a request signed by the program that the administrator named in memdbd.toml: the request on its stdin, the
// certificate on its stdout. The only program besides openvpn that memdbd ever runs.
//
// It runs as memdbd does, with an empty environment. What it prints around the certificate does no harm.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace memdb::app {

inline constexpr Duration kSignLimit = 60s;
inline constexpr std::size_t kSignOutputLimit = std::size_t{256} * 1024;  ///< bytes

/// Whether root alone can change `program`, an absolute path: it and every folder above it belong to root and nobody
/// else may write there. Errc::not_found, Errc::not_permitted, Errc::io.
Result<void> check_signer(const std::string& program);

class SignRunner {
  public:
    explicit SignRunner(boost::asio::io_context& io);
    ~SignRunner();  ///< as stop()
    SignRunner(const SignRunner&) = delete;
    SignRunner& operator=(const SignRunner&) = delete;

    /// `done` once, from the loop: everything it printed, or why that is nothing. Errc::deadline_passed, too_large,
    /// bad_input (it said no), and those of check_signer().
    void start(const std::string& program, const std::string& csr_pem, Duration limit,
               std::function<void(Result<std::string>)> done);
    /// Kills it; `done` does not come.
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::app
