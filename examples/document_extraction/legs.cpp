#include "legs.hpp"

#include "pdf_text.hpp"

#include <statemachine/worker.hpp>

#include <filesystem>

namespace extraction {
namespace {

void call(const std::function<void()>& hook) {
    if (hook) hook();
}

// One leg: what is done with the file, and the step that ends it.
template <const times& Times, class Read, class Finish>
sm::worker_summary run_leg(documents<Times>& jobs, const sm::event<>& on, const leg_options& how,
                           const std::stop_token& stop, Read read, Finish finish) {
    sm::worker<machine<Times>> worker{
        jobs, on, [&](auto& task) -> sm::result<void> {
            call(how.in_the_middle);
            const auto path = std::filesystem::path(how.inbox) / task.job().document;
            pdf_answer answer = read(path.string(), task.stop());
            if (!answer.found && answer.permanent) return task.give_up(answer.problem);
            if (!answer.found) return sm::error(sm::errc::work_failed, answer.problem);
            auto done = finish(task, std::move(*answer.found));
            if (done) call(how.after_the_end);
            return done;
        }};
    worker.on_failure(fail, [](const sm::failed& why) {
        return failure{why.message, why.permanent};
    });
    worker.on_release(release);
    return worker.run(stop, {.owner = how.name, .batch = 1, .poll_most = how.poll});
}

}  // namespace

template <const times& Times>
sm::worker_summary find_texts(documents<Times>& jobs, const leg_options& how,
                              const std::stop_token& stop) {
    return run_leg<Times>(jobs, claim, how, stop, text_of, [](auto& task, std::string text) {
        return task.finish(found_text, {std::move(text)});
    });
}

template <const times& Times>
sm::worker_summary find_boxes(documents<Times>& jobs, const leg_options& how,
                              const std::stop_token& stop) {
    return run_leg<Times>(jobs, refine, how, stop, boxes_of, [](auto& task, std::string boxes) {
        return task.finish(found_boxes, {sm::json{std::move(boxes)}});
    });
}

template sm::worker_summary find_texts<production>(documents<production>&, const leg_options&,
                                                   const std::stop_token&);
template sm::worker_summary find_texts<hurried>(documents<hurried>&, const leg_options&,
                                                const std::stop_token&);
template sm::worker_summary find_boxes<production>(documents<production>&, const leg_options&,
                                                   const std::stop_token&);
template sm::worker_summary find_boxes<hurried>(documents<hurried>&, const leg_options&,
                                                const std::stop_token&);

}  // namespace extraction
