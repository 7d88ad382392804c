// Whose process this is, and that nothing drawn by chance comes twice in a family of them.
#include "../../src/identity.hpp"

#include <statemachine/detail/own_pid.hpp>

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace statemachine::detail {
namespace {

/// Whether it holds in a child.
bool holds_in(pid_t child, const std::function<bool()>& what) {
    if (child == 0) _exit(what() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_own() { return own_pid() == getpid(); }

TEST(own_pid, is_known_to_a_child_and_its_child) {
    ASSERT_TRUE(is_own());
    EXPECT_TRUE(holds_in(fork(), [] { return is_own() && holds_in(fork(), is_own); }));
    EXPECT_TRUE(is_own());
}

#ifdef __linux__
TEST(own_pid, is_known_to_a_child_that_no_library_has_heard_of) {
    ASSERT_TRUE(is_own());
    const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    EXPECT_TRUE(holds_in(child, is_own));
}
#endif

TEST(nonces, are_others_in_a_child) {
    make_nonce();  // whatever is kept for the next ones
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    EXPECT_TRUE(holds_in(fork(), [&] {
        const auto drawn = make_nonce();
        return write(ends[1], drawn.data(), drawn.size()) == static_cast<ssize_t>(drawn.size());
    }));
    std::array<char, 16> of_the_child{};
    ASSERT_EQ(read(ends[0], of_the_child.data(), of_the_child.size()), 16);
    close(ends[0]);
    close(ends[1]);
    EXPECT_NE(make_nonce(), of_the_child);
}

}  // namespace
}  // namespace statemachine::detail
