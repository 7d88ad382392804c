// What a search found, if anything. Not a pointer: GCC with -fsanitize=undefined takes no
// comparison of an address with null for a constant expression.
#pragma once

namespace statemachine::detail {

template <class Type>
class maybe {
public:
    constexpr maybe() = default;
    constexpr explicit maybe(const Type& found) : at_(&found), there_(true) {}
    constexpr explicit operator bool() const { return there_; }
    constexpr const Type& operator*() const { return *at_; }
    constexpr const Type* operator->() const { return at_; }

private:
    const Type* at_ = nullptr;
    bool there_ = false;
};

}  // namespace statemachine::detail
