// How a database that was moved refuses its writers.
#pragma once

#include <string_view>

namespace statemachine::sqlite {

/// What its triggers raise.
inline constexpr std::string_view moved_away = "statemachine: this database was moved";

}  // namespace statemachine::sqlite
