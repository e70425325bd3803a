#!/bin/sh
# What other programs make of our files: `go tool pprof`, speedscope's schema
# and its viewer in headless Chromium; and what we make of a file of Go's
# runtime. On a recording of a real node. Needs priv/cprof and root, for the
# programs that are missing.
#
#   test/readers.sh           install what is missing, record, check
#   test/readers.sh prepare   install only
set -eu
cd "$(dirname "$0")/.."
work=$PWD/build/readers
mkdir -p "$work"

# Programs of Go are built alone, without a module, and leave nothing at home.
export GO111MODULE=off GOTOOLCHAIN=local GOFLAGS= GOCACHE="$work/go-cache"
export PPROF_TMPDIR="$work"

install_missing() {
    packages=
    command -v go >/dev/null || packages="$packages golang-go"
    command -v chromium >/dev/null || packages="$packages chromium"
    command -v npm >/dev/null || packages="$packages nodejs npm"
    /usr/bin/python3 -c 'import jsonschema' 2>/dev/null ||
        packages="$packages python3-jsonschema"
    if [ -n "$packages" ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -qy --no-install-recommends $packages
    fi
    cmp -s test/readers/package-lock.json "$work/package-lock.json" ||
        rm -rf "$work/node_modules"
    if [ ! -d "$work/node_modules" ]; then
        cp test/readers/package.json test/readers/package-lock.json "$work"
        (cd "$work" && npm ci --no-audit --no-fund --loglevel=error)
    fi
}

record() {
    erlc -o "$work" test/readers/busy.erl
    priv/cprof record -q -d 3 -r 999 --timeline -o "$work/node.pb.gz" -- \
        erl -noshell -pa "$work" -run busy start
}

# A profile that Go itself wrote.
record_go() {
    go run test/readers/burn.go "$work/go.pb.gz"
}

install_missing
[ "${1-}" = prepare ] && exit 0
record
record_go
exec /usr/bin/python3 test/readers/check.py "$work"
