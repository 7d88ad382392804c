// One mutant for each guard of the outbox, its groups and their deliveries.
#include "mutants.hpp"

namespace conformance {
namespace {

constexpr std::string_view both = "sqlite postgres";

// What statements are found by.
constexpr std::string_view emitting = R"(INSERT INTO "\w+_outbox")";
constexpr std::string_view handing_out = R"(INSERT INTO "\w+_deliveries")";
constexpr std::string_view joining = R"(INSERT INTO "\w+_groups")";
constexpr std::string_view serving = R"("starts_at")";
constexpr std::string_view claims = R"(UPDATE "\w+_deliveries"[\s\S]*"tries" \+ 1)";
constexpr std::string_view done = R"(^DELETE FROM "\w+_deliveries"[\s\S]*"epoch" = [?$]\d+\nRET)";
constexpr std::string_view failed = R"(UPDATE "\w+_deliveries"[\s\S]*"tries" >= )";
constexpr std::string_view returned = R"(UPDATE "\w+_deliveries"[\s\S]*"tries" - 1)";
constexpr std::string_view unparking = R"(UPDATE "\w+_deliveries"[\s\S]*"tries" = 0)";
constexpr std::string_view discarding =
    R"(^DELETE FROM "\w+_deliveries"[\s\S]*"epoch" = [?$]\d+ AND "parked_at")";
constexpr std::string_view clearing = R"(^DELETE FROM "\w+_deliveries" WHERE "consumer")";
constexpr std::string_view pruning = R"(^DELETE FROM "\w+_outbox")";

// Pieces of edits. A moment is a parameter on one database and a function on the other.
#define MOMENT R"((?:\?\d+|(?:statement|clock)_timestamp\(\)))"

constexpr edit no_event[] = {
    {R"((INSERT INTO "\w+_outbox"[\s\S]*?FROM ("changed" WHERE|"\w+" WHERE "id" = \?\d+ AND) )\()",
     "$1 FALSE AND ("}};
constexpr edit any_rule[] = {
    {R"((INSERT INTO "\w+_outbox"[\s\S]*?FROM ("changed" WHERE|"\w+" WHERE "id" = \?\d+ AND) )\()",
     "$1 (TRUE OR "}};
constexpr edit first_topic[] = {{R"(CASE WHEN "rule" = [\s\S]*? THEN)", "CASE WHEN TRUE THEN"}};
constexpr edit not_handed[] = {{R"( WHERE "active")", " WHERE FALSE AND \"active\""}};
constexpr edit also_to_those_that_left[] = {{R"( WHERE "active")", " WHERE (TRUE OR \"active\")"}};
constexpr edit no_generation[] = {{R"(coalesce\(max\("generation"\), 0\) FROM)", "0 FROM"}};
constexpr edit from_the_beginning[] = {
    {R"(coalesce\([?$]\d+, (\?\d+)\))", "coalesce(0, $1)"},
    {R"(coalesce\(([?$]\d+), clock_timestamp\(\)\))", "coalesce($1, timestamptz 'epoch')"}};
constexpr edit any_start[] = {{R"("at" > "starts_at")", "(TRUE OR \"at\" > \"starts_at\")"}};
constexpr edit to_all_groups[] = {{R"("active" AND "generation" > ([?$]\d+)\) AS "later")",
                                   "(\"active\" OR \"generation\" > $1)) AS \"later\""}};
constexpr edit not_noted[] = {{R"(SET "generation" = \(SELECT max\("generation"\) FROM "\w+"\))",
                               "SET \"generation\" = \"generation\""}};

constexpr edit no_due[] = {{"\"run_at\" > " MOMENT, "FALSE"}, {"\"run_at\" <= " MOMENT, "TRUE"}};
constexpr edit no_order[] = {
    {R"(OR EXISTS \(SELECT 1 FROM "\w+" AS "open" WHERE[\s\S]*?"part"\)\))", "OR FALSE"}};
constexpr edit no_late_order[] = {
    {R"(OR EXISTS \(SELECT 1 FROM "\w+" AS "event" WHERE[\s\S]*?"event"\."at"\)\))", "OR FALSE"}};
constexpr edit behind_parked[] = {{R"("open"\."parked_at" IS NULL)", "TRUE"}};
constexpr edit behind_other_groups[] = {{R"("open"\."consumer" = "\w+"\."consumer")", "TRUE"}};
constexpr edit parked_too[] = {{R"("parked_at" IS NOT NULL OR)", "FALSE OR"},
                               {R"("parked_at" IS NULL AND "run_at")", "\"run_at\""},
                               {R"( INDEXED BY "\w+")", ""}};
constexpr edit of_any_group[] = {
    {R"(WHERE "consumer" = ([?$]\d+) AND "job")", "WHERE ($1 IS NULL OR TRUE) AND \"job\""}};
constexpr edit no_row_locks[] = {{" FOR UPDATE SKIP LOCKED", ""}};
constexpr edit waiting_locks[] = {{" FOR UPDATE SKIP LOCKED", " FOR UPDATE"}};
constexpr edit no_limit[] = {{R"(LIMIT ([?$]\d+))", "LIMIT 1000 + $1"}};
constexpr edit unlimited_tries[] = {{R"("tries" < ([?$]\d+))", "($1 IS NULL OR TRUE)"}};
constexpr edit same_epoch[] = {{R"("epoch" \+ 1)", "\"epoch\""}};
constexpr edit same_tries[] = {{R"("tries" \+ 1)", "\"tries\""}, {R"("tries" - 1)", "\"tries\""}};
constexpr edit kept_tries[] = {{R"("tries" = 0)", "\"tries\" = \"tries\""}};
constexpr edit no_epoch[] = {{R"("epoch" = ([?$]\d+))", "(\"epoch\" = $1 OR TRUE)"}};
constexpr edit never_parked[] = {{R"("tries" >= ([?$]\d+))", "$1 IS NULL"}};
constexpr edit at_once[] = {{R"(("run_at" = \?\d+) \+ (\?\d+))", "$1 + 0 * $2"},
                            {R"((clock_timestamp\(\)) \+ (\$\d+))", "$1 + 0 * $2"}};
constexpr edit no_parked_guard[] = {{R"( AND "parked_at" IS NOT NULL)", ""}};
constexpr edit clears_active[] = {{R"(NOT EXISTS \()", "TRUE OR NOT EXISTS ("}};
constexpr edit any_age[] = {{R"( - 3600000)", " - 0"}};
constexpr edit open_too[] = {
    {R"(\(SELECT count\(\*\) FROM "\w+" AS "open" CROSS JOIN[^)]*\) > 0)", "FALSE"}};
constexpr edit wanted_too[] = {{R"(EXISTS \(SELECT 1 FROM "\w+" AS "later"[^)]*\))", "FALSE"}};

#undef MOMENT

constexpr std::string_view each_event = "emits.one_event_for_each_change_whose_rule_says_so";
constexpr std::string_view both_at_once =
    "emits.both_when_a_claim_takes_a_job_over_from_a_lost_run";
constexpr std::string_view each_once = "relay_group.gets_each_event_once_and_its_job_with_it";
constexpr std::string_view start = "relay_group.starts_where_it_says";
constexpr std::string_view leaving =
    "relay_group.that_leaves_gets_nothing_more_and_is_new_when_it_comes_back";
constexpr std::string_view order =
    "delivery.is_in_order_per_job_while_an_earlier_event_is_tried_again";
constexpr std::string_view late =
    "delivery.keeps_its_order_where_an_event_is_handed_to_the_group_late";
constexpr std::string_view backoff = "delivery.waits_for_its_time_between_tries";
constexpr std::string_view parking =
    "delivery.that_fails_too_often_is_parked_with_its_reason_and_the_rest_flows";
constexpr std::string_view operators =
    "delivery.that_was_parked_is_made_again_when_an_operator_says_so";
constexpr std::string_view frozen =
    "relay_process.that_was_frozen_past_its_lease_cannot_mark_what_another_one_holds";
constexpr std::string_view frozen_and_failed =
    "relay_process.that_was_frozen_past_its_lease_cannot_put_off_what_another_one_holds";
constexpr std::string_view passing_by =
    "relay_on_postgres.passes_over_what_another_transaction_holds";
constexpr std::string_view bounded = "old_events.go_in_bounded_numbers_past_those_that_stay";

constexpr mutant table[] = {
    {"event_not_written", both, emitting, no_event, each_event},
    {"event_of_any_rule", both, emitting, any_rule, each_event},
    {"event_of_the_first_topic", both, emitting, first_topic,
     "emits.what_a_sweep_hands_back_and_ends"},
    {"event_without_generation", both, emitting, no_generation, order},
    {"event_not_handed_out", both, handing_out, not_handed, each_once},
    {"event_handed_to_those_that_left", both, handing_out, also_to_those_that_left, leaving},
    {"group_from_the_beginning", both, joining, from_the_beginning, start},
    {"group_served_from_the_beginning", both, serving, any_start, start},
    {"serving_of_all_groups", both, R"("later")", to_all_groups,
     "relay_group.that_joins_later_gives_nothing_again_to_those_that_had_it"},
    {"serving_not_noted", both, serving, not_noted, start},
    {"leaving_clears_those_that_stay", both, clearing, clears_active,
     "relay_group.is_known_already_when_another_replica_joins_it"},

    {"delivery_before_its_time", both, claims, no_due, backoff},
    {"delivery_without_order", both, claims, no_order, order},
    {"delivery_without_order_of_the_late", both, claims, no_late_order, late},
    {"delivery_behind_parked", both, claims, behind_parked, parking},
    {"delivery_behind_other_groups", both, claims, behind_other_groups,
     "delivery.does_not_stay_behind_a_parked_event_that_another_group_has_open"},
    {"delivery_of_parked", both, claims, parked_too, parking},
    {"delivery_of_any_group", both, claims, of_any_group,
     "relay_group.goes_on_while_another_one_fails"},
    {"delivery_without_locks", "postgres", claims, no_row_locks, passing_by},
    {"delivery_waits_for_locks", "postgres", claims, waiting_locks, passing_by},
    {"delivery_without_limit", both, claims, no_limit, "running_relay.takes_no_more_than_a_batch"},
    {"delivery_with_unlimited_tries", both, claims, unlimited_tries,
     "delivery.that_ends_its_relay_each_time_is_parked"},
    {"delivery_keeps_epoch", both, claims, same_epoch, frozen},
    {"delivery_keeps_tries", both, claims, same_tries, backoff},
    {"done_without_epoch", both, done, no_epoch, frozen},
    {"marked_without_epoch", both, done, no_epoch,
     "ledger_relay.does_not_begin_what_another_one_holds_by_now"},
    {"failed_without_epoch", both, failed, no_epoch, frozen_and_failed},
    {"failed_never_parked", both, failed, never_parked, parking},
    {"failed_without_delay", both, failed, at_once, backoff},
    {"returned_without_epoch", both, returned, no_epoch, frozen_and_failed},
    {"returned_keeps_tries", both, returned, same_tries,
     "running_relay.gives_back_what_it_has_not_begun_when_it_is_stopped"},
    {"unparked_without_epoch", both, unparking, no_epoch,
     "delivery.that_was_parked_again_is_not_what_the_operator_read"},
    {"unparked_though_open", both, unparking, no_parked_guard, operators},
    {"unparked_keeps_tries", both, unparking, kept_tries,
     "delivery.that_was_parked_again_is_not_what_the_operator_read"},
    {"discarded_though_open", both, discarding, no_parked_guard, operators},
    {"discarded_without_epoch", both, discarding, no_epoch,
     "delivery.that_was_parked_again_is_not_what_the_operator_read"},

    {"pruned_at_any_age", both, pruning, any_age,
     "old_events.go_when_they_are_delivered_and_their_memory_is_over"},
    {"pruned_while_open", both, pruning, open_too,
     "old_events.stay_while_a_group_has_yet_to_get_them"},
    {"pruned_while_wanted", both, pruning, wanted_too,
     "old_events.stay_until_a_group_that_starts_with_them_was_handed_them"},
    {"pruned_without_limit", both, pruning, no_limit, bounded},
};

}  // namespace

std::span<const mutant> mutants_of_relay() { return table; }

}  // namespace conformance
