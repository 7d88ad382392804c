// expect: name too long
// names:  printed_on_paper_and_sent_by_the_mail_of_the_day_after_tomorrows
#include <statemachine/verify.hpp>
namespace sm = statemachine;

namespace payments {

enum class state { open, paid, refunded };
using enum state;

struct payment {
    std::string payer;
    std::int64_t cents = 0;
    int reminders = 0;
    bool blocked = false;
    std::optional<std::string> receipt;
    std::optional<sm::timestamp> paid_at;
};
struct remittance {
    std::string number;
    std::int64_t cents;
};

constexpr sm::event<remittance> pay{"pay"};
constexpr sm::event<> refund{"refund"};

constexpr sm::column columns[] = {
#ifdef REFUSED
    {"printed_on_paper_and_sent_by_the_mail_of_the_day_after_tomorrows",
     sm::field<&payment::payer>},
#else
    {"printed_on_paper_and_sent_by_the_mail_of_the_day_after_tomorrow",
     sm::field<&payment::payer>},
#endif
    {"cents", sm::field<&payment::cents>},
    {"reminders", sm::field<&payment::reminders>},
    {"blocked", sm::field<&payment::blocked>},
    {"receipt", sm::field<&payment::receipt>, sm::once},
    {"paid_at", sm::field<&payment::paid_at>},
};
constexpr sm::named<state> states[] = {
    {open, "open"},
    {paid, "paid"},
    {refunded, "refunded", sm::terminal},
};
constexpr sm::transition<state> transitions[] = {
    {.on = pay, .from = open, .when = sm::field<&remittance::cents> == sm::field<&payment::cents>,
     .to = paid, .control = true,
     .then = {sm::set<&payment::receipt>(sm::field<&remittance::number>)}},
    {.on = refund, .from = paid, .to = refunded, .control = true},
};
constexpr sm::machine<state, payment> machine{
    .table = "payments",
    .initial = open,
    .columns = columns,
    .states = states,
    .transitions = transitions,
};
static_assert(sm::verify<machine>());

}  // namespace payments
