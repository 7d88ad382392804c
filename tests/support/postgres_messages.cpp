#include "postgres_messages.hpp"

#include <utility>

namespace statemachine::tests {
namespace {

constexpr std::size_t length_size = 4;
constexpr std::size_t ask_for_tls = 80877103;
constexpr std::size_t ask_for_gss = 80877104;
constexpr std::size_t ask_for_cancel = 80877102;

std::size_t number_at(std::string_view bytes, std::size_t at) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < length_size; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

// The message's size with its type byte; 0 while it is not complete.
std::size_t size_of_message(std::string_view bytes) {
    if (bytes.size() < 1 + length_size) return 0;
    const std::size_t size = 1 + number_at(bytes, 1);
    return bytes.size() < size ? 0 : size;
}

std::string_view text_from(std::string_view& bytes) {
    const auto end = bytes.find('\0');
    const auto text = bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    return text;
}

}  // namespace

std::optional<request> request_reader::opening() {
    if (waiting_.size() < 2 * length_size) return std::nullopt;
    const std::size_t size = number_at(waiting_, 0);
    if (waiting_.size() < size) return std::nullopt;
    request opens;
    opens.bytes = waiting_.substr(0, size);
    waiting_.erase(0, size);
    const std::size_t code = number_at(opens.bytes, length_size);
    opens.wants_byte = code == ask_for_tls || code == ask_for_gss;
    opens.is_startup = opens.is_answered = !opens.wants_byte && code != ask_for_cancel;
    in_session_ = opens.is_startup;
    return opens;
}

std::optional<request> request_reader::next() {
    if (!in_session_) return opening();
    while (const std::size_t size = size_of_message(waiting_)) {
        const std::string message = waiting_.substr(0, size);
        waiting_.erase(0, size);
        begun_.bytes += message;
        note(message);
        const char type = message[0];
        // A Flush, the end of the session, COPY's rows and passwords wait for nothing.
        const bool is_passed_on = std::string_view("HXdcfp").find(type) != std::string_view::npos;
        if (begun_.is_answered || is_passed_on) return std::exchange(begun_, {});
    }
    return std::nullopt;
}

void request_reader::note(std::string_view message) {
    std::string_view content = message.substr(1 + length_size);
    switch (message[0]) {
        case 'Q':
            begun_.sql += text_from(content);
            begun_.executes = begun_.is_answered = true;
            break;
        case 'P': {
            const auto name = text_from(content);
            const auto sql = text_from(content);
            prepared_[std::string(name)] = sql;
            begun_.sql += sql;
            break;
        }
        case 'B': {
            text_from(content);
            const auto known = prepared_.find(text_from(content));
            // Where the Parse stands in the same request its text is there already.
            if (known != prepared_.end() && begun_.sql.find(known->second) == std::string::npos)
                begun_.sql += known->second;
            break;
        }
        case 'E': begun_.executes = true; break;
        case 'S': begun_.is_answered = true; break;
        default: break;
    }
}

int reply_reader::feed(std::string_view bytes) {
    waiting_ += bytes;
    for (; bytes_expected_ > 0 && !waiting_.empty(); --bytes_expected_) waiting_.erase(0, 1);
    int answers = 0;
    std::size_t read = 0;
    while (const std::size_t size = size_of_message(std::string_view(waiting_).substr(read))) {
        if (waiting_[read] == 'Z') ++answers;
        read += size;
    }
    waiting_.erase(0, read);
    return answers;
}

}  // namespace statemachine::tests
