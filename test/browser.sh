#!/bin/sh
# The flame graph page in a real Chromium. What is missing is installed from
# the machine's own package sources (as root); needs priv/cprof.
#
#   test/browser.sh [FILE.test.mjs...]
#   test/browser.sh --run FILE        run another script with what these have
set -eu
cd "$(dirname "$0")/browser"

missing=
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing="$missing chromium"
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || {
        echo "browser.sh: as root: apt-get install$missing" >&2
        exit 1
    }
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qy \
        --no-install-recommends $missing >/dev/null
fi
cmp -s package-lock.json node_modules/.installed || {
    npm ci --ignore-scripts --no-audit --no-fund >/dev/null
    cp package-lock.json node_modules/.installed
}

if [ -z "${CPROF_PAGES-}" ]; then # where recordings and pages lie
    CPROF_PAGES=$(mktemp -d)
    trap 'rm -rf "$CPROF_PAGES"' EXIT
fi
export CPROF_PAGES
if [ "${1-}" = --run ]; then
    cd ../..
    node "$2"
    exit
fi
# The module and the library with which spans are marked.
erlc -o "$CPROF_PAGES" page_work.erl ../../lib/native/cprof_native.erl
CPROF_PRIV=$(cd ../../priv && pwd)
export CPROF_PRIV
record() { # recording, function of page_work, events
    ../../priv/cprof record -r 999 --timeline -o "$CPROF_PAGES/$1.pb.gz" \
        --event "${3:-cpu}" -- erl -noshell -pa "$CPROF_PAGES" -s page_work "$2"
}
record page start
record base base
record now now_slower
record both both cpu,wall
record spans spans
node --test --test-concurrency=2 "${@:-.}"
