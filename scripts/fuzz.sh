#!/bin/sh
# Fuzzes each target in fuzz/ with libFuzzer, ASan and UBSan for FUZZ_SECONDS (default 60), starting from its corpus.
#
#     scripts/fuzz.sh [TARGET...]      TARGET: a name such as fuzz_safetensors; without one, all of them
#
# New inputs that reach new code go to build-fuzz/corpus/TARGET. One that crashes is left as build-fuzz/crashes/TARGET-*:
# add it to fuzz/corpus/TARGET with its fix, so that the ordinary tests keep it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
cd "$root"
seconds=${FUZZ_SECONDS:-60}
build="build-fuzz"

if [ ! -f $build/build.ninja ]; then
    CC=clang meson setup $build --buildtype=debugoptimized -Dfuzz=true -Db_sanitize=address,undefined \
        -Db_lundef=false -Ddefault_library=static
else
    meson setup --reconfigure $build >/dev/null # there may be new targets
fi

if [ $# -eq 0 ]; then
    for source in fuzz/fuzz_*.c; do
        [ ! -f "$source" ] || set -- "$@" "$(basename "$source" .c)"
    done
fi
[ $# -gt 0 ] || die "there is no target in fuzz/"
meson compile -C $build "$@"

broken=""
for target in "$@"; do
    mkdir -p "$build/corpus/$target" $build/crashes
    corpus=""
    [ ! -d "fuzz/corpus/$target" ] || corpus=fuzz/corpus/$target
    say "$target, $seconds seconds"
    # shellcheck disable=SC2086 # a folder, or nothing
    "$build/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/crashes/$target-" "$build/corpus/$target" $corpus || broken="$broken $target"
done
[ -z "$broken" ] || die "a defect was found by:$broken (the input is in $build/crashes)"
say "nothing found"
