#!/bin/sh
# From a fresh machine to the page in a browser: installs what is missing, builds, and serves until Ctrl-C.
#
#     ./run.sh [option of gpen serve...]
set -eu
root=$(cd "$(dirname "$0")" && pwd)
. "$root/scripts/common.sh"

"$root/scripts/install.sh" build
say "building"
make -C "$root"

# Where a person sits before the machine, their browser opens once the page is there.
open_page() {
    if have open && [ "$(uname -s)" = Darwin ]; then
        browser=open
    elif have xdg-open && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        browser=xdg-open
    else
        return 0
    fi
    (sleep 2 && "$browser" http://127.0.0.1:7860/ >/dev/null 2>&1) &
}

say "starting the page; Ctrl-C ends it, and nothing is lost"
[ $# -gt 0 ] || open_page
exec "$root/build/gpen" serve "$@"
