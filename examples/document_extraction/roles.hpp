// What the processes of the demo are: workers, and relays that deliver webhooks.
#pragma once

#include "machine.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

namespace extraction {

/// Where the documents' rows are.
struct place {
    std::string conninfo{};  // of PostgreSQL; empty: the SQLite file
    std::string file = "documents.db";
};

/// Calls `body` with the open database, whichever it is.
template <class Body>
auto on_database(const place& where, Body body) {
    if (!where.conninfo.empty()) {
        auto server = sm::postgres::connect(where.conninfo).value();
        return body(server);
    }
    auto file = sm::sqlite::open(where.file).value();
    return body(file);
}

struct worker_role {
    std::string name, inbox;
    bool stops_in_the_middle = false;  // of its first document: it stands still
    bool dies_after_text = false;      // right after the end of its first text: it is gone
};

/// Works on both legs until SIGTERM.
void work(const place& where, const worker_role& how);
/// Delivers webhooks until SIGTERM.
void deliver(const place& where, const std::string& name);

}  // namespace extraction
