// One mutant for each rule about replies that were lost, and about whose clock and when it is read.
#include "mutants.hpp"

namespace conformance {
namespace {

constexpr std::string_view both = "sqlite postgres";

constexpr std::string_view looking = R"("log"\."nonce" = )";
constexpr std::string_view looking_for_claims =
    R"("kept"\."lease_until" > [\s\S]*"log"\."nonce" = )";
constexpr std::string_view voiding = R"(^INSERT INTO "\w+_tokens"[^']*'', '', 0)";
constexpr std::string_view changes = R"(UPDATE "\w+" SET ("previous"|"lease_until"))";

constexpr edit found_nothing[] = {{R"("log"\."nonce" = )", "1 = 0 AND $&"}};
constexpr edit found_anything[] = {
    {R"("log"\."nonce" = ([?$]\d+))", "(\"log\".\"nonce\" = $1 OR TRUE)"}};
constexpr edit no_tombstone[] = {
    {R"x(^INSERT INTO ("\w+_tokens") [^)]*\)\n)x"
     R"x(SELECT "id", ([?$]\d+),[^F]*FROM ("\w+") WHERE "id" = ([?$]\d+)\nON[\s\S]*)x",
     "SELECT \"id\" FROM $3 WHERE \"id\" = $4 AND NOT EXISTS (SELECT 1 FROM $1 "
     "WHERE \"job\" = $4 AND \"token\" = $2)"}};
constexpr edit clock_of_the_transaction[] = {{R"(clock_timestamp\(\))", "now()"}};

constexpr std::string_view still_coming =
    "lost_reply.resolve_refuses_a_request_that_is_still_on_its_way";

constexpr std::string_view step_settled = "lost_reply.of_a_step_is_settled_within_the_call";

constexpr mutant table[] = {
    {"reply_not_looked_for", "postgres", looking, found_nothing, step_settled},
    {"reply_of_any_call", "postgres", looking, found_anything,
     "lost_reply.of_a_claim_that_never_arrived_is_unknown_and_no_job_is_taken:"
     "lost_reply.of_a_claim_by_id_gives_the_run_that_it_made"},
    {"claims_not_adopted", "postgres", looking_for_claims, found_nothing,
     "lost_reply.of_the_next_claim_adopts_its_jobs_and_takes_no_others"},
    {"claims_of_anybody_adopted", "postgres", looking_for_claims, found_anything,
     "lost_reply.of_a_claim_that_never_arrived_is_unknown_and_no_job_is_taken"},
    {"not_sent_again", "postgres", "", {}, step_settled, "", false, true},
    {"resolve_without_tombstone", both, voiding, no_tombstone, "resolve.*"},
    {"resolve_without_tombstone_in_flight", "postgres", voiding, no_tombstone, still_coming},
    {"lease_from_the_start_of_the_transaction", "postgres", changes, clock_of_the_transaction,
     "transactions.*:borrowed.*"},
};

}  // namespace

std::span<const mutant> mutants_of_replies() { return table; }

}  // namespace conformance
