#!/bin/sh
# Runs every check there is on this machine and ends with "N passed, N failed[, N skipped]"; status 1 when one failed.
# Installs what the tests need first. Takes some minutes.
set -eu
root=$(cd "$(dirname "$0")" && pwd)
. "$root/scripts/common.sh"
cd "$root"

results=$root/build/all-results.txt

finish() {
    echo
    if grep -q '^skipped' "$results"; then
        say "skipped:"
        sed -n 's/^skipped /    /p' "$results"
    fi
    if grep -q '^failed' "$results"; then
        say "failed:"
        sed -n 's/^failed /    /p' "$results"
    fi
    sum_up "$results"
    exit
}

# A step is a command that leaves its results in files (named without blanks). One that stops without a failed case there counts as one.
# shellcheck disable=SC2086
step() { # TITLE "FILE..." COMMAND...
    title=$1
    files=$2
    shift 2
    echo
    say "$title: $*"
    rm -f $files
    status=0
    "$@" || status=$?
    if [ $status -ne 0 ] && ! grep -qs '^failed' $files; then
        echo "failed $title (stopped with status $status)" >>"$results"
    fi
    for file in $files; do
        [ ! -f "$file" ] || cat "$file" >>"$results"
    done
}

mkdir -p "$root/build"
: >"$results"
if ! "$root/scripts/install.sh" test; then
    echo "failed installing what the tests need" >>"$results"
    finish
fi
step "tests, and beside them lint and an emulated Arm processor" \
    "build/test-results.txt build/lint-results.txt build-arm/test-results.txt" make -k -j2 test beside
say "what ran beside the tests:"
cat build/beside.log
step "comparison with PyTorch" build/parity-results.txt make parity PARITY=--small
step "tests under sanitizers" build-debug/test-results.txt make sanitize
finish
