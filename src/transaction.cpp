#include <statemachine/transaction.hpp>

namespace statemachine::detail {

result<verdict> caught(function_ref<result<verdict>()> body) {
    try {
        return body();
    } catch (const failure& failed) {
        return failed.cause();
    } catch (...) {
        // The exception's own text may hold what must not reach a log.
        return error(errc::function_threw,
                     "the function threw an exception, and all that it had done was rolled back; "
                     "catch it inside, and return an error");
    }
}

}  // namespace statemachine::detail
