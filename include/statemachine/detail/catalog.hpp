// Every statement of one machine in one dialect, rendered at compile time.
#pragma once

#include <statemachine/detail/plans.hpp>
#include <statemachine/detail/render_read.hpp>
#include <statemachine/detail/render_read_back.hpp>
#include <statemachine/detail/render_recover.hpp>
#include <statemachine/detail/render_schema.hpp>
#include <statemachine/detail/render_submit.hpp>

namespace statemachine::detail {

// A statement that `Write` writes for `Machine`: its exact text and parameters.
template <const auto& Machine, const dialect& Speech, auto Write, auto... Arguments>
struct rendered {
    struct extent {
        std::size_t characters, parameters;
    };
    static constexpr extent measure() {
        sql_writer out(Speech);
        Write(out, described<Machine>::value, Arguments...);
        return {out.size(), out.parameter_count()};
    }
    static constexpr extent size = measure();

    struct storage {
        std::array<char, size.characters> text{};
        std::array<parameter, size.parameters> parameters{};
    };
    static constexpr storage fill() {
        storage made;
        sql_writer out(Speech, made.text.data());
        Write(out, described<Machine>::value, Arguments...);
        for (std::size_t i = 0; i < size.parameters; ++i) made.parameters[i] = out.parameter_at(i);
        return made;
    }
    static constexpr storage stored = fill();
    static constexpr std::string_view text{stored.text.data(), size.characters};

    static constexpr compiled_statement returning(std::span<const column_type> results) {
        return {{text, results, true}, stored.parameters};
    }
};

template <const auto& Machine, std::size_t Size>
constexpr auto with_job_types(const std::array<column_type, Size>& own) {
    std::array<column_type, Size + Machine.columns.size()> all{};
    for (std::size_t i = 0; i < Size; ++i) all[i] = own[i];
    for (std::size_t i = 0; i < Machine.columns.size(); ++i)
        all[Size + i] = Machine.columns[i].field->type;
    return all;
}

template <const auto& Machine, const dialect& Speech>
struct catalog_of {
    template <auto Write, auto... Arguments>
    using text = rendered<Machine, Speech, Write, Arguments...>;

    static constexpr auto run_types = with_job_types<Machine>(change_types);
    static constexpr auto full_record_types = with_job_types<Machine>(record_types);

    template <class Change, class... Follower>
    static constexpr plan plan_for(std::span<const column_type> results) {
        plan made{Change::returning(results)};
        if constexpr (!Speech.one_statement)
            ((made.followers[made.follower_count++] = Follower::returning({})), ...);
        return made;
    }

    // Of one job.
    template <class Change, class ReadBack, class... Follower>
    static constexpr plan plan_for_one(std::span<const column_type> results) {
        plan made = plan_for<Change, Follower...>(results);
        if constexpr (Speech.reads_back) {
            made.change.sql.results = {};
            made.read_back = ReadBack::returning(results);
        }
        return made;
    }
    using changed = text<write_changed, false>;

    template <auto Emissions, auto... Arguments>
    static constexpr plan emitting(plan made) {
        if constexpr (!Emissions(described<Machine>::value, Arguments...).empty()) {
            made.emits = true;
            if constexpr (!Speech.one_statement) {
                made.followers[made.follower_count++] =
                    text<write_events<Emissions, Arguments...>>::returning({});
                made.followers[made.follower_count++] = text<write_handed_out>::returning({});
            }
        }
        return made;
    }

    template <int Event, fence By>
    static constexpr plan fire_plan() {
        return emitting<emitted_by_event, Event>(
            plan_for_one<text<write_fire, Event, By, false>, changed,
                         text<write_event_log, Event, false>>(change_types));
    }
    template <int Event, fence By>
    static constexpr plan fire_plan_with_token() {
        return emitting<emitted_by_event, Event>(
            plan_for_one<text<write_fire, Event, By, true>, changed,
                         text<write_event_log, Event, false>, text<write_token_row, Event>>(
                change_types));
    }

    template <int Event>
    static constexpr event_plans plans_of() {
        constexpr event_spec event = described<Machine>::events[Event];
        event_plans made{};
        made.reason = text<write_reason, Event>::returning(reason_types);
        if constexpr (event.kind == event_kind::claim) {
            using log = text<write_event_log, Event, true>;
            made.adopt = text<write_adopt, true>::returning(run_types);
            made.adopt_claimed = text<write_adopt_claimed, Event>::returning(run_types);
            made.plain = emitting<emitted_by_event, Event>(
                plan_for_one<text<write_claim, Event, true>, text<write_changed, true>, log>(
                    run_types));
            made.next = emitting<emitted_by_event, Event>(
                plan_for<text<write_claim, Event, false>, log>(run_types));
            if constexpr (Speech.reads_back) {
                made.next_one = made.plain;
                made.next_one.search = text<write_next_due, Event>::returning(found_types);
            }
            if constexpr (Speech.keeps_dead_entries)
                made.front = text<write_front, Event>::returning(front_types);
            if constexpr (described<Machine>::value.claim_rule(Event).max_attempts > 0)
                made.exhaust = emitting<emitted_by_exhaustion, Event>(
                    plan_for<text<write_used_up, Event, false>, text<write_exhaust_log>>(
                        change_types));
        } else if constexpr (event.kind == event_kind::renewal) {
            made.plain = plan_for_one<text<write_renew, Event>, text<write_renewed>>(renewal_types);
        } else {
            constexpr fence by = event.kind == event_kind::control ? fence::version : fence::epoch;
            made.adopt = text<write_adopt, false>::returning(change_types);
            made.repeats = by == fence::epoch && repeats(described<Machine>::value, Event, true);
            made.any_version_repeats = repeats(described<Machine>::value, Event, false);
            made.plain = fire_plan<Event, by>();
            made.with_token = fire_plan_with_token<Event, by>();
            if constexpr (event.kind == event_kind::step && Speech.arrays)
                made.many = emitting<emitted_by_event, Event>(
                    plan_for<text<write_fire_many, Event>>(change_types));
            if constexpr (event.kind == event_kind::control) {
                made.any_version = fire_plan<Event, fence::none>();
                made.any_version_with_token = fire_plan_with_token<Event, fence::none>();
            }
        }
        return made;
    }

    template <std::size_t... Event>
    static constexpr auto all_events(std::index_sequence<Event...>) {
        return std::array<event_plans, sizeof...(Event)>{plans_of<static_cast<int>(Event)>()...};
    }
    static constexpr auto events =
        all_events(std::make_index_sequence<described<Machine>::events.size()>());

    static constexpr catalog make() {
        catalog made{};
        made.declared = &described<Machine>::value;
        made.speech = &Speech;
        made.submit =
            plan_for_one<text<write_submit>, text<write_submitted>, text<write_submit_log>>(
                change_types);
        made.adopt_submit = text<write_adopt_submit>::returning(change_types);
        made.void_token = text<write_void_token>::returning(job_types);
        made.may_be_forgotten = text<write_may_be_forgotten>::returning(yes_or_no);
        made.find_key = text<write_find_key>::returning(holder_types);
        if constexpr (Speech.arrays) {
            made.submit_many = plan_for<text<write_submit_many>>(change_types);
            made.find_keys = text<write_find_keys>::returning(keyed_holder_types);
        }
        made.find_token = text<write_find_token>::returning(token_types);
        made.read = text<write_read>::returning(full_record_types);
        made.list = text<write_list>::returning(full_record_types);
        made.history = text<write_history>::returning(history_types);
        if constexpr (described<Machine>::value.leased_states() != 0) {
            made.renew =
                plan_for_one<text<write_renew, nowhere>, text<write_renewed>>(renewal_types);
            made.renew_reason = text<write_reason, nowhere>::returning(reason_types);
            made.expire = emitting<emitted_by_expiry>(
                plan_for<text<write_expire, false>, text<write_expire_log>>(change_types));
            if constexpr (Speech.arrays)
                made.renew_many = text<write_renew_many>::returning(renewal_types);
        }
        made.events = events;
        made.schema = text<write_schema>::text;
        made.fresh_job = []() -> const void* {
            static const typename described<Machine>::job_type fresh{};
            return &fresh;
        };
        return made;
    }
    static constexpr catalog value = make();
};

}  // namespace statemachine::detail
