#!/bin/sh
# Runs every fuzzer that `make -C c_src fuzzers` built, for SECONDS each (20),
# each from its own corpus in build/corpus. Stops at the first finding.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-20}
ran=0
for fuzzer in build/fuzz/*_*; do
    [ -x "$fuzzer" ] && [ -f "$fuzzer" ] || continue
    name=${fuzzer##*/}
    case $name in *.*) continue ;; esac
    corpus=build/corpus/$name
    mkdir -p "$corpus"
    echo "== $name for $seconds s"
    "$fuzzer" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
        -print_final_stats=0 -verbosity=0 "$corpus"
    ran=$((ran + 1))
done
[ $ran -gt 0 ] || {
    echo "no fuzzer is built: run make -C c_src fuzzers" >&2
    exit 1
}
echo "$ran fuzzers, no finding"
