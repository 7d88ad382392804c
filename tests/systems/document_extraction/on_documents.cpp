#include "on_documents.hpp"

namespace systems::extracted {

template <class Database>
store_type documents_on(Database& database) {
    return store_type{database};
}
template <class Database>
std::unique_ptr<sweeper_type> sweeper_on(Database& database, const sm::sweeper_options& how) {
    return std::make_unique<sweeper_type>(database, how);
}
template <class Database>
std::unique_ptr<relay_type> webhooks_on(Database& database, const sm::relay_options& how,
                                        const std::string& sender) {
    return make_webhooks<production>(database, how, sender);
}

#define INSTANTIATE(Database)                                                                \
    template store_type documents_on<Database>(Database&);                                   \
    template std::unique_ptr<sweeper_type> sweeper_on<Database>(Database&,                   \
                                                                const sm::sweeper_options&); \
    template std::unique_ptr<relay_type> webhooks_on<Database>(                              \
        Database&, const sm::relay_options&, const std::string&)
INSTANTIATE(conformance::sqlite_backend::database);
INSTANTIATE(conformance::postgres_backend::database);
#undef INSTANTIATE

// Stores inside a transaction, for events that commit late.
using conformance::suite_transaction;
template store_type documents_on(suite_transaction<sm::sqlite::transaction>&);
template store_type documents_on(suite_transaction<sm::postgres::transaction>&);

}  // namespace systems::extracted
