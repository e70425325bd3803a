#!/bin/sh
# A real server that nobody here wrote: RabbitMQ from Debian, started by its
# own script without any change, under load over its own client.
#   bench/rabbitmq/run.sh [WINDOWS] [SECONDS]
# Records 20 s at 99 Hz (build/bench/rabbitmq.html, .pb.gz, .txt), then
# messages per second with and without the sampler in WINDOWS (10) alternating
# pairs of SECONDS (3). Installs rabbitmq-server when it is missing (as root).
set -eu
cd "$(dirname "$0")/../.."
windows=${1:-10}
seconds=${2:-3}
out=$PWD/build/bench
mkdir -p "$out"

command -v rabbitmqctl >/dev/null || [ -x /usr/lib/rabbitmq/bin/rabbitmqctl ] ||
    apt-get install -qy --no-install-recommends rabbitmq-server

dir=$(mktemp -d)
chmod 755 "$dir"
export HOME=$dir
export RABBITMQ_NODENAME=cprof-bench@localhost
export RABBITMQ_PID_FILE=$dir/pid
export RABBITMQ_MNESIA_BASE=$dir/mnesia
export RABBITMQ_LOG_BASE=$dir/log
export RABBITMQ_NODE_PORT=${RABBITMQ_NODE_PORT:-25699}
export RABBITMQ_DIST_PORT=${RABBITMQ_DIST_PORT:-25698}
bin=/usr/lib/rabbitmq/bin
ctl="$bin/rabbitmqctl --node $RABBITMQ_NODENAME"

mkfifo "$dir/ask" "$dir/answer"
load=
server=
finish() {
    exec 3>&- 4<&- || true
    [ -z "$load" ] || kill "$load" 2>/dev/null || true
    $ctl stop "$dir/pid" >/dev/null 2>&1 || kill "$server" 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

"$bin/rabbitmq-server" >"$dir/server.log" 2>&1 &
server=$!
$ctl wait "$dir/pid" --timeout 60 >/dev/null
pid=$(cat "$dir/pid")

plugins=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins)
ERL_LIBS=$plugins escript bench/rabbitmq/load.escript "$RABBITMQ_NODE_PORT" \
    <"$dir/ask" >"$dir/answer" 2>"$dir/load.log" &
load=$!
exec 3>"$dir/ask" 4<"$dir/answer"
read -r ready <&4 && [ "$ready" = ready ]
sleep 3

echo "RabbitMQ is pid $pid: 20 s at 99 Hz"
priv/cprof record -p "$pid" -d 20 -r 99 -o "$out/rabbitmq.pb.gz"
priv/cprof report "$out/rabbitmq.pb.gz" -o "$out/rabbitmq.html"
priv/cprof report "$out/rabbitmq.pb.gz" -o "$out/rabbitmq.txt"
head -n 40 "$out/rabbitmq.txt"

count() {
    echo count >&3
    read -r n <&4
    echo "$n"
}

rate() { # messages per second over a window
    before=$(count)
    sleep "$seconds"
    echo $((($(count) - before) / seconds))
}

: >"$out/rabbitmq-rates"
for i in $(seq "$windows"); do
    without=$(rate)
    priv/cprof record -p "$pid" -d 600 -r 99 -q -o "$dir/x.pb.gz" &
    sampler=$!
    sleep 0.5
    with=$(rate)
    kill -INT $sampler
    wait $sampler
    echo "$without $with" | tee -a "$out/rabbitmq-rates"
done
awk '{ r = $2 / $1; s += r; q += r * r; a += $1; b += $2 }
    END { m = s / NR; v = NR > 1 ? (q - NR * m * m) / (NR - 1) : 0
        printf "messages/s without %.0f, with %.0f, ratio %.4f +- %.4f " \
            "(95 %%, %d pairs)\n", a / NR, b / NR, m,
            1.96 * sqrt((v > 0 ? v : 0) / NR), NR }' "$out/rabbitmq-rates"
