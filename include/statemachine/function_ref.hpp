// A borrowed callable: two words, no allocation. The shape of C++26's std::function_ref (P0792).
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace statemachine {

template <class Signature>
class function_ref;

/// Refers to a callable that outlives the call it is passed to. Never store one.
template <class Return, class... Arguments>
class function_ref<Return(Arguments...)> {
public:
    template <class Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref> &&
             std::is_invocable_r_v<Return, Callable&, Arguments...>)
        function_ref(Callable&& callable)
    noexcept  // NOLINT(*-explicit-*): binds at the call
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
          call_([](void* object, Arguments... arguments) -> Return {
              return (*static_cast<std::remove_reference_t<Callable>*>(object))(
                  std::forward<Arguments>(arguments)...);
          }) {}

    Return operator()(Arguments... arguments) const {
        return call_(object_, std::forward<Arguments>(arguments)...);
    }

private:
    void* object_;
    Return (*call_)(void*, Arguments...);
};

}  // namespace statemachine
