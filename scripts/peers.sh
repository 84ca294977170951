#!/bin/sh
# Compares with ONNX Runtime and PyTorch, in turns, and draws what was measured into docs/images.
#
#     scripts/peers.sh [option of bench/peers/compare.py...]
#
# Finds the reference through GPEN_SHARED. Run it on a machine that does nothing else: docs/PERFORMANCE.md.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
cd "$root"

[ -n "${GPEN_SHARED:-}" ] || die "GPEN_SHARED does not name a folder with the reference"
python=$(find_python)
status=0
"$python" bench/peers/compare.py "$@" || status=$?
[ ! -f build/peers/results.json ] || "$python" bench/peers/plot.py
exit $status
