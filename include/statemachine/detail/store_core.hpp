// The store without its types; the bodies are compiled once, in src/.
#pragma once

#include <statemachine/answer.hpp>
#include <statemachine/detail/catalog.hpp>
#include <statemachine/run.hpp>
#include <statemachine/session.hpp>

#include <array>
#include <span>
#include <vector>

namespace statemachine::detail {

// States travel as indexes into the declaration here.
using raw_run = run<int, no_inputs>;
using raw_change = change<int>;
using raw_submitted = submitted<int>;
using raw_record = record<int, no_inputs>;

// Makes room for a row of the caller's type and says where its job is.
using run_maker = function_ref<void*(const raw_run&)>;
using record_maker = function_ref<void*(const raw_record&)>;

// Gives the i-th job of a batch.
using job_source = function_ref<std::pair<const void*, submit_options>(std::size_t)>;

class meeting;
struct compiled_statement;
struct event_plans;
struct plan;

struct fire_call {
    std::int64_t id = 0;
    fence by = fence::none;
    std::int64_t number = 0;  // the epoch or version of the fence
    const void* inputs = nullptr;
    std::string_view token{};
    std::string_view actor{};
    int event = nowhere;  // as the core has found it
};

// Gives the i-th change of a batch.
using fire_source = function_ref<fire_call(std::size_t)>;

struct sighting;       // what is seen of a job after a change missed it
struct settled_token;  // what a token stands for

struct held_lease {
    std::int64_t id;
    std::int64_t epoch;
};

class [[gnu::visibility("default")]] store_core {
public:
    store_core(const catalog& statements, session& database, const store_options& limits)
        : statements_(&statements), session_(&database), limits_(limits) {}

    wakeup& wakeups() const noexcept { return session_->wakeups(); }
    std::string_view schema() const noexcept;
    result<void> migrate();

    // What single submits, claims and changes make is put where the caller says, and `outcome`
    // tells whether it was: so a program compiles the answers of its machine alone.
    result<outcome> submit(const void* job, const submit_options& options, raw_submitted& made);
    std::vector<result<answer<raw_submitted>>> submit_many(std::size_t count, job_source job_at);

    result<outcome> claim_by_id(const event_ref& on, std::int64_t id, const claim_options& options,
                                run_maker make);
    // Without any run it is `rejected`, `none_due`.
    result<outcome> claim_next(const event_ref& on, std::size_t most, const claim_options& options,
                               run_maker make);

    result<outcome> fire(const event_ref& on, event_kind kind, fire_call call, raw_change& made);
    std::vector<result<answer<raw_change>>> fire_many(const event_ref& on, std::size_t count,
                                                      fire_source call_at);

    result<answer<lease>> renew(const held_lease& held);
    result<answer<lease>> renew(const event_ref& on, const held_lease& held, const void* inputs);
    result<std::vector<answer<lease>>> renew_many(std::span<const held_lease> held);

    // What became of the change that was meant with this token; afterwards it stays so.
    result<outcome> resolve(std::int64_t id, std::string_view token, raw_change & found);

    result<swept> sweep(const sweep_options& options);

    std::size_t max_batch() const noexcept { return limits_.max_batch; }

    result<std::size_t> read(std::int64_t id, record_maker make);
    result<std::size_t> list(int state, const list_options& options, record_maker make);
    result<std::vector<log_entry>> history(std::int64_t id, const history_options& options);

private:
    friend class sweep_core;
    friend class overview_core;
    // `parted` becomes what changes could not go together for, in one statement or transaction.
    result<answer<raw_submitted>> submit_quietly(const void* job, const submit_options& options,
                                                 std::optional<error>& parted);
    std::vector<result<answer<raw_submitted>>> submit_many_quietly(
        std::size_t count, job_source job_at, std::optional<error> & parted);
    result<answer<int>> claim_by_id_quietly(int event, std::int64_t id,
                                            const claim_options& options, run_maker make);
    result<answer<std::size_t>> claim_next_quietly(int event, std::size_t most,
                                                   const claim_options& options, run_maker make);
    result<answer<raw_change>> fire_quietly(const fire_call& call, std::optional<error>& parted);
    std::vector<result<answer<raw_change>>> fire_many_quietly(
        std::size_t count, fire_source call_at, std::optional<error> & parted);
    result<answer<lease>> renew_quietly(int event, const held_lease& held, const void* inputs);
    result<std::vector<answer<lease>>> renew_many_quietly(std::span<const held_lease> held);
    result<answer<raw_change>> resolve_quietly(std::int64_t id, std::string_view token);
    // The event's index, or an error that names what it is instead of `wanted`.
    result<int> event_of(const event_ref& event, event_kind wanted) const;
    result<answer<lease>> renew_by(int event, const held_lease& held, const void* inputs);
    std::string_view name_of_event(int event) const;
    struct call;
    class bound;
    class bound_rows;
    class bound_plan;
    struct applied_plan {
        std::size_t rows = 0;
        ending end = ending::committed;
        std::optional<error> doubt{};  // why an earlier sending may still be under way
    };
    // Looks for the reason in the transaction of a change that found nothing to change. A
    // transaction of a single statement has no room for it.
    using look_around = std::optional<function_ref<result<void>(executor&)>>;
    class reason_seeker;
    // Whether a change whose reply was lost may be sent again, which takes a guard that fails once
    // it was applied.
    enum class resend : unsigned char { guarded, never };
    struct recovery {
        const compiled_statement* adopt;  // finds what the call's nonce did; null: nothing does
        resend again = resend::guarded;
        std::optional<function_ref<void()>> restart{};  // forgets the rows of a failed sending
        std::optional<error> lost{};  // it was sent before, and the reply to that was lost
        look_around missed{};         // of the first sending
    };

    result<applied_plan> apply(const plan& change, const call& values, row_sink on_row,
                               const look_around& missed = {});
    result<applied_plan> apply_surely(const plan& change, const call& values, row_sink on_row,
                                      const recovery& how);
    result<std::size_t> query(const compiled_statement& what, const call& values, row_sink on_row);
    // Runs one statement inside a transaction.
    result<std::size_t> run_in(executor & transaction, const compiled_statement& what,
                               const call& values, row_sink on_row) const;
    result<answer<raw_change>> settle_token(const call& values);
    result<std::optional<sighting>> look_at_job(
        executor & transaction, const compiled_statement& read, const call& values) const;
    result<std::optional<settled_token>> look_at_token(executor & transaction, const call& values)
        const;
    result<std::optional<answer<raw_change>>> reason_in(
        executor & transaction, const compiled_statement& read, const call& values,
        const fire_call& fired, event_kind kind) const;
    result<std::optional<answer<raw_change>>> reason_for(const compiled_statement& read,
                                                         const call& values, const fire_call& fired,
                                                         event_kind kind);
    std::optional<front> where_to_begin(int event, const call& values);
    struct claimed_row;
    struct claimed_jobs;
    class claimed_rows;
    using claim_answer = answer<claimed_jobs>;
    result<void> hand_out(int event, std::span<const claimed_row> rows, std::string_view owner,
                          run_maker make) const;
    // Up to `values.limit` jobs, in order; none is `rejected`, `none_due`.
    result<claim_answer> claim_due(int event, call values);
    class contender;
    result<answer<int>> claim_contended(meeting & at, int event, const call& values,
                                        run_maker make);
    class shared_claim;
    result<claim_answer> claim_shared(meeting & at, int event, const call& values);
    void send_claims(int event, call values, std::span<shared_claim* const> all);
    struct prepared_fire;
    result<prepared_fire> prepare_fire(const fire_call& fired, const std::array<char, 16>& nonce,
                                       steady_time until) const;
    // `missed` says that it was sent already and found nothing to change.
    result<answer<raw_change>> fire_one(const prepared_fire& prepared, std::optional<error> lost,
                                        bool missed = false);
    class shared_fire;
    result<answer<raw_change>> fire_shared(meeting & at, prepared_fire & prepared,
                                           std::optional<error> & parted);
    void send_shared(std::span<shared_fire* const> all);
    result<ending> send_shared_by(const plan& form, steady_time until,
                                  std::vector<shared_fire*>& all);
    // The answers are in the order of the changes; an error is one of all of them.
    using fire_answers = std::vector<result<answer<raw_change>>>;
    using sorted_fires = std::span<const prepared_fire* const>;
    class fire_rounds;
    // Sends steps of one event by the form that is less work, where they allow it; should that fail
    // for a job that somebody else has locked, by the one that leaves such jobs out.
    result<ending> send_by_form(sorted_fires all, steady_time until,
                                function_ref<result<ending>(const plan& form)> send);
    bool takes_plain(sorted_fires all, steady_time until) const;
    // What those of a batch do next whose jobs somebody else holds.
    enum class if_held : unsigned char { try_together, go_alone };
    fire_answers fire_sorted(sorted_fires sorted, std::optional<error> & parted, if_held otherwise);
    result<void> fire_together(sorted_fires sorted, fire_answers & answers);
    result<void> fire_in_rounds(sorted_fires sorted, fire_answers & answers,
                                std::optional<error> & parted, if_held otherwise);
    struct prepared_submit;
    result<prepared_submit> prepare_submit(const void* job, const submit_options& options,
                                           const std::array<char, 16>& nonce, steady_time until)
        const;
    result<answer<raw_submitted>> submit_one(const prepared_submit& prepared,
                                             std::optional<error> lost);
    class shared_submit;
    result<answer<raw_submitted>> submit_shared(meeting & at, prepared_submit & prepared,
                                                std::optional<error> & parted);
    void send_submits(std::span<shared_submit* const> all);
    using submit_answers = std::vector<result<answer<raw_submitted>>>;
    class submit_rows;
    submit_answers submit_prepared(std::span<const prepared_submit> prepared,
                                   std::optional<error> & parted);
    result<void> submit_together(std::span<const prepared_submit> prepared,
                                 submit_answers & answers);
    result<void> submit_in_rows(std::span<const prepared_submit> prepared,
                                submit_answers & answers);
    result<answer<raw_submitted>> holder_of(std::span<const value> row,
                                            std::string_view fingerprint) const;
    result<std::optional<answer<raw_submitted>>> holder_of_key(executor & transaction,
                                                               const call& values);
    result<answer<raw_change>> fire_guarded(const prepared_fire& prepared,
                                            std::optional<error>& doubt, bool missed);
    result<answer<int>> claim_alone(int event, const call& values, run_maker make);
    result<answer<int>> claim_one(int event, const call& values, run_maker make,
                                  std::optional<error>& doubt);
    result<applied_plan> renew_together(std::span<const held_lease> sorted, row_sink on_row);
    bool adds(const fire_call& fired) const;
    result<answer<lease>> renew_one(const plan& change, const call& values, const fire_call& fired,
                                    const compiled_statement& reason);
    result<std::size_t> read_records(const compiled_statement& what, const call& values,
                                     record_maker make);
    result<int> state_named(std::string_view name) const;
    result<raw_change> change_of(std::span<const value> row, const fire_call& fired) const;
    result<void> check_job(std::span<const value> columns) const;
    result<void> fill(void* job, std::span<const value> columns) const;
    const event_plans& plans(int event) const;

    const catalog* statements_;
    session* session_;
    store_options limits_;
};

}  // namespace statemachine::detail
