#!/bin/sh
# Installs what is missing for a purpose, and nothing when all is there: no network and no root are needed then.
#
#     scripts/install.sh build    compile the program
#     scripts/install.sh test     ... and run its tests, with the peers they compare with (torch, OpenCV), a browser for the
#                                 page (Chromium, driven by Node) and, on Debian and Ubuntu, what builds and emulates
#                                 the Arm kernels
#     scripts/install.sh fuzz     compile, and fuzz with clang
#     scripts/install.sh lint     compile, and run clang-format, clang-tidy, cppcheck and shellcheck
#
# Knows Debian and Ubuntu (apt-get), Fedora (dnf), Arch (pacman) and macOS (brew); names what is wanted elsewhere.
#
# Lists of words are split on purpose throughout.
# shellcheck disable=SC2046,SC2086
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"

# ---------------------------------------------------------------- what is there
# A need is found by what it does, not by a package's name, so that what a person built by hand counts too.

compiles() { # COMPILER OPTION...: the program on standard input compiles and links
    scratch=$(mktemp -d)
    cat >"$scratch/probe.c"
    status=0
    "$@" -o "$scratch/probe" "$scratch/probe.c" >/dev/null 2>&1 || status=1
    rm -rf "$scratch"
    return $status
}

module() { # NAME [LEAST VERSION]
    for tool in pkg-config pkgconf; do
        if have $tool; then
            $tool --exists "$1${2:+ >= $2}"
            return
        fi
    done
    return 1
}

python_module() {
    "$(find_python)" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)' "$1" \
        2>/dev/null
}

is_there() {
    case $1 in
    compiler) echo 'int main(void) { return 0; }' | compiles ${CC:-cc} ;;
    headers) printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' | compiles ${CC:-cc} ;;
    sanitizers) echo 'int main(void) { return 0; }' | compiles ${CC:-cc} -fsanitize=address,undefined ;;
    ninja) have ninja || have samu ;;
    pkg-config) have pkg-config || have pkgconf ;;
    vips) module vips ;;
    sqlite) module sqlite3 3.37 ;;
    libarchive | libcurl | libseccomp | jansson | hiredis | zlib | cmocka) module "$1" ;;
    libmicrohttpd) module libmicrohttpd 0.9.75 ;;
    celery) /usr/bin/python3 -c "import celery, redis" 2>/dev/null ;;
    docker-compose) have docker-compose || docker compose version >/dev/null 2>&1 ;;
    kubernetes-models) /usr/bin/python3 -c "import kubernetes.client" 2>/dev/null ;;
    numpy) python_module numpy ;;
    opencv) python_module cv2 ;;
    torch) python_module torch ;;
    pictures) while read -r picture; do [ -e "$picture" ] || return 1; done <"$root/tests/cli/pictures_without_people.txt" ;;
    libfuzzer)
        printf 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n == 1 ? -1 : 0; }\n' |
            compiles clang -fsanitize=fuzzer,address
        ;;
    python3) have "$(find_python)" ;;
    arm-compiler)
        printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' | compiles aarch64-linux-gnu-gcc
        ;;
    chromium) have chromium-headless-shell || have chromium || have chromium-browser || have google-chrome ;;
    *) have "$1" ;;
    esac
}

needs_build="compiler headers make meson ninja pkg-config vips libarchive libcurl sqlite jansson libmicrohttpd hiredis zlib"
# What narrows the worker processes exists on Linux only.
[ "$(uname -s)" != Linux ] || needs_build="$needs_build libseccomp"
needs_test="$needs_build sanitizers cmocka python3"
needs_fuzz="$needs_build clang libfuzzer"
needs_lint="$needs_build cmocka clang clang-format clang-tidy cppcheck shellcheck"
# Peers are compared with where they are; without them those tests skip.
peers="numpy opencv torch pictures redis-server celery docker-compose kubernetes-models"
# What drives the page. Where it is missing, the tests in a browser skip.
browser="node npm chromium"
# Elsewhere a cross compiler comes without a C library.
emulation="arm-compiler qemu-aarch64"

missing() {
    for need in "$@"; do
        is_there "$need" || printf '%s ' "$need"
    done
}

# ---------------------------------------------------------------- what it is called

package() { # MANAGER NEED
    case $1:$2 in
    apt-get:compiler | dnf:compiler | pacman:compiler) echo gcc ;;
    apt-get:headers) echo libc6-dev ;;
    apt-get:sanitizers) echo gcc ;;
    apt-get:ninja | dnf:ninja) echo ninja-build ;;
    apt-get:vips) echo libvips-dev ;;
    apt-get:libarchive) echo libarchive-dev ;;
    apt-get:sqlite) echo libsqlite3-dev ;;
    apt-get:libcurl) echo libcurl4-openssl-dev ;;
    apt-get:libseccomp) echo libseccomp-dev ;;
    apt-get:jansson) echo libjansson-dev ;;
    apt-get:libmicrohttpd) echo libmicrohttpd-dev ;;
    apt-get:hiredis) echo libhiredis-dev ;;
    apt-get:zlib) echo zlib1g-dev ;;
    apt-get:cmocka) echo libcmocka-dev ;;
    apt-get:libfuzzer) echo libclang-rt-dev ;;
    dnf:headers) echo glibc-devel ;;
    dnf:sanitizers) echo libasan libubsan ;;
    dnf:pkg-config) echo pkgconf-pkg-config ;;
    dnf:vips) echo vips-devel ;;
    dnf:libarchive) echo libarchive-devel ;;
    dnf:sqlite) echo sqlite-devel ;;
    dnf:libcurl) echo libcurl-devel ;;
    dnf:jansson) echo jansson-devel ;;
    dnf:libmicrohttpd) echo libmicrohttpd-devel ;;
    dnf:hiredis) echo hiredis-devel ;;
    dnf:zlib) echo zlib-devel ;;
    dnf:libseccomp) echo libseccomp-devel ;;
    dnf:cmocka) echo libcmocka-devel ;;
    dnf:libfuzzer) echo compiler-rt ;;
    dnf:clang-format | dnf:clang-tidy) echo clang-tools-extra ;;
    dnf:shellcheck) echo ShellCheck ;;
    pacman:headers) echo glibc linux-api-headers ;;
    pacman:sanitizers) echo gcc ;;
    pacman:pkg-config) echo pkgconf ;;
    pacman:vips) echo libvips ;;
    pacman:libcurl) echo curl ;;
    pacman:libfuzzer) echo compiler-rt ;;
    pacman:clang-format | pacman:clang-tidy) echo clang ;;
    pacman:python3) echo python ;;
    pacman:numpy) echo python-numpy ;;
    pacman:opencv) echo python-opencv ;;
    pacman:torch) echo python-pytorch ;;
    brew:pkg-config) echo pkgconf ;;
    brew:libcurl) echo curl ;;
    brew:clang | brew:libfuzzer | brew:clang-format | brew:clang-tidy) echo llvm ;;
    brew:python3) echo python ;;
    apt-get:node | dnf:node | pacman:node) echo nodejs ;;
    apt-get:chromium) # the one without windows is smaller and faster; not every system has it
        if apt-cache show chromium-headless-shell >/dev/null 2>&1; then echo chromium-headless-shell; else echo chromium; fi
        ;;
    apt-get:arm-compiler) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
    apt-get:qemu-aarch64) echo qemu-user ;;
    apt-get:torch) echo python3-torch libopenblas0-pthread ;; # the BLAS it comes with is five times slower
    apt-get:pictures) echo lomiri-wallpapers-16.04 mate-backgrounds plasma-workspace-wallpapers ;;
    apt-get:celery) echo python3-celery python3-redis ;;
    dnf:redis-server | pacman:redis-server) echo redis ;;
    pacman:celery) echo python-celery python-redis ;;
    pacman:kubernetes-models) echo python-kubernetes ;;
    *:kubernetes-models) echo python3-kubernetes ;;
    *:numpy | *:opencv | *:torch) echo "python3-$2" ;;
    *) echo "$2" ;;
    esac
}

packages() { # MANAGER NEED...
    manager_name=$1
    shift
    for need in "$@"; do
        package "$manager_name" "$need"
    done | tr ' ' '\n' | sort -u | tr '\n' ' '
}

# ---------------------------------------------------------------- installing

find_manager() {
    for candidate in apt-get dnf pacman brew; do
        if have $candidate; then
            echo $candidate
            return
        fi
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo here. As root, run: $*"
    fi
}

# Package lists are fetched once, and only when there is something to install.
refreshed=no
refresh() { # MANAGER
    [ $refreshed = no ] || return 0
    refreshed=yes
    case $1 in
    apt-get) as_root apt-get update -q ;;
    pacman) as_root pacman -Syu --noconfirm ;;
    esac
}

install_packages() { # MANAGER PACKAGE...
    manager_name=$1
    shift
    say "installing with $manager_name: $*"
    case $manager_name in
    apt-get) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" ;;
    dnf) as_root dnf install -y --setopt=install_weak_deps=False "$@" ;;
    pacman) as_root pacman -S --needed --noconfirm "$@" ;;
    brew) brew install "$@" ;;
    esac
}

install_compiler_tools_of_apple() {
    have xcode-select || return 0
    say "this Mac has no compiler yet: asking for Apple's command line tools; run this again when they are installed"
    xcode-select --install
    exit 1
}

install_needs() {
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    manager=$(find_manager)
    [ -n "$manager" ] || die "no package manager that this script knows. Please install: $wanted" \
        "(libraries with their headers: libvips 8.13 or newer, libarchive, libcurl, SQLite 3.37 or newer; for tests cmocka)"
    case $manager:$wanted in brew:*compiler* | brew:*headers*) install_compiler_tools_of_apple ;; esac
    refresh "$manager"
    install_packages "$manager" $(packages "$manager" $wanted)
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    [ "$manager" != brew ] || say "Homebrew's llvm is found after: PATH=\$(brew --prefix llvm)/bin:\$PATH"
    die "still missing after installing: $wanted"
}

# What a system may lack: then the tests that need it skip, and say so.
install_where_possible() { # CONSEQUENCE NEED...
    consequence=$1
    shift
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    manager=$(find_manager)
    case $manager in apt-get | dnf | pacman) ;; *)
        say "without $wanted: $consequence"
        return 0
        ;;
    esac
    refresh "$manager"
    for name in $(packages "$manager" $wanted); do
        (install_packages "$manager" "$name") || say "$name could not be installed: $consequence"
    done
}

# The two packages of npm stand in the build folder, in the versions that tests/web names.
install_browser() {
    install_where_possible "the page is not tested in a browser" $browser
    [ -z "$(missing $browser)" ] || return 0
    modules=$root/build/web-modules
    if ! cmp -s "$root/tests/web/package-lock.json" "$modules/package-lock.json" || [ ! -d "$modules/node_modules" ]; then
        say "installing what drives the browser into $modules"
        mkdir -p "$modules"
        cp "$root/tests/web/package.json" "$root/tests/web/package-lock.json" "$modules"
        npm ci --prefix "$modules" --silent --no-audit --no-fund --ignore-scripts ||
            say "it could not be installed: the tests in a browser will be skipped"
    fi
}

install_emulation() {
    [ "$(uname -m)" = x86_64 ] && [ "$(find_manager)" = apt-get ] || return 0
    wanted=$(missing $emulation)
    [ -n "$wanted" ] || return 0
    refresh apt-get
    (install_packages apt-get $(packages apt-get $wanted)) ||
        say "$wanted could not be installed: the Arm kernels will not be tested"
}

# ---------------------------------------------------------------- versions that systems get wrong

check_versions() {
    found=$(meson --version)
    case $found in 0.*)
        die "this system's meson is $found and 1.0 is needed." \
            "A newer one: pipx install meson, or python3 -m pip install --user meson"
        ;;
    esac
    module vips 8.13 || die "this system's libvips is older than 8.13, which reads and writes the pictures." \
        "Debian 12, Ubuntu 24.04, Fedora 38, Arch and Homebrew have it"
}

case ${1:-} in
build) install_needs $needs_build ;;
test)
    install_needs $needs_test
    install_where_possible "the tests that compare with it will be skipped" $peers
    install_browser
    install_emulation
    ;;
fuzz) install_needs $needs_fuzz ;;
lint) install_needs $needs_lint ;;
*) die "usage: scripts/install.sh build|test|fuzz|lint" ;;
esac
check_versions
