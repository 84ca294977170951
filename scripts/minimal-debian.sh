# Sourced by the scripts that need a fresh Debian 12 in a folder, with the packages, and the ways to them, of this machine.
# shellcheck shell=sh disable=SC2154
release=bookworm

sources() { # FORMAT, as apt-get indextargets has it
    apt-get indextargets --format "$1" 'Created-By: Packages' | sort -u
}

make_debian() { # FOLDER, which is there and empty
    debian=$1
    mirror=${MIRROR:-$(sources "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" | awk -v r=$release '$1 == r && $2 == "main" { print $3; exit }')}
    [ -n "$mirror" ] || die "this machine's apt has no Debian $release: set MIRROR"

    say "making a minimal Debian in $debian"
    debootstrap --variant=minbase $release "$debian" "$mirror" >"$debian.log" 2>&1 || {
        tail -n 20 "$debian.log"
        die "debootstrap failed"
    }
    rm -f "$debian.log"

    # Updates and security too, and how this machine reaches them (proxies, certificates, clocks that do not agree).
    [ -n "${MIRROR:-}" ] || sources "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" |
        grep -E " $release(-updates|-security)? main\$" >"$debian/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(https?|Check-[A-Za-z-]*|Retries)(::|[ "])' >"$debian/etc/apt/apt.conf.d/99host" || true
    for file in /etc/hosts /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -f $file ] || install -D -m 644 $file "$debian$file"
    done
    # As on a machine whose package lists were never fetched.
    rm -rf "$debian"/var/lib/apt/lists/*
}
