#!/bin/sh
# The page of cprof in the real Phoenix LiveDashboard: the node is in the root with
# OTP 29 (test/roots.sh), which has Phoenix, and a real Chromium on this machine uses
# the page (test/browser.sh). Needs root and priv/cprof.
#
#   test/dashboard.sh               the tests
#   test/dashboard.sh --run FILE    another script with what these have
#
# Where Phoenix cannot be had, it fails; with CPROF_NO_PHOENIX=skip it says that it
# was skipped.
set -eu
cd "$(dirname "$0")/.."
script=test/browser/dashboard.test.mjs
[ "${1-}" != --run ] || script=$2

test/roots.sh make 29
test/roots.sh in 29 sh -c 'test -d "$CPROF_LIBRARIES"' || {
    if [ "${CPROF_NO_PHOENIX-}" = skip ]; then
        echo "dashboard.sh: skipped, Phoenix is not in the root with OTP 29" >&2
        exit 0
    fi
    echo "dashboard.sh: Phoenix is not in the root with OTP 29; set CPROF_NO_PHOENIX=skip to skip this test" >&2
    exit 1
}
work=$(mktemp -d)
mkfifo "$work/stdin"
test/roots.sh run 29 sh -c 'make -s </dev/null >&2 &&
    exec elixir -pa _build/dev/lib/cprof/ebin test/browser/dashboard_shop.exs' \
    <"$work/stdin" >"$work/said" &
node=$!
exec 3>"$work/stdin" # the node ends when this is closed
trap 'exec 3>&-; wait $node || true; rm -rf "$work"' EXIT

until CPROF_DASHBOARD=$(sed -n 's/^ready //p' "$work/said") && [ -n "$CPROF_DASHBOARD" ]; do
    kill -0 $node 2>/dev/null || { echo "dashboard.sh: the node did not start" >&2; exit 1; }
    sleep 0.2
done
export CPROF_DASHBOARD
test/browser.sh --run "$script" 3>&-
