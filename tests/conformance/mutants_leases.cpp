// One mutant for each rule about what a claim grants, what a change ends, and in which order jobs
// are taken.
#include "mutants.hpp"

namespace conformance {
namespace {

constexpr std::string_view both = "sqlite postgres";

constexpr std::string_view claims = R"("epoch" \+ 1)";
constexpr std::string_view claims_next = R"("epoch" \+ 1[\s\S]*\nWHERE "id" (IN|= ANY))";
constexpr std::string_view cancels =
    R"(UPDATE "queue_jobs" SET "previous" = "state", "state" = 'cancelled')";
constexpr std::string_view expiry = R"(UPDATE "\w+" SET "previous"[\s\S]*THEN -1)";
constexpr std::string_view renewals = R"(^UPDATE "\w+" SET "lease_until")";
constexpr std::string_view steps = R"(UPDATE "\w+" SET "previous"[\s\S]*\n  AND "epoch" = [?$])";
constexpr std::string_view requeues = R"(UPDATE "queue_jobs" SET "previous"[\s\S]*"attempts" = 0)";
constexpr std::string_view candidates = R"(^SELECT "id" FROM "\w+"[\s\S]*"lease_until" <= )";
constexpr std::string_view forgetting_log = R"(^DELETE FROM "\w+_log" WHERE \("job", "version"\))";
constexpr std::string_view batches = R"(FOR NO KEY UPDATE( SKIP LOCKED)?\) AS "locked")";

constexpr edit no_lease[] = {
    {R"x((("lease_until"|"run_at") = (CASE WHEN "attempts" < \d+ THEN )?)x"
     R"x((\?\d+|clock_timestamp\(\))) \+ \d+( \* interval '1 millisecond')?)x",
     "$1"}};
constexpr edit no_owner[] = {
    {R"("owner" = CASE WHEN "attempts" < \d+ THEN ([?$]\d+) ELSE NULL END)",
     "\"owner\" = CASE WHEN $1 IS NULL THEN 'x' ELSE NULL END"}};
constexpr edit kept_lease[] = {{"\"lease_until\" = NULL", "\"lease_until\" = \"lease_until\""}};
constexpr edit kept_owner[] = {{"\"owner\" = NULL", "\"owner\" = \"owner\""}};
constexpr edit counted[] = {{"^UPDATE (\"\\w+\") SET ", "$& \"version\" = \"version\" + 1, "}};
constexpr edit in_time_only[] = {
    {R"(\n  AND "epoch" = \$\d+)", "$& AND \"lease_until\" > clock_timestamp()"}};
constexpr edit epoch_too[] = {{R"("attempts" = 0)", "$&, \"epoch\" = 0"}};
constexpr edit latest_first[] = {
    {R"(ORDER BY "run_at", "id" LIMIT)", "ORDER BY \"run_at\" DESC, \"id\" LIMIT"}};
constexpr edit highest_id_first[] = {
    {R"(ORDER BY "run_at", "id" LIMIT)", "ORDER BY \"run_at\", \"id\" DESC LIMIT"}};
constexpr edit longest_last[] = {
    {R"(ORDER BY "lease_until", "id" LIMIT)", "ORDER BY \"lease_until\" DESC, \"id\" LIMIT"},
    {R"( INDEXED BY "\w+")", ""}};
constexpr edit none[] = {{R"(AND "id" > )", "AND 1 = 0 $&"}};
constexpr edit at_once[] = {
    {R"("at" <= (\?\d+|statement_timestamp\(\)) - \d+( \* interval '1 millisecond')?)",
     "\"at\" <= $1"}};
constexpr edit not_locked[] = {{" FOR NO KEY UPDATE( SKIP LOCKED)?", ""}};

constexpr std::string_view live_leases = "sweep.leaves_live_leases_alone";
constexpr std::string_view ownership = "stale_worker.owned_its_job_until_that_was_cancelled";
constexpr std::string_view order = "order_of_claims.is_priority_then_time_then_id";

constexpr mutant table[] = {
    {"claim_grants_no_lease", both, claims, no_lease, live_leases},
    {"claim_names_no_owner", both, claims, no_owner, ownership},
    {"claim_latest_first", "postgres", claims_next, latest_first, order},
    {"claim_highest_id_first", "postgres", claims_next, highest_id_first, order},
    {"control_keeps_lease", both, cancels, kept_lease,
     "every_event_in_every_state.controls_as_declared"},
    {"control_keeps_owner", both, cancels, kept_owner, ownership},
    {"sweep_keeps_lease", both, expiry, kept_lease, "sweep.hands_each_leg_back_to_where_it_waits"},
    {"sweep_shortest_expired_first", both, expiry, longest_last,
     "sweep.takes_no_more_than_its_limit_and_the_longest_expired_first"},
    {"sweep_passes_over_each_job_by_itself", both, candidates, none,
     "sweeper_of_queue.is_stopped_by_no_job_that_the_table_keeps_as_it_is"},
    {"renewal_counts_as_a_change", both, renewals, counted,
     "renewal.keeps_version_attempts_and_owner_and_writes_no_log"},
    {"late_step_refused", "postgres", steps, in_time_only,
     "late_step.is_accepted_as_long_as_nobody_took_the_job"},
    {"epoch_restarts_with_attempts", both, requeues, epoch_too,
     "attempts.restart_with_the_next_leg_and_with_a_requeue"},
    {"log_forgotten_at_once", both, forgetting_log, at_once,
     "retention.forgets_no_log_that_is_within_its_memory"},
    {"batch_without_row_locks", "postgres", batches, not_locked, "batch_of_steps.*",
     "the change locks the same rows, in the order in which they are given as long as the plan "
     "does"},
};

}  // namespace

std::span<const mutant> mutants_of_leases() { return table; }

}  // namespace conformance
