#!/bin/sh
# Proves that deploy/Dockerfile works where there is no Docker: carries out its steps in fresh Debian roots, one a stage, and ends with
# a photo that the user of its last stage restored there. Takes root, debootstrap, 4 GB and a while.
#
#     sudo scripts/container-root.sh
#
# MIRROR   the Debian mirror; default: the one this machine's apt uses
# The restored photo is left in build/container-root.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
[ "$(id -u)" -eq 0 ] || die "this needs root: it mounts and changes root"
have debootstrap || die "debootstrap is not installed"

# A mount namespace of our own: whatever happens, no mount outlives this script, so removing the folder is safe.
if [ "${CONTAINER_ROOT_INSIDE:-}" != 1 ]; then
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/container-root.XXXXXX")
    trap 'rm -rf --one-file-system "$scratch"' EXIT
    trap 'exit 130' INT TERM
    CONTAINER_ROOT_INSIDE=1 CONTAINER_ROOT=$scratch unshare --mount --propagation private "$0"
    exit
fi

. "$root/scripts/minimal-debian.sh"
mkdir "$CONTAINER_ROOT/base"
make_debian "$CONTAINER_ROOT/base"
mkdir -p "$root/build/container-root"
exec "$(find_python)" "$root/scripts/container_steps.py" "$root" "$CONTAINER_ROOT" "$root/build/container-root"
