#!/usr/bin/env bash
# Names the files that clang-format would change, and fails when there is one. Programs that must
# not compile are left as they are: their two variants are aligned by hand.
#     formatted.sh CLANG_FORMAT ROOT
set -euo pipefail
cd "$2"
rooms=()
for room in include src backends examples tests bench; do
    [[ -d $room ]] && rooms+=("$room")
done
changed=0
while IFS= read -r -d '' file; do
    if ! "$1" --dry-run --Werror "$file" >/dev/null 2>&1; then
        echo "$file"
        changed=1
    fi
done < <(find "${rooms[@]}" -path tests/rejected -prune -o \
    \( -name '*.hpp' -o -name '*.cpp' \) -print0)
exit "$changed"
