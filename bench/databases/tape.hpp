// Records what the library sends, so that the very same statements and parameters can be sent again
// without it.
#pragma once

#include <statemachine/session.hpp>

#include <deque>
#include <string>
#include <vector>

namespace bench {

/// A statement as it was sent. Texts of values are copied, and stay where they are.
struct taped_statement {
    statemachine::statement what;
    std::vector<statemachine::value> values;
    std::deque<std::string> texts;
    std::deque<std::vector<statemachine::value>> arrays;
    std::size_t rows = 0;  ///< that came back
};

/// One transaction. No vector: it would copy the texts when it grows, and the values show them.
struct taped_call {
    statemachine::access need;
    std::deque<taped_statement> statements;
};

/// A statement that finds something else than when it was recorded costs something else.
void check_rows(const taped_statement& recorded, std::size_t played);

/// Passes everything on, and keeps a copy. For one thread at a time.
class tape final : public statemachine::session {
public:
    explicit tape(statemachine::session& inner) : inner_(inner) {}

    statemachine::steady_time call_deadline() const noexcept override {
        return inner_.call_deadline();
    }
    statemachine::result<statemachine::ending> transact(statemachine::access need,
                                                        statemachine::steady_time until,
                                                        statemachine::work body) override;
    using statemachine::session::transact;

    std::deque<taped_call> calls;

private:
    statemachine::session& inner_;
};

}  // namespace bench
