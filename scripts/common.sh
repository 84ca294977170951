# Sourced by the scripts, with $root set to the repository's folder: speaking, counting, and where things are.
# shellcheck shell=sh disable=SC2154

program=$(basename "$0" .sh)

say() {
    printf '%s: %s\n' "$program" "$*"
}

die() {
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Debian's python3 brings the peers (torch, OpenCV); another python3 may stand before it in PATH.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON"
    elif [ -x /usr/bin/python3 ]; then
        echo /usr/bin/python3
    else
        echo python3
    fi
}

processors() {
    getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2
}

# Result files hold one line a case: "passed NAME", "failed NAME" or "skipped NAME (why)".
count_results() {
    awk -v word="$1" '$1 == word { n++ } END { print n + 0 }' "$2"
}

# Prints "N passed, N failed" (and skipped, where there are any) for a result file; false when one failed.
sum_up() {
    failed=$(count_results failed "$1")
    skipped=$(count_results skipped "$1")
    line="$(count_results passed "$1") passed, $failed failed"
    [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
    echo "$line"
    [ "$failed" -eq 0 ]
}

# Reference weights and photos that are too large for the repository stand in a folder beside it, where there is one.
if [ -z "${GPEN_SHARED:-}" ] && [ -d "$root/../shared" ]; then
    GPEN_SHARED=$(cd "$root/../shared" && pwd)
    export GPEN_SHARED
fi
