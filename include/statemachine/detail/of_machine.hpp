// A type that the compiler takes for one of the machine's own: what is made of it, such as a
// result, is compiled only in programs that use it.
#pragma once

namespace statemachine::detail {

template <const auto& Machine, class Type>
struct seen_as_of_machine {
    using type = Type;
};
template <const auto& Machine, class Type>
using of_machine = typename seen_as_of_machine<Machine, Type>::type;

}  // namespace statemachine::detail
