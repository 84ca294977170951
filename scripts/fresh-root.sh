#!/bin/sh
# Proves that a fresh machine is enough: makes a minimal Debian 12 in a folder, clones the repository's last commit into
# it, and runs ./run.sh and ./test.sh there with nothing installed before. Takes root, debootstrap, 4 GB and a while.
#
#     sudo scripts/fresh-root.sh
#
# MIRROR       the Debian mirror; default: the one this machine's apt uses
# WITH_SHARED  1: GPEN_SHARED is shown to the tests, read-only; default: they see only the repository
# TESTS        no: ./run.sh is enough, without ./test.sh, which takes most of the time
# KEEP         1: the folder stays, and its path is said
# The logs and the restored face are left in build/fresh-root.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"

[ "$(id -u)" -eq 0 ] || die "this needs root: it mounts and changes root"
have debootstrap || die "debootstrap is not installed"

# A mount namespace of our own: whatever happens, no mount outlives this script, so removing the folder is safe.
if [ "${FRESH_ROOT_INSIDE:-}" != 1 ]; then
    fresh=$(mktemp -d "${TMPDIR:-/tmp}/fresh-root.XXXXXX")
    trap 'if [ "${KEEP:-}" = 1 ]; then say "kept: $fresh"; else rm -rf --one-file-system "$fresh"; fi' EXIT
    trap 'exit 130' INT TERM
    FRESH_ROOT_INSIDE=1 FRESH_ROOT=$fresh unshare --mount --propagation private "$0"
    exit
fi
fresh=$FRESH_ROOT

. "$root/scripts/minimal-debian.sh"
make_debian "$fresh"

# ---------------------------------------------------------------- the repository, and the run

home=$fresh/root
# The commit counts, not what lies about in the working tree; whose files they are is none of git's business here.
git -c safe.directory="$root" clone --quiet --no-hardlinks "$root" "$home/gpen"
mount -t proc proc "$fresh/proc"
mount --rbind /dev "$fresh/dev"
if [ "${WITH_SHARED:-}" = 1 ] && [ -n "${GPEN_SHARED:-}" ]; then
    mkdir "$home/shared"
    mount --bind "$GPEN_SHARED" "$home/shared"
    mount -o remount,bind,ro "$home/shared"
fi

out=$root/build/fresh-root
mkdir -p "$out"

# Runs a command of the clone with a bare environment; its output goes to a log, its end to the screen.
inside() { # NAME COMMAND
    say "$2"
    start=$(date +%s)
    status=0
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb CI="${CI:-}" \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        chroot "$fresh" /bin/sh -c "cd /root/gpen && exec $2" >"$out/$1.log" 2>&1 </dev/null || status=$?
    tail -n 25 "$out/$1.log"
    say "$2 ended with status $status after $(($(date +%s) - start)) s (all of it: $out/$1.log)"
    return $status
}

# The page runs until it is told to end; meanwhile a photo goes through it.
port=17860
inside run "./run.sh --port $port" &
serving=$!
status=0
"$(find_python)" "$root/scripts/try-page.py" "http://127.0.0.1:$port" "$root/assets/example/photo-degraded.jpg" \
    "$out/photo-restored.jpg" || status=$?
pkill -TERM -P $serving || true # one program after another took its place, from env to gpen
wait $serving || status=$?
[ $status -eq 0 ] || die "./run.sh did not restore the example photo"
[ "${TESTS:-}" = no ] || inside test ./test.sh
