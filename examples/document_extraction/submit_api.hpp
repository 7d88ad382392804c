// The API that callers see: submit a document, look at it, cancel it.
//
//     POST /documents             {"document": "a.pdf", "boxes": true, "callback": "http://..."}
//     GET  /documents/ID
//     POST /documents/ID/cancel
//
// A submit carries the header Idempotency-Key: sent again it is answered with the same document.
#pragma once

#include "http.hpp"
#include "machine.hpp"

namespace extraction {

template <const times& Times>
class submit_api {
public:
    /// @param jobs  outlives the API
    explicit submit_api(documents<Times>& jobs) : jobs_(jobs) {}

    http_reply submit(const std::string& key, const std::string& json);
    http_reply look(std::int64_t id);
    http_reply cancel(std::int64_t id);

    /// Adds the routes.
    void serve(http_server& server);

private:
    documents<Times>& jobs_;
};

/// The name of a state, as callers and summaries see it.
std::string name_of(state state);

}  // namespace extraction
