// What can happen to a job. The type says what the event carries.
//
//     constexpr sm::event<>         cancel{"cancel"};
//     constexpr sm::event<metadata> complete{"complete"};
#pragma once

#include <statemachine/field.hpp>

namespace statemachine {

/// An event that carries nothing.
struct no_inputs {};

/// A named event whose inputs are the members of `Inputs`, a struct of its own. The name is data:
/// it is written to the log, so it stays when the C++ identifier changes.
template <class Inputs = no_inputs>
struct event {
    const char* name;
};

/// Any event, as a transition refers to it.
class event_ref {
public:
    constexpr event_ref() = default;
    template <class Inputs>
    constexpr event_ref(const event<Inputs>& event)  // NOLINT(*-explicit-*): `.on = claim`
        : name_(event.name == nullptr ? "" : event.name),
          given_(true),
          inputs_(detail::identity_of_type<Inputs>()),
          declared_as_(&event) {}

    constexpr bool given() const { return given_; }
    constexpr std::string_view name() const { return name_; }
    constexpr detail::type_identity inputs() const { return inputs_; }
    // Tells two declarations of one name apart, at compile time only.
    constexpr const void* declared_as() const { return declared_as_; }

private:
    std::string_view name_{};
    bool given_ = false;
    detail::type_identity inputs_{};
    const void* declared_as_ = nullptr;
};

}  // namespace statemachine
