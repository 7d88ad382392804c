// What can go wrong besides losing a race: one code, one sentence that says what to do, and the
// database's own code. Races and refusals are not errors, they are answers (answer.hpp).
//
//     auto db = sm::sqlite::open("jobs.db");
//     if (!db) log(db.error().message());
#pragma once

#include <boost/version.hpp>
// Outcome had another ABI before: units built against both lose their results and their errors.
#if BOOST_VERSION < 107900
#error "statemachine needs the headers of Boost 1.79 or later"
#endif
#include <boost/outcome/basic_result.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace statemachine {

/// What went wrong. `fate_of` tells for each whether the change may be sent again.
enum class errc : unsigned char {
    // Not applied, and safe to send again.
    busy,                   ///< another connection holds the lock that the call needs
    deadlock,               ///< the server broke a deadlock by cancelling this call
    serialization_failure,  ///< a concurrent change won under a strict isolation level
    cancelled,       ///< the server cancelled the statement, by its time limit or an operator
    pool_exhausted,  ///< every connection of the pool stayed in use until the deadline
    cannot_connect,  ///< no connection could be made before the deadline
    overloaded,      ///< the server has no memory or connection slot left
    // Sent, and no answer came: the change may or may not have happened.
    connection_lost,  ///< the connection died after the statement was sent
    deadline_passed,  ///< the server did not answer before the deadline
    // The change was made, and this program cannot read what came back of it.
    unreadable_change,  ///< the row holds a state or value that the declaration does not know
    // The call is wrong; nothing was sent.
    invalid_argument,  ///< a key, token, owner, limit or event that this call cannot take
    invalid_value,     ///< NaN, a NUL character, invalid UTF-8, or a number out of range
    too_large,         ///< a payload, batch or text above its limit
    used_after_fork,   ///< the handle was opened by the parent process
    nested_call,       ///< the handle is in a transaction that this call cannot join
    // An answer that was taken for a success, or the caller's own code; nothing was changed.
    refused,         ///< a change was refused, or nobody knows any more; the message says which
    work_failed,     ///< a worker's callable could not do its job; the message is its own
    function_threw,  ///< a function that was passed in threw an exception, and was rolled back
    // The database or its surroundings are wrong; nothing was changed.
    cannot_open,            ///< the database file or its directory cannot be used
    permission_denied,      ///< the role or the file mode forbids it
    network_file_system,    ///< the file lies on a network file system
    read_only,              ///< the database accepts no writes
    disk_full,              ///< no space left
    io_error,               ///< the disk or the file system failed
    corrupt,                ///< the file is damaged, or is no database
    misconfigured,          ///< a setting that the guarantees rest on does not hold
    authentication_failed,  ///< the server refused the user or the password
    schema_missing,         ///< the tables do not exist
    schema_drifted,         ///< the tables do not match the declaration
    unique_violated,        ///< a unique constraint was violated
    already_exists,         ///< a table or index exists already
    constraint_violated,    ///< another constraint was violated
    transaction_aborted,    ///< the caller's own transaction has failed before
    undeclared_value,       ///< a row holds a state or value that the declaration does not know
    unexpected,             ///< an error of the database that has no entry above
};

/// What is known about a change whose call failed.
enum class fate : unsigned char {
    not_applied_retry,  ///< it did not happen; the same call may be sent again
    unknown,            ///< it may have happened
    not_applied,        ///< it did not happen, and will not until something is mended
};

/// Maps each code to what is known about the change.
constexpr fate fate_of(errc code) noexcept {
    if (code <= errc::overloaded) return fate::not_applied_retry;
    if (code <= errc::unreadable_change) return fate::unknown;
    return fate::not_applied;
}

/// The code's name, as written in `errc`.
[[gnu::visibility("default")]] std::string_view to_string(errc code) noexcept;

/// A failed call: the code, a sentence that says what to do, and the database's own code.
///
/// The sentence never holds a conninfo, a payload or a whole token.
class [[nodiscard, gnu::visibility("default")]] error {
public:
    /// @param code     what went wrong
    /// @param message  one sentence that says what to do
    /// @param native   SQLSTATE, or the SQLite extended result code in decimal; may be empty
    error(errc code, std::string message, std::string_view native = {});

    errc code() const noexcept { return code_; }
    fate what_is_known() const noexcept { return fate_of(code_); }
    const std::string& message() const noexcept { return message_; }

    /// SQLSTATE or SQLite's extended result code in decimal; empty when the library itself refused.
    std::string_view native() const noexcept { return native_.data(); }

private:
    errc code_;
    std::array<char, 8> native_{};
    std::string message_;
};

/// What `.value()` throws when there is none. The library itself never throws it out of a call.
class [[gnu::visibility("default")]] failure : public std::runtime_error {
public:
    explicit failure(error cause) : std::runtime_error(cause.message()), cause_(std::move(cause)) {}
    const error& cause() const noexcept { return cause_; }

private:
    error cause_;
};

/// Lets `.value()` of a failed result throw `failure` with the whole sentence.
struct throw_failure : BOOST_OUTCOME_V2_NAMESPACE::policy::base {
    template <class Result>
    static constexpr void wide_value_check(Result&& self) {
        if (!base::_has_value(self)) throw failure(base::_error(self));
    }
    template <class Result>
    static constexpr void wide_error_check(Result&& self) {
        if (!base::_has_error(self)) throw std::logic_error("the result has a value, not an error");
    }
};

/// Every fallible call returns this: a value, or an error.
template <class Value>
using result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<Value, error, throw_failure>;

/// Makes a void result that succeeded.
inline auto success() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

}  // namespace statemachine
