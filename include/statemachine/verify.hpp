// Refuses a declaration that cannot work, at compile time, in a sentence that names the mistake:
//     static_assert(sm::verify<transcode::machine>());
// The names that the sentence is about stand in the same message: as text on GCC, letter by letter
// on Clang, which prints no text there before version 18.
#pragma once

#include <statemachine/detail/find_flaw.hpp>
#include <statemachine/detail/refuse_names.hpp>
#include <statemachine/detail/refuse_rules.hpp>

namespace statemachine {

namespace detail {

template <std::size_t Size>
struct text {
    char content[Size + 1]{};
};

#if defined(__clang__) && __clang_major__ < 18
template <char... Letter>
struct in {};
template <flaw Flaw, std::size_t... Index>
in<Flaw.subject[Index]...> subject_of(std::index_sequence<Index...>);
template <flaw Flaw>
using subject = decltype(subject_of<Flaw>(std::make_index_sequence<Flaw.size>()));
#else
template <text Subject>
struct in {};
template <flaw Flaw>
consteval auto subject_text() {
    text<Flaw.size> result;
    for (std::size_t i = 0; i < Flaw.size; ++i) result.content[i] = Flaw.subject[i];
    return result;
}
template <flaw Flaw>
using subject = in<subject_text<Flaw>()>;
#endif

}  // namespace detail

/// True for a declaration that can work; any other does not compile, and the first error says why.
/// `store` asks for it too, so that a forgotten call changes nothing but where the error shows.
template <const auto& Machine>
consteval bool verify() {
    constexpr detail::flaw found = detail::find_flaw<Machine>();
    if constexpr (found.kind != detail::flaw_kind::none) {
        detail::refuse_names<found.kind, detail::subject<found>>();
        detail::refuse_members<found.kind, detail::subject<found>>();
        detail::refuse_leases<found.kind, detail::subject<found>>();
        detail::refuse_rules<found.kind, detail::subject<found>>();
        detail::refuse_memory<found.kind, detail::subject<found>>();
    }
    return found.kind == detail::flaw_kind::none;
}

}  // namespace statemachine
