// Runs a command with a PgBouncer in transaction mode in front of the test's server; ends as it
// does.
//
//     behind_pgbouncer COMMAND [ARGUMENT...]      with STATEMACHINE_TEST_POOLER set
#include "raw.hpp"

#include "support/pgbouncer.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int count, char** arguments) try {
    if (count < 2) {
        std::fputs("say which command to run\n", stderr);
        return 2;
    }
    const statemachine::tests::pgbouncer pooler(field::conninfo(), 8);
    setenv("STATEMACHINE_TEST_POOLER", pooler.conninfo().c_str(), 1);
    const pid_t child = fork();
    if (child == 0) {
        execvp(arguments[1], arguments + 1);
        std::perror(arguments[1]);
        _exit(127);
    }
    const int status = statemachine::tests::wait_for_end(child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
} catch (const std::exception& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 1;
}
