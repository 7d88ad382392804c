#!/usr/bin/env bash
# Builds the program by pkg-config and one call of the compiler, in a fresh directory, and runs it.
#     pkg_config.sh PREFIX DIRECTORY VERSION COMPILER...
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
prefix=$1 directory=$2 version=$3
shift 3

rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"
cp "$scripts/program/main.cpp" .

pc=$(find "$prefix" -name statemachine.pc)
export PKG_CONFIG_PATH=${pc%/*}
modules=(statemachine statemachine-sqlite statemachine-postgres)
for module in "${modules[@]}"; do
    found=$(pkg-config --modversion "$module")
    [[ $found == "$version" ]] || { echo "$module.pc says $found, not $version" >&2; exit 1; }
done

# Each argument is the compiler's own.
# shellcheck disable=SC2046
"$@" -std=c++20 -c main.cpp $(pkg-config --cflags "${modules[@]}")
# shellcheck disable=SC2046
"$@" main.o -o consumer $(pkg-config --libs statemachine-sqlite statemachine-postgres)
LD_LIBRARY_PATH=$(pkg-config --variable=libdir statemachine) \
    ./consumer "${STATEMACHINE_TEST_CONNINFO:?run ctest by scripts/postgres-server}"
