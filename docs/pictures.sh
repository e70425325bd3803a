#!/bin/sh
# Makes docs/pictures/*.png: the flame graph page of a recording of
# examples/shop.exs, its comparison with the shop as it is when fewer coupons are
# tried, and the page in Phoenix LiveDashboard. Needs what test/browser.sh and
# test/dashboard.sh need, and elixir.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Three seconds of a shop that is open.
record() { # name; the script is in the folder of that name
    (cd "$work/$1" && exec elixir shop.exs >/dev/null) &
    sleep 1.5
    priv/cprof record -p $! -d 3 -r 999 --timeline -o "$work/$1.pb.gz"
    wait $!
}
mkdir "$work/shop" "$work/changed"
cp examples/shop.exs "$work/shop"
sed 's/n <- 1\.\.12/n <- 1..10/' examples/shop.exs >"$work/changed/shop.exs"
cmp -s "$work/shop/shop.exs" "$work/changed/shop.exs" && {
    echo "pictures.sh: examples/shop.exs has no 12 coupons any more" >&2
    exit 1
}
record shop
record changed
priv/cprof report "$work/shop.pb.gz" -o "$work/flamegraph.html"
priv/cprof diff "$work/shop.pb.gz" "$work/changed.pb.gz" -o "$work/diff.html"
mkdir -p docs/pictures
CPROF_PAGES=$work test/browser.sh --run docs/pictures.mjs
test/dashboard.sh --run docs/dashboard.mjs
