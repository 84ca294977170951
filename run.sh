#!/bin/sh
# From a fresh machine to a restored face: installs what is missing, builds, and restores the example.
set -eu
root=$(cd "$(dirname "$0")" && pwd)
. "$root/scripts/common.sh"

"$root/scripts/install.sh" build
say "building"
make -C "$root"

before=$root/assets/example/face-degraded.png
after=$root/build/example/face-restored.png
mkdir -p "$root/build/example"
say "restoring the example face"
"$root/build/gpen" enhance --aligned "$before" -o "$after" --strength 100 --overwrite

cat <<TEXT

The face as it came:   $before
The face restored:     $after

Now one of your own, a face crop or a folder of them:

    $root/build/gpen enhance --aligned FACE... -o OUT

$root/build/gpen --help says the rest.
TEXT
