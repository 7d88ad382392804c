// Compiled once: these make the statements of three machines for two databases.
#include "service_on.hpp"

namespace systems {

template <class Database>
served<Database>::served(Database opened) : database(std::move(opened)) {}
template struct served<sqlite_backend::database>;
template struct served<postgres_backend::database>;

template <class Backend>
on_service<Backend>::on_service() {
    service.requests.migrate();
}
template class on_service<sqlite_backend>;
template class on_service<postgres_backend>;

}  // namespace systems
