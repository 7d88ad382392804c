#include <statemachine/error.hpp>

#include <algorithm>

namespace statemachine {

error::error(errc code, std::string message, std::string_view native)
    : code_(code), message_(std::move(message)) {
    std::copy_n(native.begin(), std::min(native.size(), native_.size() - 1), native_.begin());
}

std::string_view to_string(errc code) noexcept {
    switch (code) {
        case errc::busy: return "busy";
        case errc::deadlock: return "deadlock";
        case errc::serialization_failure: return "serialization_failure";
        case errc::cancelled: return "cancelled";
        case errc::pool_exhausted: return "pool_exhausted";
        case errc::cannot_connect: return "cannot_connect";
        case errc::overloaded: return "overloaded";
        case errc::connection_lost: return "connection_lost";
        case errc::deadline_passed: return "deadline_passed";
        case errc::unreadable_change: return "unreadable_change";
        case errc::invalid_argument: return "invalid_argument";
        case errc::invalid_value: return "invalid_value";
        case errc::too_large: return "too_large";
        case errc::used_after_fork: return "used_after_fork";
        case errc::nested_call: return "nested_call";
        case errc::refused: return "refused";
        case errc::work_failed: return "work_failed";
        case errc::function_threw: return "function_threw";
        case errc::cannot_open: return "cannot_open";
        case errc::permission_denied: return "permission_denied";
        case errc::network_file_system: return "network_file_system";
        case errc::read_only: return "read_only";
        case errc::disk_full: return "disk_full";
        case errc::io_error: return "io_error";
        case errc::corrupt: return "corrupt";
        case errc::misconfigured: return "misconfigured";
        case errc::authentication_failed: return "authentication_failed";
        case errc::schema_missing: return "schema_missing";
        case errc::schema_drifted: return "schema_drifted";
        case errc::unique_violated: return "unique_violated";
        case errc::already_exists: return "already_exists";
        case errc::constraint_violated: return "constraint_violated";
        case errc::transaction_aborted: return "transaction_aborted";
        case errc::undeclared_value: return "undeclared_value";
        case errc::unexpected: return "unexpected";
    }
    return "unexpected";
}

}  // namespace statemachine
