// The schema without its types; the bodies are compiled once, in src/.
#pragma once

#include <statemachine/detail/catalog.hpp>
#include <statemachine/schema_report.hpp>
#include <statemachine/session.hpp>

#include <optional>

namespace statemachine::detail {

class [[gnu::visibility("default")]] schema_core {
public:
    schema_core(const catalog& statements, session& database)
        : statements_(&statements), session_(&database) {}

    std::string_view ddl() const noexcept;
    result<migration> migrate(const migrate_options& options);
    result<schema_report> check();
    result<std::vector<explained>> explain();

private:
    struct attempt;

    result<std::optional<migration>> find_settled(attempt & now);
    result<void> change_tables(attempt & now);
    result<void> change_tables_once(executor & transaction, attempt & now);
    static result<void> note(executor & transaction, attempt & now);
    result<void> build_indexes(attempt & now);
    result<std::vector<std::string>> missing_indexes(attempt & now);
    result<void> tidy(attempt & now);

    const catalog* statements_;
    session* session_;
};

}  // namespace statemachine::detail
