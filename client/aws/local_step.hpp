// The steps on this laptop: easy-rsa, the profile, the connection. Blocking.
#pragma once

#include "client/aws/inventory.hpp"
#include "client/aws/plan.hpp"
#include "client/aws/session.hpp"
#include "client/aws/wish.hpp"
#include "client/commands.hpp"

namespace memdb::client::aws {

class LocalStep {
  public:
    LocalStep(Context& context, Session& session, const Wish& wish, const Inventory& inventory, const LocalState& local)
        : context_(context), session_(session), wish_(wish), inventory_(inventory), local_(local) {}

    Outcome<void> run(const Step& step) const;

  private:
    [[nodiscard]] Outcome<void> make_certificate(const Step& step) const;
    [[nodiscard]] Outcome<std::string> exported() const;
    [[nodiscard]] Outcome<void> import_crl() const;
    [[nodiscard]] Outcome<void> import_profile() const;
    [[nodiscard]] Outcome<void> write_bundle() const;
    [[nodiscard]] Outcome<void> connect() const;
    [[nodiscard]] Outcome<void> remove_profile() const;

    Context& context_;
    Session& session_;
    const Wish& wish_;
    const Inventory& inventory_;
    const LocalState& local_;
};

}  // namespace memdb::client::aws
