// Documents are submitted over HTTP; worker processes find their texts and the boxes of their
// words.
//     document_extraction [--postgres CONNINFO | --database FILE]      the demo
//     document_extraction diagram                                      the machine, as Mermaid
#include "demo.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

int main(int argc, char** argv) try {
    CLI::App app{"Extracts the texts of documents, and the boxes of their words"};
    extraction::place where;
    extraction::worker_role role;
    app.add_option("--postgres", where.conninfo, "a PostgreSQL server");
    app.add_option("--database", where.file, "an SQLite file");
    app.fallthrough();
    const auto* diagram = app.add_subcommand("diagram", "draws the machine");
    auto* worker = app.add_subcommand("worker", "works on both legs until SIGTERM");
    worker->add_option("--name", role.name)->required();
    worker->add_option("--inbox", role.inbox)->required();
    worker->add_flag("--stop-in-the-middle", role.stops_in_the_middle);
    worker->add_flag("--die-after-text", role.dies_after_text);
    auto* relay = app.add_subcommand("deliver", "delivers webhooks until SIGTERM");
    relay->add_option("--name", role.name)->required();
    CLI11_PARSE(app, argc, argv);

    if (*diagram)
        std::cout << statemachine::diagram<extraction::machine<extraction::production>>();
    else if (*worker)
        extraction::work(where, role);
    else if (*relay)
        extraction::deliver(where, role.name);
    else
        return extraction::run_demo(where) ? 0 : 1;
    return 0;
} catch (const std::exception& error) {
    return std::cerr << "document_extraction: " << error.what() << std::endl, 2;
}
