// Calls of several stores, and statements of your own, that commit together or not at all.
//
//     auto did = db.transaction([&](sm::sqlite::transaction& tx) -> sm::result<void> {
//         sm::store<transcode::machine> jobs{tx};
//         jobs.fire(transcode::complete, run, found, token).value().value();
//         if (sqlite3_exec(tx.handle(), "INSERT INTO thumbnails ...", ...) != SQLITE_OK)
//             return sm::error(sm::errc::constraint_violated, "the thumbnail exists");
//         return sm::success();
//     });
//
// Each call of a store is a savepoint: one that is refused leaves what came before it standing.
// Its answer is provisional until `did` says committed.
#pragma once

#include <statemachine/session.hpp>

#include <concepts>
#include <type_traits>

namespace statemachine {

/// What `database.transaction` takes: a callable that is given the transaction and returns
/// `result<void>`, whose success commits, or `result<verdict>`.
template <class Body, class Transaction>
concept transaction_body = std::same_as<std::invoke_result_t<Body&, Transaction&>, result<void>> ||
    std::same_as<std::invoke_result_t<Body&, Transaction&>, result<verdict>>;

namespace detail {

// Calls a function of the user's. What `value()` threw becomes the error that it threw for, any
// other exception `errc::function_threw`.
[[gnu::visibility("default")]] result<verdict> caught(function_ref<result<verdict>()> body);

template <class Transaction, transaction_body<Transaction> Body>
result<verdict> decide(Body& body, Transaction& inside) {
    return caught([&]() -> result<verdict> {
        if constexpr (std::same_as<std::invoke_result_t<Body&, Transaction&>, result<verdict>>) {
            return body(inside);
        } else {
            auto done = body(inside);
            if (!done) return std::move(done).error();
            return verdict::commit;
        }
    });
}

}  // namespace detail
}  // namespace statemachine
