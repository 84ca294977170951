#!/bin/sh
# Builds the engine alone for 64-bit Arm and runs what tests it in QEMU. Used by `make arm`.
#
# Skipped where the cross compiler or the emulator is missing, and on an Arm processor, whose own tests run these kernels.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
cd "$root"
build="build-arm"
mkdir -p $build
results=$build/test-results.txt

skip_all() {
    echo "skipped the Arm kernels ($1)" | tee "$results"
    exit 0
}

case $(uname -m) in aarch64 | arm64) skip_all "this is an Arm processor: the other tests run them" ;; esac
have aarch64-linux-gnu-gcc || skip_all "aarch64-linux-gnu-gcc is not installed"
have qemu-aarch64 || skip_all "qemu-aarch64 is not installed"

# GPEN_CPU speaks of this processor's levels.
unset GPEN_CPU
if [ ! -f $build/build.ninja ]; then
    meson setup $build --cross-file scripts/aarch64-linux.ini --buildtype=release "-Dwerror=${WERROR:-false}" \
        -Dpictures=disabled -Darchives=disabled -Dserver=disabled -Dbroker=disabled
fi
GPEN_EMULATED=arm exec scripts/run-tests.sh $build --timeout-multiplier 5
