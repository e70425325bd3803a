#!/bin/sh
# Installs from Debian what building, testing and using cprof needs. As root.
set -eu
packages="make gcc libc6-dev libunwind-dev libjansson-dev libprotobuf-c-dev
    protobuf-c-compiler zlib1g-dev libncurses-dev libbpf-dev clang
    libcmocka-dev clang-format util-linux procps tmux git
    elixir rebar3 erlang-base erlang-dev erlang-tools erlang-runtime-tools
    erlang-eunit erlang-crypto"

command -v apt-get >/dev/null || {
    echo "setup.sh: needs Debian; on other systems, install packages like:" $packages >&2
    exit 1
}
missing=$(for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
        echo "$p"
done)
[ -z "$missing" ] && exit 0
[ "$(id -u)" = 0 ] || {
    echo "setup.sh: run it as root (sudo ./setup.sh)" >&2
    exit 1
}
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends $missing
