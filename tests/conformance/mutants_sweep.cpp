// One mutant for each guard of a sweeper, of the grace, of tokens that were settled, and of
// what waits.
#include "mutants.hpp"

namespace conformance {
namespace {

constexpr std::string_view turns = R"(UPDATE "\w+_sweeps" SET "began_at")";
constexpr std::string_view ends = R"(UPDATE "\w+_sweeps" SET "ended_at"[^;]*"noticed_at" = NULL)";
constexpr std::string_view removals = R"(DELETE FROM "\w+" WHERE "id")";
constexpr std::string_view graced = R"("\w+_sweeps" WHERE "name" = 'sweep' AND)";
constexpr std::string_view both = "sqlite postgres";

#define MOMENT R"((?:[?$]\d+|statement_timestamp\(\)|clock_timestamp\(\)))"

constexpr edit no_interval[] = {{R"(\("began_at" IS NULL)", "(TRUE OR \"began_at\" IS NULL"}};
constexpr edit any_turn[] = {
    {R"("began_at" >= ([?$]\d+) AND "began_at" < )", "($1 IS NULL OR TRUE) OR $&"}};
constexpr edit no_future[] = {{R"(OR "began_at" > )" MOMENT, ""}};
constexpr edit no_outage[] = {{R"(RETURNING CASE WHEN )", "RETURNING CASE WHEN TRUE OR "}};
constexpr edit first_outage_only[] = {{R"(WHEN "began_at" > )", "WHEN TRUE OR \"began_at\" > "}};
constexpr edit no_anchor[] = {{R"(coalesce\("noticed_at", ()" MOMENT R"()\))", "$1"}};
constexpr edit no_grace[] = {{R"( AND EXISTS \(SELECT 1 FROM "\w+_sweeps" WHERE [^)]*\)\))", ""},
                             {R"( AND EXISTS \(SELECT 1 FROM "\w+_sweeps"[\s\S]*?\)\))", ""}};
constexpr edit no_turns_since[] = {
    {R"( AND "began_at" > )" MOMENT R"( - \d+(?: \* interval '1 millisecond')?)", ""}};
constexpr edit early_removal[] = {
    {R"("changed_at" <= )" MOMENT, "(TRUE OR $&"},
    {R"(\(TRUE OR "changed_at" <= )" MOMENT R"( - \d+(?: \* interval '1 millisecond')?)", "$&)"}};
constexpr edit no_key_memory[] = {
    {R"(CASE WHEN "key" IS NULL)", "CASE WHEN TRUE OR \"key\" IS NULL"}};
constexpr edit log_stays[] = {
    {R"x(DELETE FROM "(\w+_log)" WHERE "job" )x", "DELETE FROM \"$1\" WHERE 1 = 0 AND \"job\" "}};
constexpr edit tokens_stay[] = {{R"x(DELETE FROM "(\w+_tokens)" WHERE "job" )x",
                                 "DELETE FROM \"$1\" WHERE 1 = 0 AND \"job\" "}};
constexpr edit no_token_memory[] = {
    {R"(("changed_at" <= )" MOMENT R"() - 604800000)", "$01 - 3600000"}};
constexpr edit no_horizon[] = {{R"("ended_at" IS NOT NULL)", "FALSE"}};
constexpr edit horizon_moves_back[] = {{R"(coalesce\("ended_at", )", "coalesce(NULL, "}};
constexpr edit later_moment[] = {{R"(\(SELECT "ended_at" FROM ("\w+") WHERE "name" = 'tokens'\))",
                                  "(SELECT max(\"began_at\") FROM $1)"}};
constexpr edit due_at_once[] = {
    {R"("changed_at" = ()" MOMENT R"())", "$&, \"run_at\" = $1", part::assignments}};
constexpr edit given_twice[] = {
    {R"(ON CONFLICT \("job", "version", "part", "consumer"\) DO NOTHING)", ""}};
constexpr edit void_is_nothing[] = {
    {R"(NOT EXISTS \(SELECT 1 FROM "\w+_tokens" WHERE [^)]*\))", "($& OR TRUE)"},
    {R"(ON CONFLICT \("job", "token"\) DO NOTHING)",
     "ON CONFLICT (\"job\", \"token\") DO UPDATE "
     "SET \"version\" = 0, \"event\" = ''"}};

constexpr mutant table[] = {
    {"sweep_without_turns", both, turns, no_interval,
     "sweeper_of_queue.sweeps_once_an_interval_however_many_there_are"},
    {"sweep_waits_for_a_wrong_clock", both, turns, no_future,
     "sweeper_of_queue.counts_a_turn_of_the_future_as_one_of_a_clock_that_was_wrong"},
    {"sweep_ends_the_turn_of_another", both, ends, any_turn,
     "sweeper_of_queue.calls_no_sweep_good_whose_turn_another_one_took_meanwhile"},
    {"sweep_notices_no_outage", both, turns, no_outage, "grace.*"},
    {"grace_begins_anew", both, turns, no_anchor, "grace.is_put_off_by_no_crash_loop"},
    {"grace_is_that_of_the_first_outage", both, turns, first_outage_only,
     "grace.begins_anew_with_an_outage_within_it"},
    {"grace_is_over_without_turns", both, graced, no_turns_since,
     "grace.begins_anew_with_an_outage_within_it"},
    {"grace_is_no_guard", both, graced, no_grace, "grace.*"},
    {"removed_at_once", both, removals, early_removal, "retention.*"},
    {"key_forgotten", both, removals, no_key_memory,
     "retention.keeps_a_job_for_the_memory_of_its_key"},
    {"log_outlives_its_job", both, R"(DELETE FROM "\w+_log" WHERE "job")", log_stays,
     "retention.removes_a_job_with_all_that_stands_beside_it_when_its_time_is_over"},
    {"tokens_outlive_their_job", both, R"(DELETE FROM "\w+_tokens" WHERE "job")", tokens_stay,
     "retention.removes_a_job_with_all_that_stands_beside_it_when_its_time_is_over"},
    {"token_forgotten_with_its_job", both, R"("remembering_jobs")", no_token_memory,
     "long_memory.of_tokens_keeps_their_job"},
    {"forgets_that_it_forgot", both, R"("name" = 'tokens' AND)", no_horizon,
     "retention.forgets_tokens_and_says_so"},
    {"forgets_what_it_forgot_before", both, R"(WHERE "name" = 'tokens'\nRETURNING)",
     horizon_moves_back,
     "retention.knows_what_it_forgot_when_the_memory_grows_or_the_clock_is_set_back"},
    {"forgets_more_than_it_wrote_down", both, R"(DELETE FROM "\w+_tokens" WHERE \("job")",
     later_moment, "retention.forgets_no_token_that_is_younger_than_what_it_wrote_down"},
    {"event_ends_the_wait", both, R"(UPDATE "\w+" SET [^;]*"label" = )", due_at_once,
     "waiting_time.is_not_ended_by_an_event_that_leaves_the_job_where_it_waits"},
    {"group_is_given_an_event_twice", "postgres", R"("starts_at")", given_twice,
     "events_in_flight.stop_no_group_that_left_and_came_back_meanwhile"},
    {"resolve_overwrites_what_was_done", both, R"("\w+_tokens")", void_is_nothing, "resolve.*"},
};

}  // namespace

std::span<const mutant> mutants_of_sweep() { return table; }

}  // namespace conformance
