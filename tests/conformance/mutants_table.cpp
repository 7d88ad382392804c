// One mutant for each guard of a change and each rule that can be left out.
#include "mutants.hpp"

#include <vector>

namespace conformance {
namespace {

// What statements are found by.
constexpr std::string_view job_updates = R"(UPDATE "\w+" SET "previous")";
constexpr std::string_view steps = R"(UPDATE "\w+" SET "previous"[\s\S]*\n  AND "epoch" = [?$])";
constexpr std::string_view batches = R"(UPDATE "\w+" SET "previous"[\s\S]*\nFROM "held")";
constexpr std::string_view plain_batches = R"(UPDATE "\w+" SET "previous"[\s\S]*\nFROM ROWS FROM)";
constexpr std::string_view controls =
    R"(^(WITH "changed" AS \(\n)?UPDATE "\w+" SET "previous"(?![\s\S]*"epoch" \+ 1))"
    R"((?![\s\S]*\n  AND "epoch" = )[\s\S]*\nWHERE "id" = [?$])";
constexpr std::string_view gate_steps =
    R"(UPDATE "gate_jobs" SET "previous"[\s\S]*\n  AND "epoch" = [?$])";
constexpr std::string_view gate_controls =
    R"(UPDATE "gate_jobs" SET "previous"[\s\S]*\nWHERE "id" = [?$]\d+\n  AND (?!"epoch"))";
constexpr std::string_view renewals = R"(^UPDATE "\w+" SET "lease_until")";
constexpr std::string_view claims = R"("epoch" \+ 1)";
constexpr std::string_view claims_by_id = R"("epoch" \+ 1[\s\S]*\nWHERE "id" = [?$])";
constexpr std::string_view claims_next =
    R"("epoch" \+ 1[\s\S]*\nWHERE "id" (IN|= ANY)|^WITH RECURSIVE "level")";
constexpr std::string_view expiry = R"(UPDATE "\w+" SET "previous"[\s\S]*THEN -1)";
constexpr std::string_view ending_used_up = R"("rule" = -2, )";
constexpr std::string_view tokens = R"("\w+_tokens")";
constexpr std::string_view schema = R"(^CREATE T(ABLE|RIGGER))";
constexpr std::string_view both = "sqlite postgres";

// Pieces of edits. A moment is a parameter on one database and a function on the other.
#define MOMENT R"((?:[?$]\d+|statement_timestamp\(\)|clock_timestamp\(\)))"
#define STATES R"("state" (?:IN \([^)]*\)|= '[^']*'))"

constexpr edit no_epoch[] = {
    {R"(\n  AND "epoch" = ([?$]\d+))", "\n  AND (\"epoch\" = $1 OR TRUE)"},
    {R"(CASE WHEN "epoch" = ("row\$\d+"))", "CASE WHEN (\"epoch\" = $1 OR TRUE)"}};
constexpr edit no_version[] = {{R"("version" = ([?$]\d+))", "(\"version\" = $1 OR TRUE)"}};
constexpr edit no_states[] = {{STATES, "($& OR TRUE)", part::conditions}};
constexpr edit no_claim_states[] = {{STATES " AND \"run_at\"", "TRUE AND \"run_at\""}};
constexpr edit no_due[] = {{"\"run_at\" <= " MOMENT, "($& OR TRUE)"}};
constexpr edit no_inner_due[] = {{"\"run_at\" <= " MOMENT, "($& OR TRUE)", part::candidates}};
constexpr edit no_outer_due[] = {{"\"run_at\" <= " MOMENT, "($& OR TRUE)", part::outside}};
constexpr edit no_lease_end[] = {{"\"lease_until\" <= " MOMENT, "($& OR TRUE)"}};
constexpr edit no_outer_lease_end[] = {
    {"\"lease_until\" <= " MOMENT, "($& OR TRUE)", part::outside}};
constexpr edit no_late_guard[] = {{"\"lease_until\" > " MOMENT, "($& OR TRUE)"}};
constexpr edit no_row_locks[] = {{" FOR UPDATE SKIP LOCKED", ""}};
constexpr edit waiting_batch[] = {{" FOR NO KEY UPDATE SKIP LOCKED", " FOR NO KEY UPDATE"}};
constexpr edit waiting_for_ever[] = {
    {R"(\(SELECT set_config\('lock_timeout', '\d+', TRUE\)\) IS NOT NULL)", "TRUE"}};
constexpr edit limit_for_good[] = {
    {R"('lock_timeout', '25', TRUE)", "'lock_timeout', '25', FALSE"}};
constexpr edit waiting_locks[] = {{" FOR UPDATE SKIP LOCKED", " FOR UPDATE"}};
constexpr edit no_locks_no_outer_guard[] = {
    {" FOR UPDATE SKIP LOCKED", ""},
    {"\n  AND ", "\n  AND TRUE OR \"id\" < 0 AND ", part::outside},
};
constexpr edit no_attempts_left[] = {{R"("attempts" < \d+)", "TRUE"}};
constexpr edit no_maximum[] = {{R"("attempts" >= \d+ THEN)", "\"attempts\" >= 1000000 THEN"}};
constexpr edit any_attempts[] = {{R"("attempts" >= \d+)", "($& OR TRUE)", part::conditions},
                                 {R"( INDEXED BY "\w+")", ""}};

constexpr edit no_token_guard[] = {
    {R"(NOT EXISTS \(SELECT 1 FROM "\w+_tokens" WHERE [^)]*\))", "($& OR TRUE)"}};
constexpr edit no_token_at_all[] = {
    {R"(NOT EXISTS \(SELECT 1 FROM "\w+_tokens" WHERE [^)]*\))", "($& OR TRUE)"},
    {R"(INSERT INTO "\w+_tokens"[\s\S]*?FROM ("changed"|"\w+" WHERE "id" = \?\d+))",
     "$& ON CONFLICT DO NOTHING"},
};
constexpr edit forgiving_token[] = {
    {R"(INSERT INTO "\w+_tokens"[\s\S]*?FROM ("changed"|"\w+" WHERE "id" = \?\d+))",
     "$& ON CONFLICT DO NOTHING"}};
constexpr edit no_token_row[] = {
    {R"(INSERT INTO "\w+_tokens"[\s\S]*?FROM "changed")", "$& WHERE FALSE"},
    {R"(INSERT INTO "\w+_tokens"[\s\S]*?FROM "\w+" WHERE "id" = \?\d+)", "$& AND FALSE"},
};
constexpr edit no_log_row[] = {
    {R"(INSERT INTO "\w+_log"[\s\S]*?FROM "changed")", "$& WHERE FALSE"},
    {R"(INSERT INTO "\w+_log"[\s\S]*?FROM "\w+" WHERE "id" = \?\d+)", "$& AND FALSE"},
};

constexpr edit no_unique_key[] = {
    {R"(CREATE UNIQUE INDEX IF NOT EXISTS ("\w+_key"))", "CREATE INDEX IF NOT EXISTS $1"},
    {R"(\nON CONFLICT \("key"\) WHERE "key" IS NOT NULL DO NOTHING)", ""},
};
constexpr edit no_key_clause[] = {
    {R"(\nON CONFLICT \("key"\) WHERE "key" IS NOT NULL DO NOTHING)", ""}};
constexpr edit untaken_key[] = {{R"(\nWHERE \$1 IS NULL OR EXISTS)", "\nWHERE TRUE OR EXISTS"}};
constexpr edit keys_stay[] = {
    {R"x(DELETE FROM "(\w+_keys)" WHERE )x", "DELETE FROM \"$1\" WHERE 1 = 0 AND "}};
constexpr edit reused_ids[] = {{" AUTOINCREMENT", ""},
                               {R"re(INSERT INTO ("\w+") \("state"([^)]*)\)\nVALUES \()re",
                                "INSERT INTO $1 (\"id\", \"state\"$2) OVERRIDING SYSTEM VALUE\n"
                                "VALUES ((SELECT coalesce(max(\"id\"), 0) + 1 FROM $1), "}};

constexpr edit overwrites[] = {
    {R"re((= |THEN |ELSE )coalesce\("\w+", (?!0\))((?:[^()]|\(\))*)\))re", "$1$2",
     part::assignments}};
constexpr edit shrinking_lease[] = {
    {R"(max\("lease_until", )", "max(0, "},
    {R"(greatest\("lease_until", )", "greatest(timestamptz '-infinity', "},
};
constexpr edit same_epoch[] = {{R"("epoch" \+ 1)", "\"epoch\""}};
constexpr edit same_version[] = {{R"("version" \+ 1)", "\"version\""}};
constexpr edit same_attempts[] = {{R"("attempts" \+ 1)", "\"attempts\""}};
constexpr edit attempts_not_given_back[] = {
    {R"((greatest|max)\("attempts" - 1, 0\)(?!, 30))", "\"attempts\""}};
constexpr edit attempts_not_restarted[] = {
    {R"re("attempts" = 0)re", "\"attempts\" = \"attempts\""},
    {"THEN 0 ELSE \"attempts\" END", "THEN \"attempts\" ELSE \"attempts\" END"}};
constexpr edit no_backoff[] = {{R"(CAST\(\d+ AS bigint\) \* \(1 <<)", "CAST(0 AS bigint) * (1 <<"}};
constexpr edit flat_backoff[] = {{R"(\(1 << (least|min))", "(1 << 0 * $1"}};
constexpr edit no_cap[] = {{R"(30\)\), \d+\))", "30)), 9000000000)"}};
constexpr edit no_jitter[] = {{R"( \* ([?$]\d+) AS bigint)", " * 0 * $1 AS bigint"}};
constexpr edit kept_lease[] = {{"\"lease_until\" = NULL", "\"lease_until\" = \"lease_until\""}};
constexpr edit unlimited[] = {{R"(LIMIT ([?$]\d+))", "LIMIT 1000 + $1", part::candidates}};
constexpr edit lowest_first[] = {{R"(max\("priority"\))", "min(\"priority\")"},
                                 {R"("priority" DESC LIMIT 1\))", "\"priority\" LIMIT 1)"}};
constexpr edit front_of_all[] = {
    {R"(CASE WHEN "level\$at" = CAST\(\$\d+ AS integer\) THEN (\$\d+) END)", "$1"}};
constexpr edit no_share[] = {{R"(\("row\$\d+" \* )", "(0 * "}};
constexpr edit no_batch_token_row[] = {{R"("row\$\d+" IS NOT NULL)", "FALSE"}};
constexpr edit reversed_rows[] = {
    {R"re(, "row\$number", )re", ", (cardinality($$1) + 1 - \"row$number\"), "}};
constexpr edit no_condition[] = {{R"re( AND \((?:[?$]\d+|"row\$\d+")\))re", " AND TRUE"},
                                 {R"re( AND \([?$]\d+ <> "open"\))re", " AND TRUE"}};
constexpr edit always_open[] = {{R"re(\("open"\))re", "(TRUE)"}};
constexpr edit null_is_unknown[] = {{R"(coalesce\(([^()]*), FALSE\))", "($1)"}};
constexpr edit no_state_check[] = {{R"((CHECK \("state" = ANY \([^)]*\))\))", "$1 OR TRUE)"},
                                   {R"(ELSE NEW\."state" IS NOT NULL END)", "ELSE 0 END"}};
constexpr edit no_range_check[] = {{R"(BETWEEN -2147483648 AND 2147483647)",
                                    "BETWEEN -9000000000000000000 AND 9000000000000000000"}};

#undef MOMENT
#undef STATES

constexpr std::string_view single_writer =
    "nothing changes between the search and the change: one writer at a time";

// The tests that kill most of them.
constexpr std::string_view sleeping_worker =
    "change_races.a_worker_that_slept_through_a_reclaim_changes_nothing";
constexpr std::string_view many_ends = "change_races.of_many_ends_one_wins_and_its_result_is_kept";
constexpr std::string_view one_token =
    "change_races.one_token_changes_once_and_all_are_told_what_it_did";
constexpr std::string_view one_key = "change_races.one_key_makes_one_job_and_all_get_its_id";
constexpr std::string_view claim_or_withdrawal =
    "claim_races.a_job_is_claimed_or_withdrawn_and_the_loser_is_told_why";
constexpr std::string_view one_winner = "claim_races.one_job_by_id_has_one_winner";
constexpr std::string_view shared_jobs =
    "claim_races.many_claimers_share_many_jobs_without_a_double";
constexpr std::string_view passing_by =
    "changes_in_flight.a_claim_takes_the_next_job_instead_of_waiting_for_one_in_change";
constexpr std::string_view no_undoing = "changes_in_flight.a_claim_does_not_undo_a_withdrawal";
constexpr std::string_view renewal_in_flight =
    "changes_in_flight.a_sweep_neither_waits_for_a_renewal_nor_ends_its_lease";
constexpr std::string_view many_sweepers =
    "lease_races.sweepers_hand_back_each_job_once_and_leave_live_leases_alone";
constexpr std::string_view claims_of_all_kinds =
    "claim_races.the_only_due_job_has_one_winner:changes_in_flight.*";
constexpr std::string_view sweeps_of_all_kinds =
    "lease_races.*:changes_in_flight.a_sweep_neither_waits_for_a_renewal_nor_ends_its_lease";

constexpr mutant table[] = {
    {"step_without_epoch", both, steps, no_epoch, sleeping_worker},
    {"step_without_state", both, steps, no_states, many_ends},
    {"step_without_late_guard", both, steps, no_late_guard,
     "late_step_where_refused.is_told_lease_expired_and_leaves_no_trace"},
    {"step_keeps_lease", both, steps, kept_lease, many_ends},
    {"step_overwrites_once", both, steps, overwrites,
     "column_set_once.keeps_its_first_value_through_replays_and_further_legs"},
    {"change_without_log", both, R"("\w+_log")", no_log_row, many_ends},
    {"step_without_condition", both, gate_steps, no_condition,
     "reason_of_a_step.guard_failed_is_given_last_and_changes_nothing"},
    {"renewal_without_condition", both, R"(UPDATE "gate_jobs" SET "lease_until")", no_condition,
     "reason_of_a_step.guard_failed_is_given_last_and_changes_nothing"},
    {"claim_without_condition", both, R"(UPDATE "gate_jobs"[\s\S]*"epoch" \+ 1)", always_open,
     "reason_of_a_claim.guard_failed_is_given_last_and_changes_nothing"},
    {"control_without_condition", both, gate_controls, no_condition,
     "reason_of_a_control_event.stale_version_goes_before_guard_failed"},
    {"condition_with_unknown", both, R"(coalesce\([^()]*, FALSE\))", null_is_unknown,
     "guard.combines_conditions_as_declared"},
    {"batch_without_epoch", "postgres", batches, no_epoch,
     "batch_of_steps.spoils_none_when_one_is_refused"},
    {"batch_without_state", "postgres", batches, no_states,
     "batch_of_steps.takes_some_with_a_token_and_some_without"},
    {"batch_without_late_guard", "postgres", batches, no_late_guard,
     "batch_where_late_steps_are_refused.takes_those_in_time_whose_condition_holds"},
    {"batch_without_condition", "postgres", batches, no_condition,
     "batch_where_late_steps_are_refused.takes_those_in_time_whose_condition_holds"},
    {"batch_without_log", "postgres", batches, no_log_row,
     "batch_of_steps.answers_duplicates_as_if_they_were_sent_in_turn"},
    {"batch_without_token", "postgres", batches, no_batch_token_row,
     "batch_of_steps.answers_duplicates_as_if_they_were_sent_in_turn"},
    {"batch_that_waits_for_locks", "postgres", batches, waiting_batch,
     "shared_steps_in_trouble.of_a_batch_leave_a_locked_job_for_last"},
    {"batch_with_one_jitter", "postgres", batches, no_share,
     "batch_with_jitter.delays_each_job_by_its_own_share"},
    {"plain_batch_without_epoch", "postgres", plain_batches, no_epoch,
     "batch_of_steps.spoils_none_when_one_is_refused"},
    {"plain_batch_without_state", "postgres", plain_batches, no_states,
     "batch_of_steps.without_tokens_ends_each_run_once"},
    {"plain_batch_without_late_guard", "postgres", plain_batches, no_late_guard,
     "batch_where_late_steps_are_refused.takes_those_in_time_whose_condition_holds"},
    {"plain_batch_without_condition", "postgres", plain_batches, no_condition,
     "batch_where_late_steps_are_refused.takes_those_in_time_whose_condition_holds"},
    {"plain_batch_without_log", "postgres", plain_batches, no_log_row,
     "batch_of_steps.without_tokens_ends_each_run_once"},
    {"plain_batch_that_waits_for_locks", "postgres", plain_batches, waiting_for_ever,
     "shared_steps_in_trouble.of_a_batch_leave_a_locked_job_for_last"},
    {"plain_batch_leaves_its_limit_behind", "postgres", plain_batches, limit_for_good,
     "shared_steps_in_trouble.of_a_batch_leave_no_limit_on_their_connection"},
    {"plain_batch_with_one_jitter", "postgres", plain_batches, no_share,
     "batch_with_jitter.delays_each_job_by_its_own_share"},
    {"batch_of_jobs_in_another_order", "postgres", R"("changed" AS \(\nINSERT[\s\S]*ROWS FROM)",
     reversed_rows, "submit_many.answers_each_job_in_order"},
    {"shared_submits_that_wait_for_a_key", "postgres",
     R"(INSERT INTO "\w+" \("state"[\s\S]*set_config)", waiting_for_ever,
     "shared_submits_in_trouble.do_not_wait_for_a_key_that_another_transaction_holds"},
    {"version_stands_still", both, job_updates, same_version, many_ends},
    {"control_without_version", both, job_updates, no_version,
     "every_event_in_every_state.controls_as_declared"},
    {"control_without_state", both, controls, no_states, claim_or_withdrawal},

    {"renewal_without_epoch", both, renewals, no_epoch, sleeping_worker},
    {"renewal_of_many_without_epoch", "postgres",
     R"(UPDATE "\w+" SET "lease_until"[\s\S]*FROM "held")", no_epoch,
     "table_check.shows_no_trace_of_a_stale_run_in_a_batch_of_renewals"},
    {"renewal_of_many_without_state", "postgres",
     R"(UPDATE "\w+" SET "lease_until"[\s\S]*FROM "held")", no_states,
     "renewal.of_many_answers_each_in_order"},
    {"renewal_without_state", both, renewals, no_states,
     "stale_worker.is_told_that_its_job_was_cancelled"},
    {"renewal_without_late_guard", both, renewals, no_late_guard,
     "late_step_where_refused.is_told_lease_expired_and_leaves_no_trace"},
    {"renewal_shortens_lease", both, renewals, shrinking_lease, "renewal.never_moves_a_lease_back"},

    {"claim_without_due", both, claims, no_due,
     "order_of_claims.leaves_a_job_alone_until_its_time"},
    {"claim_next_search_without_due", both, claims_next, no_inner_due,
     "order_of_claims.passes_over_jobs_of_high_priority_that_are_not_due"},
    {"claim_next_change_without_due", "sqlite", claims_next, no_outer_due, shared_jobs,
     single_writer},
    {"claim_next_change_without_due", "postgres", claims_next, no_outer_due, claims_of_all_kinds,
     "the search locks the rows that it has checked; see claim_next_unguarded"},
    {"claim_next_unguarded", "postgres", claims_next, no_locks_no_outer_guard, no_undoing},
    {"claim_next_without_locks", "postgres", claims_next, no_row_locks, passing_by},
    {"claim_next_waits_for_locks", "postgres", claims_next, waiting_locks, passing_by},
    {"claim_without_state", both, claims_by_id, no_claim_states, claim_or_withdrawal},
    {"claim_without_lease_guard", both, claims_by_id, no_lease_end, one_winner},
    {"claim_without_maximum", both, claims, no_attempts_left,
     "attempts.used_up_by_lost_runs_end_the_job_at_its_claim_by_id"},
    {"claim_keeps_epoch", both, claims, same_epoch, one_winner},
    {"claim_keeps_attempts", both, claims, same_attempts, one_winner},
    {"claim_without_limit", both, claims_next, unlimited, shared_jobs},
    {"claim_lowest_first", both, claims_next, lowest_first,
     "order_of_claims.is_priority_then_time_then_id"},
    {"claim_front_of_all_priorities", "postgres", claims_next, front_of_all,
     "front_of_claims.gives_way_to_a_higher_priority"},

    {"retry_without_attempts", both, steps, no_attempts_left,
     "attempts.left_decide_between_retry_and_the_rule_behind_it"},
    {"retry_without_delay", both, steps, no_backoff,
     "backoff.doubles_with_each_attempt_up_to_its_cap"},
    {"retry_without_growth", both, steps, flat_backoff,
     "backoff.doubles_with_each_attempt_up_to_its_cap"},
    {"retry_without_cap", both, steps, no_cap, "backoff.doubles_with_each_attempt_up_to_its_cap"},
    {"retry_without_jitter", both, steps, no_jitter, "backoff.adds_up_to_its_jitter"},
    {"release_keeps_attempts", both, steps, attempts_not_given_back,
     "attempts.given_back_are_never_used_up_while_the_epoch_goes_on"},
    {"restart_keeps_attempts", both, job_updates, attempts_not_restarted,
     "attempts.restart_with_the_next_leg_and_with_a_requeue"},

    {"token_without_guard", both, tokens, no_token_guard, one_token,
     "the primary key of the tokens refuses the second row, and the whole change with it"},
    {"token_without_key", "postgres", tokens, forgiving_token, one_token},
    {"token_without_key", "sqlite", tokens, forgiving_token, one_token, single_writer},
    {"token_without_both", both, tokens, no_token_at_all, one_token},
    {"token_not_recorded", both, tokens, no_token_row, one_token},
    {"token_with_any_inputs",
     "postgres",
     "",
     {},
     "reason_of_a_control_event.token_reused_goes_before_stale_version",
     "",
     true},
    {"key_without_index", both, R"(_key"|ON CONFLICT \("key"\))", no_unique_key, one_key},
    {"key_without_clause", both, R"(ON CONFLICT \("key"\))", no_key_clause, one_key},
    {"key_with_any_content",
     both,
     "",
     {},
     "job_key.with_other_content_is_a_conflict_and_changes_nothing",
     "",
     true},
    {"key_apart_without_guard", "postgres", R"("\w+_keys" \("key"\)\nSELECT)", untaken_key,
     "keys_apart.*"},
    {"keys_apart_outlive_their_jobs", "postgres", R"(DELETE FROM "\w+_keys")", keys_stay,
     "keys_apart.*"},
    {"ids_used_again", both, R"(^CREATE TABLE|^WITH "changed" AS \(\nINSERT INTO)", reused_ids,
     "job_id.is_never_given_twice_even_when_the_newest_job_is_gone"},

    {"sweep_without_lease_guard", both, expiry, no_lease_end, many_sweepers},
    {"sweep_change_without_lease_guard", "sqlite", expiry, no_outer_lease_end, sweeps_of_all_kinds,
     single_writer},
    {"sweep_change_without_lease_guard", "postgres", expiry, no_outer_lease_end,
     sweeps_of_all_kinds, "the search locks the rows that it has checked; see sweep_unguarded"},
    {"sweep_unguarded", "postgres", expiry, no_locks_no_outer_guard, renewal_in_flight},
    {"sweep_waits_for_locks", "postgres", expiry, waiting_locks, renewal_in_flight},
    {"sweep_without_limit", both, expiry, unlimited, many_sweepers},
    {"sweep_without_maximum", both, expiry, no_maximum, many_sweepers},
    {"sweep_ends_any_attempts", both, ending_used_up, any_attempts,
     "attempts.used_up_end_at_a_sweep_leased_or_waiting"},

    {"schema_without_states", both, schema, no_state_check,
     "table_check.refuses_a_state_that_is_not_declared"},
    {"schema_without_ranges", "sqlite", schema, no_range_check,
     "table_check.refuses_a_number_that_its_member_could_not_take"},
};

}  // namespace

std::span<const mutant> mutants() {
    static const std::vector<mutant> all = [] {
        std::vector<mutant> made(std::begin(table), std::end(table));
        for (const auto& more : {mutants_of_schema(), mutants_of_relay(), mutants_of_sweep(),
                                 mutants_of_leases(), mutants_of_replies()})
            made.insert(made.end(), more.begin(), more.end());
        return made;
    }();
    return all;
}

}  // namespace conformance
