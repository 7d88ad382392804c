#include "journal.hpp"

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace faults {
namespace {

namespace sm = statemachine;
using sm::testing::call_record;

constexpr char quote = '\'';  // so that an empty text is a word, too
constexpr std::string_view digits = "0123456789abcdef";

std::string word(const std::string& text) {
    std::string made{quote};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > ' ' && c != '%') {
            made += c;
            continue;
        }
        made += '%';
        made += digits[byte / 16U];
        made += digits[byte % 16U];
    }
    return made;
}

std::string text_of(const std::string& word) {
    std::string text;
    for (std::size_t i = 1; i < word.size(); ++i) {
        if (word[i] != '%') {
            text += word[i];
            continue;
        }
        text += static_cast<char>(std::stoi(word.substr(i + 1, 2), nullptr, 16));
        i += 2;
    }
    return text;
}

template <class Enum>
int code(const std::optional<Enum>& given) {
    return given ? static_cast<int>(*given) : -1;
}
template <class Enum>
std::optional<Enum> decoded(int number) {
    if (number < 0) return std::nullopt;
    return static_cast<Enum>(number);
}

void write_sent(std::ostream& to, const call_record& call) {
    to << call.began << ' ' << static_cast<int>(call.what) << ' ' << word(call.client) << ' '
       << word(call.event) << ' ' << call.id << ' ' << call.epoch << ' ' << call.limit << ' '
       << word(call.token) << ' ' << word(call.content);
}
void read_sent(std::istream& from, call_record& call) {
    int what = 0;
    std::string client, event, token, content;
    from >> call.began >> what >> client >> event >> call.id >> call.epoch >> call.limit >> token >>
        content;
    call.what = static_cast<sm::testing::call_kind>(what);
    call.client = text_of(client);
    call.event = text_of(event);
    call.token = text_of(token);
    call.content = text_of(content);
}

void write_told(std::ostream& to, const call_record& call) {
    to << call.ended << ' ' << code(call.status) << ' ' << static_cast<int>(call.reason) << ' '
       << code(call.failed) << ' ' << call.local << ' ' << call.got.size();
    for (const auto& each : call.got)
        to << ' ' << each.id << ' ' << each.epoch << ' ' << each.version << ' '
           << (each.lease_until ? each.lease_until->time_since_epoch().count() : -1);
}
void read_told(std::istream& from, call_record& call) {
    int status = 0, reason = 0, failed = 0;
    std::size_t count = 0;
    from >> call.ended >> status >> reason >> failed >> call.local >> count;
    call.status = decoded<sm::status>(status);
    call.reason = static_cast<sm::reason>(reason);
    call.failed = decoded<sm::errc>(failed);
    for (; count > 0; --count) {
        auto& each = call.got.emplace_back();
        std::int64_t until = 0;
        from >> each.id >> each.epoch >> each.version >> until;
        if (until >= 0) each.lease_until = sm::timestamp{std::chrono::milliseconds{until}};
    }
}

}  // namespace

sm::testing::history::witness journal_in(const std::string& file) {
    const auto to = std::make_shared<std::ofstream>(file, std::ios::app);
    if (!*to) throw std::runtime_error(file + " cannot be written");
    return [to](std::size_t number, const call_record& call) {
        std::ostringstream line;
        line << (call.ended == 0 ? "sent " : "told ") << number << ' ';
        if (call.ended == 0)
            write_sent(line, call);
        else
            write_told(line, call);
        *to << line.str() << '\n' << std::flush;
        if (!*to) throw std::runtime_error("a journal cannot be written");
    };
}

std::size_t add_journal(const std::string& file, sm::testing::history& into) {
    std::ifstream from(file);
    std::map<std::size_t, call_record> calls;
    for (std::string line; std::getline(from, line) && !from.eof();) {
        std::istringstream words(line);
        std::string kind;
        std::size_t number = 0;
        words >> kind >> number;
        if (kind == "sent")
            read_sent(words, calls[number]);
        else
            read_told(words, calls.at(number));
    }
    for (const auto& [number, call] : calls) into.add(call);
    return calls.size();
}

}  // namespace faults
