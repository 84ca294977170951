#!/bin/sh
# From a fresh machine to a restored photo: installs what is missing, builds, and restores the example.
set -eu
root=$(cd "$(dirname "$0")" && pwd)
. "$root/scripts/common.sh"

"$root/scripts/install.sh" build
say "building"
make -C "$root"

before=$root/assets/example/photo-degraded.jpg
after=$root/build/example/photo-restored.png
mkdir -p "$root/build/example"
say "restoring the example photo"
"$root/build/gpen" enhance "$before" -o "$after" --strength 100 --overwrite

cat <<TEXT

The photo as it came:   $before
The photo restored:     $after

Now one of your own, or a folder of them:

    $root/build/gpen enhance PHOTO... -o OUT

$root/build/gpen --help says the rest.
TEXT
