#include "errors.hpp"

#include <algorithm>
#include <string>

namespace statemachine::postgres {
namespace {

constexpr meaning meanings[] = {
    {"40001", errc::serialization_failure,
     "A concurrent change won under this isolation level: send the call again."},
    {"40P01", errc::deadlock, "The server ended a deadlock at this call: send it again."},
    {"40003", errc::connection_lost,
     "The server does not know whether the statement was completed: resolve the call."},
    {"40", errc::serialization_failure, "The server rolled the call back: send it again."},
    {"55P03", errc::busy, "Another transaction keeps the row locked: send the call again."},
    {"55006", errc::busy, "Another session uses the object: send the call again."},
    {"57014", errc::cancelled,
     "The server cancelled the statement, by its time limit or an operator: send the call again, "
     "or raise the deadline."},
    {"57P01", errc::connection_lost,
     "The server closed the connection while the call ran: resolve the call."},
    {"57P02", errc::connection_lost, "The server crashed while the call ran: resolve the call."},
    {"57P03", errc::connection_lost,
     "The server is starting up, shutting down or recovering: wait until it accepts connections."},
    {"08", errc::connection_lost, "The connection failed while the call ran: resolve the call."},
    {"53100", errc::disk_full, "The server's disk is full: free space there."},
    {"53200", errc::overloaded, "The server ran out of memory: send the call again later."},
    {"53300", errc::overloaded,
     "The server has no connection slot left: use fewer connections, or raise max_connections or "
     "the role's connection limit."},
    {"53400", errc::overloaded,
     "A configured limit of the server is exceeded: send the call again later, or raise the "
     "limit."},
    {"53", errc::overloaded, "The server is out of resources: send the call again later."},
    {"23505", errc::unique_violated, "A unique constraint refused the change: send other values."},
    {"23", errc::constraint_violated,
     "A constraint that is not the library's own refused the change: send other values."},
    {"22003", errc::invalid_value, "A number does not fit its column: send one in range."},
    {"22021", errc::invalid_value,
     "A text is not valid UTF-8, or holds a NUL character: send valid text."},
    {"22P05", errc::invalid_value,
     "A text has a character that the database's encoding lacks: use a UTF8 database."},
    {"22", errc::invalid_value, "The server refused a value: send one that fits its column."},
    {"42P01", errc::schema_missing, "A table does not exist: migrate the store's schema"},
    {"3F000", errc::schema_missing, "The schema does not exist: create it, or mend search_path."},
    {"42P07", errc::already_exists,
     "A table or an index of that name exists: look at it, and rename or drop it"},
    {"42710", errc::already_exists,
     "An object of that name exists: look at it, and rename or drop it"},
    {"42703", errc::schema_drifted, "A table lacks a column: migrate the store's schema"},
    {"42804", errc::schema_drifted, "A column has another type: migrate the store's schema"},
    {"42883", errc::schema_drifted,
     "The types of a table's columns do not match the declaration: migrate the store's schema"},
    {"42P10", errc::schema_drifted, "A table lacks a unique index: migrate the store's schema"},
    {"42704", errc::schema_drifted,
     "A table lacks an object of the declaration: migrate the store's schema"},
    {"42501", errc::permission_denied, "The role lacks a privilege: grant it"},
    {"42P05", errc::misconfigured,
     "Prepared statements are shared between sessions here: set options::transaction_pooling, or "
     "let the pooler work in session mode."},
    {"26000", errc::misconfigured,
     "Prepared statements do not last here: set options::transaction_pooling, or let the pooler "
     "work in session mode."},
    {"42", errc::unexpected, "The server refused the statement: look up the SQLSTATE in native()"},
    {"28", errc::authentication_failed,
     "The server refused the user or the password: check both, and the server's pg_hba.conf."},
    {"3D000", errc::cannot_open, "The database does not exist: create it, or mend dbname."},
    {"25006", errc::read_only,
     "The server takes no writes here: connect to the primary, as a role that may write."},
    {"25P02", errc::transaction_aborted,
     "The transaction has failed before: roll it back and start again."},
    {"54", errc::too_large, "The server found the statement too large: send less at once."},
    {"58", errc::io_error, "The server's disk or file system failed: see the server's log."},
    {"XX001", errc::corrupt, "The server found a damaged table: see its log and restore it."},
    {"XX002", errc::corrupt, "The server found a damaged index: see its log and reindex it."},
    {"", errc::unexpected,
     "The server refused the statement for a reason that the library does not know: look up the "
     "SQLSTATE in native(), and see the server's log."},
};

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

std::string_view field(const PGresult& reply, int code) {
    const char* const content = PQresultErrorField(&reply, code);
    return content ? std::string_view(content) : std::string_view();
}

// Of several addresses that were tried, the last that sent a SQLSTATE says most.
std::string_view last_sqlstate(std::string_view complaint) {
    std::string_view found;
    while (!complaint.empty()) {
        const auto line = complaint.substr(0, complaint.find('\n'));
        const auto mark = line.rfind(":  ");
        if (mark != line.npos && is_sqlstate(line.substr(mark + 3))) found = line.substr(mark + 3);
        complaint.remove_prefix(std::min(complaint.size(), line.size() + 1));
    }
    return found;
}

error not_connected_by_server(std::string_view sqlstate) {
    if (sqlstate == "55000")
        return {errc::cannot_open,
                "The database accepts no connections: allow them, or mend dbname.", sqlstate};
    const meaning& known = meaning_of(sqlstate);
    if (sqlstate == "57P03") return {errc::cannot_connect, std::string(known.sentence), sqlstate};
    if (known.code == errc::connection_lost)
        return {errc::cannot_connect, "The server closed the connection at once: try again.",
                sqlstate};
    return {known.code, std::string(known.sentence), sqlstate};
}

// libpq gives no codes for what fails on this side. The texts may be translated, so what none of
// the marks fits is still errc::cannot_connect.
struct local_failure {
    std::string_view mark;
    errc code;
    std::string_view sentence;
};

constexpr local_failure local_failures[] = {
    {"session is read-only", errc::cannot_connect,
     "No server meets target_session_attrs: name the primary, or wait until there is one."},
    {"hot standby", errc::cannot_connect,
     "No server meets target_session_attrs: name the primary, or wait until there is one."},
    {"certificate", errc::misconfigured,
     "TLS could not be set up as conninfo demands: check the certificates and sslmode."},
    {"does not support SSL", errc::misconfigured,
     "The server does not offer TLS, and conninfo demands it: turn it on there."},
    {"could not translate host name", errc::cannot_connect,
     "The server's host name does not resolve: check the host in conninfo and the resolver."},
    {"Connection refused", errc::cannot_connect,
     "No server listens there: check that it runs, and host and port in conninfo."},
    {"No such file or directory", errc::cannot_connect,
     "No server listens on that Unix socket: check that it runs, and host and port in conninfo."},
    {"timed out", errc::cannot_connect,
     "The server did not answer: check the network, and host and port in conninfo."},
    {"timeout expired", errc::cannot_connect,
     "The server did not answer: check the network, and host and port in conninfo."},
};

}  // namespace

const meaning& meaning_of(std::string_view sqlstate) noexcept {
    const auto entry = [](std::string_view state) {
        return std::find_if(std::begin(meanings), std::end(meanings),
                            [state](const meaning& m) { return m.state == state; });
    };
    if (const auto exact = entry(sqlstate); exact != std::end(meanings)) return *exact;
    if (const auto family = entry(sqlstate.substr(0, 2)); family != std::end(meanings))
        return *family;
    return *(std::end(meanings) - 1);
}

error refused(const PGresult& reply, stake at_stake, bool is_connected) {
    const auto sqlstate = field(reply, PG_DIAG_SQLSTATE);
    const auto severity = field(reply, PG_DIAG_SEVERITY_NONLOCALIZED);
    const meaning& known = meaning_of(sqlstate);
    // The server has gone on, so it was a connection of its own, to another one.
    if (is_connected && severity == "ERROR" && sqlstate.substr(0, 2) == "08")
        return {errc::unexpected,
                "A trigger or function on the server lost a connection of its own: see to what it "
                "connects to, and send the call again.",
                sqlstate};
    // Without a SQLSTATE it is libpq that gave up, and a FATAL may follow a commit.
    if (sqlstate.empty() || known.code == errc::connection_lost || severity == "FATAL" ||
        severity == "PANIC")
        return lost(at_stake, sqlstate);

    // What has a context was said inside a trigger or function, which may show values under any
    // code.
    const bool shows_values = !field(reply, PG_DIAG_CONTEXT).empty();
    std::string sentence(known.sentence);
    if (shows_values && sentence.back() != '.') sentence += '.';
    if (sqlstate.substr(0, 2) == "42" && sentence.back() != '.') {
        sentence.append("; the server says: ").append(field(reply, PG_DIAG_MESSAGE_PRIMARY));
        sentence += '.';
    }
    if (const auto name = field(reply, PG_DIAG_CONSTRAINT_NAME);
        sqlstate.substr(0, 2) == "23" && !name.empty() && !shows_values) {
        sentence.pop_back();
        sentence.append(" (constraint ").append(name).append(").");
    }
    return {known.code, std::move(sentence), sqlstate};
}

error lost(stake at_stake, std::string_view sqlstate) {
    if (at_stake == stake::nothing)
        return {errc::cannot_connect,
                "The connection died before anything was committed: send the call again.",
                sqlstate};
    return {errc::connection_lost,
            "The connection died after the statement was sent: resolve the call.", sqlstate};
}

error late(stake at_stake) {
    if (at_stake == stake::nothing)
        return {errc::cancelled,
                "The call was given up at its deadline before anything was committed: send it "
                "again, or raise the deadline."};
    return {errc::deadline_passed,
            "The server did not answer before the deadline: resolve the call, or raise the "
            "deadline."};
}

error not_connected(std::string_view complaint, bool lacks_password) {
    if (const auto sqlstate = last_sqlstate(complaint); !sqlstate.empty())
        return not_connected_by_server(sqlstate);
    if (lacks_password)
        return {errc::authentication_failed,
                "The server wants a password and conninfo has none: give one, or a password file."};
    if (complaint.substr(0, 8) == "invalid ")
        return {errc::invalid_argument,
                "The conninfo has a value that libpq does not take: check port, sslmode and the "
                "other keywords."};
    // What stands before the reason names the host, which could look like a reason.
    if (const auto mark = complaint.rfind(" failed: "); mark != complaint.npos)
        complaint.remove_prefix(mark);
    for (const auto& [mark, code, sentence] : local_failures)
        if (complaint.find(mark) != complaint.npos) return {code, std::string(sentence)};
    return {errc::cannot_connect,
            "No connection could be made: check that the server runs, and host and port in "
            "conninfo."};
}

error not_connected_in_time() {
    return {errc::cannot_connect,
            "The server did not answer before the deadline: check the network and the server, or "
            "raise the deadline."};
}

}  // namespace statemachine::postgres
