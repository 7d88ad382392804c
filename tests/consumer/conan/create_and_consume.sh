#!/usr/bin/env bash
# Makes the Conan package, which runs test_package, and then builds a project with it and runs that.
#     create_and_consume.sh static|shared SOURCE DIRECTORY
# The static one takes its dependencies from Conan packages, the shared one from the system.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kind=$1 source=$2 directory=$3

rm -rf "$directory"
mkdir -p "$directory"
export CONAN_HOME=$directory/home
conan() {
    if ! "$source/scripts/conan" "$@" >>"$directory/log" 2>&1; then
        cat "$directory/log" >&2
        exit 1
    fi
}

profile=$source/conan/debian12
options=(-o 'statemachine/*:shared=True')
if [[ $kind == static ]]; then
    profile=$directory/profile
    sed '/^\[platform_requires\]/,$d' "$source/conan/debian12" >"$profile"
    options=()
    for reference in boost/1.91.0 sqlite3/3.50.4 sqlitecpp/3.3.3 libpq/17.5; do
        conan create "$here/stand_in.py" --no-remote --profile:all "$profile" \
            -o 'boost/*:header_only=True' --name "${reference%/*}" --version "${reference#*/}"
    done
fi
# No optimisation, to be done soon; and nothing in the source tree.
options+=(--no-remote --profile:all "$profile"
    -c 'tools.cmake.cmaketoolchain:extra_variables={"CMAKE_CXX_FLAGS_RELEASE": "-O0"}'
    -c "tools.cmake.cmake_layout:test_folder=$directory/test_package"
    -c tools.cmake.cmaketoolchain:generator=Ninja -c tools.build:jobs=2)
conan create "$source" "${options[@]}"

project=$directory/project
mkdir "$project"
cp "$here/conanfile.txt" "$here/../find_package/CMakeLists.txt" "$here/../program/main.cpp" \
    "$project"
cd "$project"
conan install . --output-folder build "${options[@]}"
cmake -S . -B build -G Ninja -DCMAKE_TOOLCHAIN_FILE="$project/build/conan_toolchain.cmake" \
    -DCMAKE_BUILD_TYPE=Release >>"$directory/log"
cmake --build build >>"$directory/log"
set +u
# shellcheck disable=SC1091  # it is made above
. build/conanrun.sh
set -u
./build/consumer "${STATEMACHINE_TEST_CONNINFO:?run ctest by scripts/postgres-server}"
