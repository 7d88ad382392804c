// The sentences of `verify` about names, columns, and what guards and effects read and write.
#pragma once

#include <statemachine/detail/flaw.hpp>

namespace statemachine::detail {

template <class Subject>
inline constexpr bool declared_well = false;

template <flaw_kind Kind, class In>
consteval void refuse_names() {
    using enum flaw_kind;
    if constexpr (Kind == no_initial_state)
        static_assert(declared_well<In>,
                      "statemachine: the machine names no initial state: set `.initial`");
    if constexpr (Kind == no_states)
        static_assert(declared_well<In>,
                      "statemachine: the machine names no states: set `.states`");
    if constexpr (Kind == too_many_states)
        static_assert(declared_well<In>, "statemachine: a machine has at most 64 states");
    if constexpr (Kind == undeclared_state)
        static_assert(declared_well<In>,
                      "statemachine: a state is used that `.states` does not name");
    if constexpr (Kind == ill_formed_name)
        static_assert(declared_well<In>,
                      "statemachine: ill-formed name: use lower-case letters, digits and _, "
                      "and no digit in front");
    if constexpr (Kind == name_too_long)
        static_assert(declared_well<In>,
                      "statemachine: name too long: with what the library appends for logs "
                      "and indexes it passes the 63 bytes of a PostgreSQL identifier");
    if constexpr (Kind == missing_name)
        static_assert(declared_well<In>,
                      "statemachine: missing name: a table, state, event or column needs one");
    if constexpr (Kind == reserved_name)
        static_assert(declared_well<In>,
                      "statemachine: this name is the library's or the database's own: choose "
                      "another");
    if constexpr (Kind == duplicate_name)
        static_assert(declared_well<In>,
                      "statemachine: duplicate name: two states or two columns share it");
    if constexpr (Kind == duplicate_state)
        static_assert(declared_well<In>, "statemachine: duplicate state: two names stand for it");
    if constexpr (Kind == duplicate_column_member)
        static_assert(declared_well<In>,
                      "statemachine: duplicate column: two columns hold the same member");
    if constexpr (Kind == foreign_column)
        static_assert(declared_well<In>,
                      "statemachine: a column holds a member of another struct than the job");
    if constexpr (Kind == once_not_optional)
        static_assert(declared_well<In>,
                      "statemachine: a column that is set once starts empty: make its member "
                      "a std::optional");
    if constexpr (Kind == no_event)
        static_assert(declared_well<In>, "statemachine: a transition names no event: set `.on`");
    if constexpr (Kind == no_source)
        static_assert(declared_well<In>,
                      "statemachine: a transition starts from no state: set `.from`");
    if constexpr (Kind == no_target)
        static_assert(declared_well<In>, "statemachine: a transition leads to no state: set `.to`");
}

template <flaw_kind Kind, class In>
consteval void refuse_members() {
    using enum flaw_kind;
    if constexpr (Kind == unknown_column)
        static_assert(declared_well<In>,
                      "statemachine: unknown column: a guard or effect uses a member that "
                      "`.columns` does not list");
    if constexpr (Kind == foreign_input)
        static_assert(declared_well<In>,
                      "statemachine: foreign input: a guard or effect reads an input that its "
                      "own event does not carry");
    if constexpr (Kind == inputs_are_the_job)
        static_assert(declared_well<In>,
                      "statemachine: an event carries the job's own struct: give its inputs a "
                      "struct of their own, or a rule could not tell the two apart");
    if constexpr (Kind == duplicate_event)
        static_assert(
            declared_well<In>,
            "statemachine: duplicate name: two events share it: give each its own, or use one "
            "event in both transitions");
    if constexpr (Kind == two_sets_of_inputs)
        static_assert(declared_well<In>,
                      "statemachine: duplicate name: two events share it and carry different "
                      "inputs");
}

}  // namespace statemachine::detail
