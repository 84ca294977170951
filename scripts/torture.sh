#!/bin/sh
# Batches in bad conditions for a long time: tests/torture/torture.py says which. Used by `make torture`.
#
#     scripts/torture.sh [--seconds N] [--seed S]       an hour, and a seed by chance, if nothing is said
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
weather=$root/build/tests/torture/weather.so
[ -e "$weather" ] || die "the tests of this build have no torture: it needs Linux, pictures, batches and no sanitizer"
exec "$(find_python)" "$root/tests/torture/torture.py" "$root/build/gpen" "$weather" --seconds 3600 "$@"
