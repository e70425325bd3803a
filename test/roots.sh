#!/bin/sh
# Makes the Debian roots in which the tests run on OTP 27 and OTP 29, a bare one
# with none of our libraries (test/dist.sh), and the one with the servers that are
# measured (bench/servers), once per machine, from the machine's own package source.
#
#   test/roots.sh make [27|29|bare|servers]...  make those that are missing (27 29)
#   test/roots.sh run 27|29 CMD...       run CMD in a root, this checkout copied in
#   test/roots.sh in 27|29|bare CMD...   run CMD in a root
#   test/roots.sh dir 27|29|bare|servers print where the root is
#
# They are kept in CPROF_ROOTS (default /var/cache/cprof-roots). Needs root and
# debootstrap (installed when missing).
set -eu

roots=${CPROF_ROOTS:-/var/cache/cprof-roots}
here=$(cd "$(dirname "$0")/.." && pwd)

# Everything the README's set-up installs, plus the packages the tests use.
packages="make gcc libc6-dev libunwind-dev libjansson-dev libprotobuf-c-dev
    protobuf-c-compiler zlib1g-dev libncurses-dev libbpf-dev clang libcmocka-dev elixir rebar3
    erlang-base erlang-dev erlang-tools erlang-runtime-tools erlang-eunit erlang-crypto
    procps tmux git"

# A node, and what makes use of a man page and of completion.
bare="erlang-base man-db bash-completion zsh"
# A copy of the root with OTP 27 that has servers, what loads them, and what
# brings loopback up.
servers="rabbitmq-server yaws ejabberd wrk iproute2"

# For the tests against the real telemetry and Phoenix, which Debian has
# compiled inside a program's package, and for the OTP of that suite only.
libraries_otp=29
libraries_package=sonic-pi-server
libraries=/opt/cprof-libraries

suite_of() {
    case $1 in
    27 | servers) echo trixie ;;
    29) echo forky ;;
    bare) echo bookworm ;;
    *) echo "roots.sh: no root $1 (27, 29, bare and servers are known)" >&2; exit 2 ;;
    esac
}

packages_of() {
    case $1 in
    bare) echo $bare ;;
    servers) echo $packages $servers ;;
    *) echo $packages ;;
    esac
}

dir_of() {
    case $1 in
    bare | servers) echo "$roots/$1" ;;
    *) echo "$roots/otp$1" ;;
    esac
}

mirror() {
    apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1
}

# Runs a command in a root. It needs /proc (the sampler reads it) and /dev;
# they are mounted in a mount namespace of its own, so nothing stays mounted.
enter() {
    unshare --mount sh -ec '
        dir=$1; shift
        mount -t proc proc "$dir/proc"
        mount --rbind /dev "$dir/dev"
        mount --rbind /sys "$dir/sys"
        exec chroot "$dir" /usr/bin/env LC_ALL=C.UTF-8 HOME=/root \
            PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            CPROF_LIBRARIES="$0" "$@"
    ' "$libraries" "$@"
}

# Packages that were added to the list since the root was made. Nothing of them
# is started; and a root that is lost is made again, so dpkg need not wait for
# the disk.
add_packages() {
    dir=$(dir_of "$1")
    wanted=$(packages_of "$1")
    [ "$(cat "$dir/.complete")" = "$wanted" ] && return 0
    printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
    chmod 755 "$dir/usr/sbin/policy-rc.d"
    enter "$dir" sh -c "export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -qy --no-install-recommends \
            -o Dpkg::Options::=--force-unsafe-io $wanted
        apt-get clean"
    echo "$wanted" >"$dir/.complete"
}

# Elixir's own applications are the root's. Without the package the tests that
# need it say that they were skipped.
add_libraries() {
    [ -e "$1$libraries/.complete" ] && return 0
    enter "$1" sh -ec 'rm -rf "$2" /tmp/libraries
        mkdir -p "$2" /tmp/libraries
        cd /tmp/libraries
        apt-get download -q "$1" || { apt-get update -q; apt-get download -q "$1"; }
        dpkg -x ./*.deb .
        for ebin in $(find usr -path "*/lib/*/ebin" -type d); do
            case $ebin in
            */elixir-* | */eex-* | */iex-* | */logger-*) ;;
            *) mv "$(dirname "$ebin")" "$2" ;;
            esac
        done
        rm -rf /tmp/libraries
        touch "$2/.complete"' sh "$libraries_package" "$libraries" && return 0
    rm -rf "${1:?}$libraries"
    echo "roots.sh: no $libraries_package, which has telemetry and Phoenix for tests" >&2
}

make_root() {
    [ "$1" != servers ] || copy_base
    make_base "$1"
    [ "$1" != "$libraries_otp" ] || add_libraries "$(dir_of "$1")"
}

# Without what was tested there.
copy_base() {
    dir=$(dir_of servers)
    [ ! -e "$dir/.complete" ] || return 0
    make_base 27
    dir=$(dir_of servers)
    rm -rf "$dir"
    mkdir -p "$dir"
    (cd "$(dir_of 27)" && tar -cf - --exclude='./cprof-*' --exclude='./tmp/*' \
        --exclude=./.complete .) | tar -xf - -C "$dir"
    touch "$dir/.complete"
}

make_base() {
    suite=$(suite_of "$1")
    dir=$(dir_of "$1")
    if [ -e "$dir/.complete" ]; then
        add_packages "$1"
        return 0
    fi
    command -v debootstrap >/dev/null ||
        apt-get install -y --no-install-recommends debootstrap
    scripts=/usr/share/debootstrap/scripts
    [ -e "$scripts/$suite" ] || ln -s sid "$scripts/$suite"
    # An older machine's keyring cannot vouch for a suite newer than itself.
    check=
    [ "$suite" = forky ] && check=--no-check-gpg
    rm -rf "$dir"
    mkdir -p "$dir"
    debootstrap $check --variant=minbase "$suite" "$dir" "$(mirror)"
    echo '127.0.0.1 localhost' >"$dir/etc/hosts"
    touch "$dir/.complete"
    add_packages "$1"
}

made() { # the folder of a root that is there
    dir=$(dir_of "$1")
    [ -e "$dir/.complete" ] ||
        { echo "roots.sh: make the root first: $0 make $1" >&2; exit 1; }
    echo "$dir"
}

run_in() {
    dir=$(made "$1")
    shift
    # A folder for each checkout: several can be tested at once.
    place=cprof-$(echo "$here" | cksum | cut -d ' ' -f 1)
    rm -rf "${dir:?}/$place"
    mkdir -p "$dir/$place"
    (cd "$here" && tar -cf - --exclude=./_build --exclude=./build \
        --exclude=./priv --exclude=./.git .) | tar -xf - -C "$dir/$place"
    enter "$dir" sh -c 'cd "/$1" && shift && exec "$@"' sh "$place" "$@"
}

case ${1-} in
make)
    shift
    [ $# -gt 0 ] || set -- 27 29
    for otp; do make_root "$otp"; done
    ;;
run) shift; run_in "$@" ;;
in) dir=$(made "$2"); shift 2; enter "$dir" "$@" ;;
dir) suite_of "$2" >/dev/null; dir_of "$2" ;;
*) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
