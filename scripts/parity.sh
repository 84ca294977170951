#!/bin/sh
# Compares the program with the PyTorch reference: runs every tests/parity/NAME_parity.py, from the repository's folder.
#
#     scripts/parity.sh [--small]
#
# Each script finds the reference through GPEN_SHARED, is given the build folder, and --small where only shapes that
# take seconds are wanted, and ends with 0 (equal), 77 (a peer is missing) or another status.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
cd "$root"
build="build"
results=$build/parity-results.txt
: >"$results"

if [ -z "${GPEN_SHARED:-}" ]; then
    echo "skipped parity (GPEN_SHARED does not name a folder with the reference)" | tee -a "$results"
    exit 0
fi

for script in tests/parity/*_parity.py; do
    [ -f "$script" ] || continue
    say "$script $build $*"
    status=0
    "$(find_python)" "$script" $build "$@" || status=$?
    case $status in
    0) echo "passed $script" ;;
    77) echo "skipped $script (a peer is missing)" ;;
    *) echo "failed $script (status $status)" ;;
    esac | tee -a "$results"
done
sum_up "$results"
