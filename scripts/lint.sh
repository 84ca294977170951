#!/bin/sh
# Style and static analysis: clang-format, clang-tidy, cppcheck over our C, shellcheck over our scripts.
#
# Each version of these tools finds something else, so a check counts only with the version that the project is kept
# clean with (Debian 12's); with another one, or none, it is skipped, and said to be.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
cd "$root"

llvm_version=14
cppcheck_version=2.10
build="build-lint" # clang's compile commands; nothing is compiled there
mkdir -p build
results=build/lint-results.txt
: >"$results"

# The path of a tool in the wanted version; false, and a result line, when it is not here.
find_tool() { # NAME VERSION
    for candidate in "$1-$2" "$1"; do
        if have "$candidate" && "$candidate" --version | grep -qE "(version|Cppcheck) $2(\.|$)"; then
            echo "$candidate"
            return
        fi
    done
    echo "skipped lint: $1 (version $2 is not installed)" >>"$results"
    say "$1 $2 is not installed: skipped" >&2
    return 1
}

record() { # TITLE COMMAND...
    title=$1
    shift
    say "$title"
    if "$@"; then
        echo "passed lint: $title" >>"$results"
    else
        echo "failed lint: $title" >>"$results"
    fi
}

c_files() {
    find include src tests examples fuzz bench -name '*.[ch]' 2>/dev/null | sort
}

check_format() {
    unformatted=$(c_files | while read -r file; do
        "$formatter" --dry-run -Werror "$file" 2>/dev/null || echo "    $file"
    done)
    [ -z "$unformatted" ] || {
        printf 'not in the house style (make format brings them there):\n%s\n' "$unformatted"
        return 1
    }
}

# Set up anew each time, since files come and go.
configure() {
    rm -rf $build
    CC=$(command -v clang-$llvm_version || command -v clang || echo cc) meson setup $build >build/lint-setup.log || {
        cat build/lint-setup.log
        return 1
    }
}

# Ours only: what the build generates has another path.
compiled_files() {
    sed -n 's/^ *"file": "\.\.\/\(.*\)",*$/\1/p' $build/compile_commands.json | sort -u
}

check_tidy() {
    # Standard error only counts what was suppressed in system headers.
    compiled_files | xargs -P "$(processors)" -n 4 "$tidier" -p $build --quiet 2>$build/clang-tidy.log
}

check_cppcheck() {
    # memleak, legacyUninitvar: this version does not see what happens inside a compound literal; ASan and clang do.
    # preprocessorErrorDirective: the instruction levels refuse to be compiled without their flags, and it has none.
    # internalAstError: C that this version cannot parse; the compilers can.
    compiled_files | xargs "$checker" --quiet --std=c11 --language=c -j "$(processors)" --error-exitcode=1 \
        --enable=warning,performance,portability --inline-suppr --suppress=missingIncludeSystem --suppress=memleak \
        --suppress=legacyUninitvar --suppress=preprocessorErrorDirective --suppress=internalAstError \
        -I include -I src -DGPEN_VERSION='"0"' -D_GNU_SOURCE
}

check_scripts() {
    shellcheck -x run.sh test.sh .ci/run scripts/*.sh
}

configure || die "the compile commands could not be made"
if formatter=$(find_tool clang-format $llvm_version); then
    record clang-format check_format
fi
if tidier=$(find_tool clang-tidy $llvm_version); then
    record clang-tidy check_tidy
fi
if checker=$(find_tool cppcheck $cppcheck_version); then
    record cppcheck check_cppcheck
fi
if have shellcheck; then
    record shellcheck check_scripts
else
    echo "skipped lint: shellcheck (not installed)" >>"$results"
fi
sum_up "$results"
