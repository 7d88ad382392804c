// From a conninfo to connections that are ready for statements.
#pragma once

#include "connection.hpp"

#include <statemachine/postgres.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace statemachine::postgres {

/// libpq's keywords and their values. Never written into one string again, so nothing in a value
/// can be taken for a keyword.
using settings = std::vector<std::pair<std::string, std::string>>;

/// Where to connect, and what each connection is given there.
class target {
public:
    /// @return errc::invalid_argument when libpq cannot read the conninfo
    static result<target> parse(const std::string& conninfo, const options& how);

    /// Opens a connection to the first host that has a server that takes writes.
    /// @return errc::read_only when only standbys answered, or why the last host could not be used
    result<std::unique_ptr<connection>> open(moment deadline) const;

    /// Whether conninfo says itself which servers will do.
    bool takes_standby() const noexcept { return takes_standby_; }

private:
    result<std::unique_ptr<connection>> open_at(const settings& host, moment deadline) const;
    result<void> set_up(connection& opened, moment deadline) const;

    std::vector<settings> hosts_;
    std::optional<std::chrono::seconds> host_limit_;
    kind kind_ = kind::keeping;
    bool takes_standby_ = false;
    std::string set_up_;
};

/// Commands that give a connection of the library's own its isolation level and its time limits,
/// and let it plan each kept statement once.
/// @param deadline  of one call
std::string session_settings(std::chrono::milliseconds deadline);

/// How long the server lets a statement of a call with that deadline run.
constexpr std::chrono::milliseconds statement_limit(std::chrono::milliseconds deadline) noexcept {
    return deadline - deadline / 20;
}

/// @return errc::misconfigured for a server that lacks what the statements need
result<void> check_version(PGconn* handle);

}  // namespace statemachine::postgres
