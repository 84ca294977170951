#!/bin/sh
# Builds a build folder and runs its tests: all of them at the processor's best instruction level, then those that
# compute (suites kernels and models) again at each level below it. Used by `make test`, `make sanitize` and `make arm`.
# A build for another kind of processor runs at its best level only: emulation is slow.
#
#     scripts/run-tests.sh BUILD [meson test option...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
[ $# -ge 1 ] || die "usage: scripts/run-tests.sh BUILD [meson test option...]"
build=$1
shift
results=$build/test-results.txt
: >"$results"

# GPEN_CPU can only lower the level, so the best one needs no name here, on any kind of processor.
lower_levels() {
    [ -z "${GPEN_EMULATED:-}" ] || return 0
    echo generic
    if grep -qsw avx512f /proc/cpuinfo || sysctl -n machdep.cpu.leaf7_features 2>/dev/null | grep -qw AVX512F; then
        echo avx2
    fi
    if grep -qsw avx512_bf16 /proc/cpuinfo; then
        echo avx512
    fi
}

# Many tests wait, for time to pass, for other processes or a browser: more of them run at once than there are processors. An emulator's
# only compute.
at_once() {
    if [ -n "${GPEN_EMULATED:-}" ]; then
        processors
    else
        echo $(($(processors) * 3))
    fi
}

run_suite() { # LEVEL OPTION...
    level=$1
    shift
    log=$build/meson-logs/at-$level
    rm -f "$log.json"
    status=0
    meson test -C "$build" --no-rebuild --print-errorlogs --logbase "at-$level" --num-processes "$(at_once)" "$@" || status=$?
    if [ -f "$log.json" ]; then
        "$(find_python)" "$root/scripts/results.py" "$log.json" "at $level" >"$log.results"
        cat "$log.results" >>"$results"
        [ $status -eq 0 ] || grep -q '^failed' "$log.results" || echo "failed meson test at $level" >>"$results"
    elif [ $status -ne 0 ]; then
        echo "failed meson test at $level (stopped with status $status)" >>"$results"
    fi
}

# A library that only the tests need may have been installed since the folder was set up: Meson looks again.
build_all() {
    meson setup --reconfigure "$build" >"$build/reconfigure.log" || {
        cat "$build/reconfigure.log"
        return 1
    }
    meson compile -C "$build"
}

build_all || die "$build could not be built"
say "all tests in $build, at the best level of this processor"
run_suite "best${GPEN_EMULATED:+-of-$GPEN_EMULATED}" "$@"
for level in $(lower_levels); do
    say "kernels and models in $build, at level $level"
    GPEN_CPU=$level
    export GPEN_CPU
    run_suite "$level" --suite kernels --suite models "$@"
done
sum_up "$results"
