// PostgreSQL's messages, as far as a proxy has to know them: where a request ends, which statement
// it carries, and when the server has answered it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace statemachine::tests {

/// What a client sends in one go: a simple query, or all messages up to a Sync.
struct request {
    std::string bytes;
    std::string sql;           ///< of the statements in it, also of those that were prepared before
    bool is_startup = false;   ///< it opens the session
    bool executes = false;     ///< it runs a statement
    bool is_answered = false;  ///< the server ends its answer with ReadyForQuery
    bool wants_byte = false;   ///< the server answers with a single byte: may TLS start?

    /// Whether the text stands in a statement or in a value.
    bool carries(std::string_view text) const {
        return sql.find(text) != sql.npos || bytes.find(text) != bytes.npos;
    }
};

/// Cuts what a client sends into requests.
class request_reader {
public:
    void feed(std::string_view bytes) { waiting_ += bytes; }

    /// The next one that is complete.
    std::optional<request> next();

    /// What came after the last one.
    std::string rest() const { return begun_.bytes + waiting_; }

private:
    std::optional<request> opening();
    void note(std::string_view message);

    bool in_session_ = false;
    std::string waiting_;
    request begun_;
    std::map<std::string, std::string, std::less<>> prepared_;
};

/// Counts the answers in what a server sends.
class reply_reader {
public:
    void expect_byte() { bytes_expected_ += 1; }

    /// @return how many answers ended in these bytes
    int feed(std::string_view bytes);

private:
    std::size_t bytes_expected_ = 0;
    std::string waiting_;
};

}  // namespace statemachine::tests
