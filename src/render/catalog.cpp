// Every statement of a store.
#include "read_back.hpp"
#include "recover.hpp"
#include "schema.hpp"
#include "shelf.hpp"
#include "submit.hpp"

namespace statemachine::detail {
namespace {

class store_statements {
public:
    store_statements(const spec& declared, const dialect& speech, job_maker make)
        : on_(declared, speech),
          run_types_(on_.with_job_types(on_.types_of(claim_columns))),
          swept_types_(on_.types_of(swept_columns)) {
        all.declared = &declared;
        all.speech = &speech;
        all.fresh_job = make;
        sql_writer ddl(speech);
        write_schema(ddl, declared);
        schema_ = ddl.text();
        all.schema = schema_;
        submissions();
        reads();
        if (declared.leased_states() != 0) leases();
        for (std::size_t i = 0; i < declared.events.size(); ++i)
            events_.push_back(plans_of(static_cast<int>(i)));
        all.events = events_;
    }

    catalog all{};

private:
    const spec& declared() const { return on_.declared(); }
    const dialect& speech() const { return on_.speech(); }

    template <class... Arguments>
    void follow(plan& made, void (*write)(sql_writer&, const spec&, Arguments...),
                const std::type_identity_t<Arguments>&... arguments) {
        if (!speech().one_statement)
            made.followers[made.follower_count++] = on_.statement({}, write, arguments...);
    }

    // A change of one job is read back where that is less work.
    template <class... Arguments>
    void read_back(plan& made, void (*write)(sql_writer&, const spec&, Arguments...),
                   const std::type_identity_t<Arguments>&... arguments) {
        if (!speech().reads_back) return;
        made.read_back = on_.statement(made.change.sql.results, write, arguments...);
        made.change.sql.results = {};
    }

    void emit(plan& made, const emissions& emitted) {
        made.emits = !emitted.empty();
        if (!made.emits) return;
        follow(made, write_events, emitted);
        follow(made, write_handed_out);
    }

    void submissions() {
        all.submit.change = on_.statement(submitted_types, write_submit);
        read_back(all.submit, write_submitted);
        follow(all.submit, write_submit_log);
        all.adopt_submit = on_.statement(submitted_types, write_adopt_submit);
        all.find_key = on_.statement(holder_types, write_find_key);
        if (!speech().arrays) return;
        all.submit_many.change = many_submissions({.many = true});
        all.submit_many_unkeyed.change = many_submissions({.many = true, .keyed = false});
        all.submit_many_alike.change =
            many_submissions({.many = true, .keyed = false, .alike = true});
        if (!speech().waits_briefly.empty())
            all.submit_shared = many_submissions({.many = true, .brief = true});
        all.find_keys = on_.statement(keyed_holder_types, write_find_keys);
    }

    compiled_statement many_submissions(new_jobs form) {
        return on_.statement(submitted_types, write_submit_many, form);
    }

    void reads() {
        const auto record = on_.with_job_types(record_types);
        all.read = on_.statement(record, write_read);
        all.list = on_.statement(record, write_list);
        all.history = on_.statement(history_types, write_history);
        all.find_token = on_.statement(token_types, write_find_token);
        all.void_token = on_.statement(job_types, write_void_token);
        all.may_be_forgotten = on_.statement(yes_or_no, write_may_be_forgotten);
    }

    void leases() {
        all.renew = renewal(nowhere);
        all.renew_reason = on_.statement(reason_types, write_reason, nowhere);
        if (speech().arrays) all.renew_many = on_.statement(renewal_types, write_renew_many);
        all.expire.change = on_.statement(swept_types_, write_expire, false);
        follow(all.expire, write_expire_log);
        emit(all.expire, emitted_by_expiry(declared()));
    }

    plan renewal(int event) {
        plan made{on_.statement(renewal_types, write_renew, event)};
        read_back(made, write_renewed);
        return made;
    }

    event_plans plans_of(int event) {
        event_plans made{};
        made.reason = on_.statement(reason_types, write_reason, event);
        switch (declared().events[static_cast<std::size_t>(event)].kind) {
            case event_kind::claim: claims(made, event); break;
            case event_kind::renewal: made.plain = renewal(event); break;
            case event_kind::step: steps(made, event); break;
            case event_kind::control: controls(made, event); break;
        }
        return made;
    }

    void claims(event_plans& made, int event) {
        const auto claim = [&](bool by_id) {
            plan change{on_.statement(run_types_, write_claim, event, by_id)};
            if (by_id) read_back(change, write_changed, event);
            follow(change, write_event_log, event, true);
            emit(change, emitted_by_event(declared(), event));
            return change;
        };
        made.adopt = on_.statement(run_types_, write_adopt, event);
        made.adopt_claimed = on_.statement(run_types_, write_adopt_claimed, event);
        made.plain = claim(true);
        made.next = claim(false);
        if (speech().reads_back) {
            made.next_one = made.plain;
            made.next_one.search = on_.statement(found_types, write_next_due, event);
        }
        if (speech().keeps_dead_entries)
            made.front = on_.statement(front_types, write_front, event);
        if (declared().claim_rule(event).max_attempts == 0) return;
        made.exhaust.change = on_.statement(swept_types_, write_used_up, event, false);
        follow(made.exhaust, write_exhaust_log);
        emit(made.exhaust, emitted_by_exhaustion(declared(), event));
    }

    // Steps and control events bring back what their rules leave open.
    std::span<const column_type> change_types(int event) {
        return on_.types_of(columns_of_event(declared(), event));
    }

    plan fire(int event, fence by, bool with_token) {
        plan made{on_.statement(change_types(event), write_fire, event, by, with_token)};
        read_back(made, write_changed, event);
        follow(made, write_event_log, event, false);
        if (with_token) follow(made, write_token_row, event);
        emit(made, emitted_by_event(declared(), event));
        return made;
    }

    void steps(event_plans& made, int event) {
        made.shape = shape_of(declared(), event);
        made.adopt = on_.statement(change_types(event), write_adopt, event);
        made.repeats = repeats(declared(), event, true);
        made.any_version_repeats = repeats(declared(), event, false);
        made.plain = fire(event, fence::epoch, false);
        made.with_token = fire(event, fence::epoch, true);
        if (!speech().arrays) return;
        made.many.change = on_.statement(change_types(event), write_fire_many, event);
        emit(made.many, emitted_by_event(declared(), event));
        if (speech().waits_briefly.empty() || made.repeats) return;
        made.many_plain.change = on_.statement(change_types(event), write_fire_many_plain, event);
        emit(made.many_plain, emitted_by_event(declared(), event));
    }

    void controls(event_plans& made, int event) {
        made.shape = shape_of(declared(), event);
        made.adopt = on_.statement(change_types(event), write_adopt, event);
        made.any_version_repeats = repeats(declared(), event, false);
        made.plain = fire(event, fence::version, false);
        made.with_token = fire(event, fence::version, true);
        made.any_version = fire(event, fence::none, false);
        made.any_version_with_token = fire(event, fence::none, true);
    }

    shelf on_;
    std::span<const column_type> run_types_, swept_types_;
    std::string schema_;
    std::vector<event_plans> events_;
};

}  // namespace

const catalog& rendered(place_of<catalog>& place, const spec& declared, const dialect& speech,
                        job_maker make) {
    return kept_in<store_statements>(place, declared, speech, make);
}

}  // namespace statemachine::detail
