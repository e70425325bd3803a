#!/bin/sh
# Starts a server from Debian, by its own script, inside the place that place.exs makes: bench/ is /mnt there, and
# what is written goes to /tmp, which ends with the place.
#   start.sh rabbitmq|yaws|ejabberd
set -eu
cd /tmp
case $1 in
rabbitmq)
    export RABBITMQ_NODENAME=rabbitmq@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=8000
    export RABBITMQ_PID_FILE=/tmp/pid RABBITMQ_MNESIA_BASE=/tmp/mnesia RABBITMQ_LOG_BASE=/tmp/log
    exec /usr/lib/rabbitmq/bin/rabbitmq-server
    ;;
yaws)
    erlc -o /tmp /mnt/servers/bench_shop.erl
    exec yaws --daemon --conf /mnt/servers/yaws.conf --id bench --sname yaws@localhost
    ;;
ejabberd)
    # What comes with the package, but for encryption, which is the client's work as much, and for limits of the rate.
    sed -e 's/starttls_required: true/starttls_required: false/' -e 's/port: 5222/port: 8000/' \
        -e 's/^\( *normal:\) .*/\1 none/; s/^\( *\(rate\|burst_size\):\) .*/\1 1000000000/' \
        /etc/ejabberd/ejabberd.yml >/tmp/ejabberd.yml
    mkdir /tmp/log /tmp/spool
    chown ejabberd /tmp/log /tmp/spool /tmp/ejabberd.yml
    # It runs as a user of its own, who has another cookie.
    ERL_OPTIONS="-setcookie $(cat /tmp/home/.erlang.cookie)"
    export ERL_OPTIONS
    exec ejabberdctl --ctl-config none --config /tmp/ejabberd.yml --logs /tmp/log --spool /tmp/spool --node ejabberd@localhost foreground
    ;;
esac
