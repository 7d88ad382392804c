// Everything a declaration and its store need. Add <statemachine/sqlite.hpp> or
// <statemachine/postgres.hpp> for the database.
#pragma once

#include <statemachine/answer.hpp>
#include <statemachine/clock.hpp>
#include <statemachine/diagram.hpp>
#include <statemachine/error.hpp>
#include <statemachine/machine.hpp>
#include <statemachine/observer.hpp>
#include <statemachine/outbox.hpp>
#include <statemachine/overview.hpp>
#include <statemachine/pipeline.hpp>
#include <statemachine/relay.hpp>
#include <statemachine/run.hpp>
#include <statemachine/schema.hpp>
#include <statemachine/store.hpp>
#include <statemachine/sweeper.hpp>
#include <statemachine/transaction.hpp>
#include <statemachine/verify.hpp>
#include <statemachine/worker.hpp>
