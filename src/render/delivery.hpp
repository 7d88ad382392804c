// Deliveries: claimed, marked, parked; and events that are delivered to all and may go.
#pragma once

#include "outbox.hpp"

namespace statemachine::detail {

// What a claim brings back, in this order. The moment of parking itself: whether it
// is NULL, SQLite 3.40 answers wrongly for a column that the same UPDATE has set.
inline constexpr std::array delivery_types{
    column_type::int64, column_type::int64, column_type::int32, column_type::text,
    column_type::time,  column_type::int64, column_type::int32, column_type::time};

// A group gets the events of one job in their order: those behind an open one wait, and so do those
// behind one that was emitted without the group and is yet to be handed to it. What is parked is
// told apart in a CASE: otherwise the index of what is due, which begins with the group, looks as
// good to a planner without statistics as the one of the job.
inline void write_first_of_job(sql_writer& out, const spec& declared) {
    const auto own = [&](std::string_view column) -> sql_writer& {
        out.name(declared.table, "_deliveries") << ".";
        return out.name(column);
    };
    out << "EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_deliveries") << " AS \"open\" WHERE \"open\".\"job\" = ";
    own("job") << " AND \"open\".\"consumer\" = ";
    own("consumer") << " AND CASE WHEN \"open\".\"parked_at\" IS NULL THEN TRUE ELSE FALSE END AND "
                       "(\"open\".\"version\" < ";
    own("version") << " OR \"open\".\"version\" = ";
    own("version") << " AND \"open\".\"part\" < ";
    own("part") << "))\n    OR EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_outbox") << " AS \"event\" WHERE \"event\".\"job\" = ";
    own("job") << " AND \"event\".\"version\" < ";
    own("version") << " AND EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_groups") << " WHERE \"name\" = ";
    own("consumer") << " AND \"generation\" > \"event\".\"generation\" AND \"starts_at\" < "
                       "\"event\".\"at\"))";
}

// In a CASE, so that no plan turns the sub-queries into joins of whole tables.
inline void write_deliverable(sql_writer& out, const spec& declared) {
    out << "CASE WHEN \"parked_at\" IS NOT NULL OR \"run_at\" > ";
    out.search_now() << "\n    OR ";
    write_first_of_job(out, declared);
    out << " THEN FALSE ELSE TRUE END";
}

inline void write_due_deliveries(sql_writer& out, const spec& declared) {
    out << "SELECT \"job\" FROM ";
    out.name(declared.table, "_deliveries");
    if (out.speech().pins_indexes) {
        out << " INDEXED BY ";
        write_delivery_index_name(out, declared);
    }
    out << " WHERE \"consumer\" = ";
    out.put(slot::consumer, column_type::text) << " AND \"parked_at\" IS NULL AND \"run_at\" <= ";
    out.search_now() << "\n  AND ";
    write_deliverable(out, declared);
    out << "\nORDER BY \"run_at\", \"job\", \"version\" LIMIT ";
    out.put(slot::limit, column_type::int64) << out.speech().lock_candidates;
}

// Leases the first open event of each job found. One whose tries are used up, because each of them
// ended with its relay, is parked instead.
inline void write_claim_deliveries(sql_writer& out, const spec& declared) {
    const auto if_left = [&](std::string_view column, auto left, auto used_up) {
        out << ", ";
        out.name(column) << " = CASE WHEN \"tries\" < ";
        out.put(slot::tries, column_type::int32) << " THEN ";
        left();
        out << " ELSE ";
        used_up();
        out << " END";
    };
    const auto keep = [&](std::string_view column) { return [&out, column] { out.name(column); }; };
    out << "UPDATE ";
    out.name(declared.table, "_deliveries") << " SET \"epoch\" = \"epoch\" + 1";
    if_left(
        "tries", [&] { out << "\"tries\" + 1"; }, keep("tries"));
    if_left(
        "run_at",
        [&] {
            out.write_now() << " + ";
            out.put(slot::delay, column_type::int64) << out.speech().millisecond;
        },
        keep("run_at"));
    if_left(
        "parked_at", [&] { out << "NULL"; }, [&] { out.write_now(); });
    if_left("error", keep("error"),
            [&] { out << "coalesce(\"error\", 'no try came to an end before its lease')"; });
    out << "\nWHERE \"consumer\" = ";
    out.put(slot::consumer, column_type::text)
        << " AND \"job\" " << (out.speech().one_statement ? "= ANY(ARRAY(\n" : "IN (\n");
    write_due_deliveries(out, declared);
    out << (out.speech().one_statement ? "\n))" : "\n)") << "\n  AND ";
    write_deliverable(out, declared);
    out << "\nRETURNING \"job\", \"version\", \"part\", \"topic\", \"at\", \"epoch\", \"tries\", "
           "\"parked_at\"";
}

// One delivery, as it was claimed or read.
inline void write_this_delivery(sql_writer& out) {
    out << "\nWHERE \"job\" = ";
    out.put(slot::id, column_type::int64) << " AND \"version\" = ";
    out.put(slot::version, column_type::int64) << " AND \"part\" = ";
    out.put(slot::part, column_type::int32) << " AND \"consumer\" = ";
    out.put(slot::consumer, column_type::text) << "\n  AND \"epoch\" = ";
    out.put(slot::epoch, column_type::int64);
}

inline void write_delivered(sql_writer& out, const spec& declared) {
    out << "DELETE FROM ";
    out.name(declared.table, "_deliveries");
    write_this_delivery(out);
    out << "\nRETURNING \"job\"";
}

// Sent again after a lost reply it says the same.
inline void write_not_delivered(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_deliveries") << " SET \"error\" = ";
    out.put(slot::error, column_type::text) << ", \"run_at\" = ";
    out.write_now() << " + ";
    out.put(slot::delay, column_type::int64)
        << out.speech().millisecond << ", \"parked_at\" = CASE WHEN \"tries\" >= ";
    out.put(slot::tries, column_type::int32) << " THEN ";
    out.write_now() << " END";
    write_this_delivery(out);
    out << "\nRETURNING \"parked_at\"";
}
inline void write_not_begun(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_deliveries") << " SET \"tries\" = \"tries\" - 1, \"run_at\" = ";
    out.write_now();
    write_this_delivery(out);
    out << "\nRETURNING \"job\"";
}

// ---- for operators

inline constexpr std::array parked_types{column_type::int64, column_type::int64, column_type::int32,
                                         column_type::text,  column_type::time,  column_type::int64,
                                         column_type::int32, column_type::time,  column_type::text};

// Walks what is open or parked; not worth an index that each delivery would pay for.
inline void write_parked(sql_writer& out, const spec& declared) {
    out << "SELECT \"job\", \"version\", \"part\", \"topic\", \"at\", \"epoch\", \"tries\", "
           "\"parked_at\", \"error\" FROM ";
    out.name(declared.table, "_deliveries")
        << " WHERE \"parked_at\" IS NOT NULL AND \"consumer\" = ";
    out.put(slot::consumer, column_type::text)
        << "\nORDER BY \"job\", \"version\", \"part\" LIMIT ";
    out.put(slot::limit, column_type::int64);
}
inline void write_unpark(sql_writer& out, const spec& declared) {
    out << "UPDATE ";
    out.name(declared.table, "_deliveries")
        << " SET \"tries\" = 0, \"parked_at\" = NULL, \"run_at\" = ";
    out.write_now();
    write_this_delivery(out);
    out << " AND \"parked_at\" IS NOT NULL\nRETURNING \"job\"";
}
inline void write_discard(sql_writer& out, const spec& declared) {
    out << "DELETE FROM ";
    out.name(declared.table, "_deliveries");
    write_this_delivery(out);
    out << " AND \"parked_at\" IS NOT NULL\nRETURNING \"job\"";
}

// ---- pruning

// Delivered to every group, and to be handed to none. Counted, because a planner may answer EXISTS
// from a hash of the whole table.
inline void write_settled_event(sql_writer& out, const spec& declared) {
    const auto own = [&](std::string_view column) -> sql_writer& {
        out.name(declared.table, "_outbox") << ".";
        return out.name(column);
    };
    out << "CASE WHEN (SELECT count(*) FROM ";
    out.name(declared.table, "_deliveries") << " AS \"open\" CROSS JOIN ";
    out.name(declared.table, "_groups") << " WHERE \"open\".\"job\" = ";
    own("job") << " AND \"open\".\"version\" = ";
    own("version") << " AND \"open\".\"part\" = ";
    own("part")
        << " AND \"name\" = \"consumer\" AND \"active\") > 0\n    OR EXISTS (SELECT 1 FROM ";
    out.name(declared.table, "_groups") << " AS \"later\" WHERE \"later\".\"active\" AND "
                                           "\"later\".\"generation\" > ";
    own("generation") << " AND \"later\".\"starts_at\" < ";
    own("at") << ") THEN FALSE ELSE TRUE END";
}

inline void write_prune_events(sql_writer& out, const spec& declared) {
    const auto old = [&] {
        out << "\"generation\" = ";
        out.put(slot::generation, column_type::int64) << " AND \"at\" <= ";
        out.search_now() << " - " << declared.memory.events.count() << out.speech().millisecond
                         << "\n  AND ";
        write_settled_event(out, declared);
    };
    out << "DELETE FROM ";
    write_outbox_pinned(out, declared);
    out << " WHERE \"at\" <= (SELECT max(\"at\") FROM (SELECT \"at\" FROM ";
    write_outbox_pinned(out, declared);
    out << " WHERE ";
    old();
    out << "\nORDER BY \"at\" LIMIT ";
    out.put(slot::limit, column_type::int64) << ") AS \"oldest\")\n  AND ";
    old();
    out << "\nRETURNING \"job\"";
}

}  // namespace statemachine::detail
