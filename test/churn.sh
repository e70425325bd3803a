#!/bin/sh
# Snapshots in a loop while everything moves, in a node of its own:
#
#   test/churn.sh SECONDS [SANITIZERS]
#
# With sanitizers (address,undefined) the NIF is built with them, and the node
# takes all memory from malloc (+Mea min), so that each block is guarded.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
san=${2-}
place=$PWD/build/churn${san:+-san}/cprof

rm -rf "$place"
mkdir -p "$place/ebin" "$place/priv"
cp _build/dev/lib/cprof/ebin/* "$place/ebin"
erlc +debug_info -o "$place/ebin" test/cprof_churn.erl
make -s -C c_src SAN="$san" PRIV="$place/priv" "$place/priv/cprof_nif.so"

flags=
if [ -n "$san" ]; then
    flags="+Mea min"
    preload="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)"
    # The VM's own leaks and signal handlers are not ours.
    export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:use_sigaltstack=0
fi
# shellcheck disable=SC2086
exec env ${san:+LD_PRELOAD="$preload"} erl -noshell $flags -pa "$place/ebin" \
    -eval "cprof_churn:main([\"$seconds\"])"
