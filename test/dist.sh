#!/bin/sh
# The program to carry (make dist) where it will be used: it does what the one
# of this checkout does; its package is installed, used and removed in a bare
# Debian root; it records nodes there and in the roots with OTP 27 and OTP 29.
#
#   test/dist.sh          after `make all dist`; needs root (test/roots.sh)
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
built=$PWD/priv/cprof
program=$PWD/build/dist/cprof
version=$("$program" --version | cut -d ' ' -f 2)
archive=$PWD/build/dist/cprof-$version-x86_64-linux.tar.gz
package=$PWD/build/dist/cprof_${version}_amd64.deb
work=$(mktemp -d)
trap 'kill -KILL $node 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
node=

fail() { echo "dist.sh: $*" >&2; exit 1; }
step() { echo "== $*"; }

# A node that sorts lists, with init, which would end it on SIGTERM, kept busy.
sorts='F = fun F() -> lists:sort([X rem 7919 || X <- lists:seq(1, 20000)]), F() end, F().'
# Until it is a VM, what was started is a shell.
until_vm='while kill -0 $node && ! readlink /proc/$node/exe | grep -q beam; do sleep 0.1; done'
start_node() {
    erl -noshell -eval "$sorts" &
    node=$!
    eval "$until_vm"
}
stop_node() {
    kill -KILL "$node" && wait "$node" || true
    node=
}

step "one static program"
ldd "$program" 2>&1 | grep -q 'not a dynamic executable' || fail "not static: $(ldd "$program")"
size=$(stat -c %s "$program")
[ "$size" -le 5000000 ] || fail "it has $size bytes"
! readelf -S "$program" | grep -qE '\.(symtab|debug_)' || fail "it is not stripped"
! grep -qF "$PWD" "$program" || fail "it tells where it was built"

step "the same packages once more"
cp "$archive" "$package" "$work"
dist/package.sh >/dev/null
cmp "$archive" "$work/${archive##*/}"
cmp "$package" "$work/${package##*/}"

# On a busy machine the node may get little of a CPU in two seconds.
sees_sorting() {
    rate=999
    [ "$engine" != ptrace ] || rate=99
    for try in 1 2 3 4 5 6 7 8 9 10; do
        "$program" record -q -p "$node" -d 2 -r $rate --engine "$engine" --force -o "$recording"
        ! "$program" report "$recording" -f collapsed | grep -q 'lists:' || return 0
    done
    return 1
}

step "engines, formats and comparisons as those of priv/cprof"
start_node
"$built" doctor | grep -E '^(ok|no) +engine' >"$work/doctor"
"$program" doctor | grep -E '^(ok|no) +engine' | diff "$work/doctor" -
for engine in bpf perf ptrace; do
    if grep -q "^ok *engine $engine" "$work/doctor"; then
        recording=$work/$engine.pb.gz
        sees_sorting || fail "engine $engine saw no sorting"
    else
        echo "engine $engine does not work here"
    fi
done
stop_node
[ -n "${recording-}" ] || fail "no engine works here"
same() { # a command line, whose output is to be the same
    "$built" "$@" >"$work/built"
    "$program" "$@" | cmp "$work/built" -
}
for format in text json collapsed speedscope html pprof; do
    same report "$recording" -f "$format"
done
for format in text json html; do
    same diff "$recording" "$recording" -f "$format"
done
for about in --help --man "--completion bash" "--completion zsh"; do
    same $about
done

step "the other end of an Erlang port"
mkdir "$work/priv"
cp "$program" priv/cprof_nif.so "$work/priv"
CPROF_PRIV=$work/priv erl -noshell -pa _build/dev/lib/cprof/ebin -eval '
    {ok, _, #{functions := [_ | _]}} = cprof_nif:profile(fun() ->
        [lists:sort([X rem 7919 || X <- lists:seq(1, 20000)]) || _ <- lists:seq(1, 100)]
    end, #{}),
    halt().' || fail "the port saw no function"

step "make install, make uninstall"
make -s install PROGRAM="$program" DESTDIR="$work/into" PREFIX=/opt/x
cmp "$program" "$work/into/opt/x/bin/cprof"
"$program" --man | cmp "$work/into/opt/x/share/man/man1/cprof.1" -
[ "$(find "$work/into" -type f | wc -l)" = 4 ] || fail "$(find "$work/into" -type f)"
make -s uninstall DESTDIR="$work/into" PREFIX=/opt/x
[ -z "$(find "$work/into" -type f)" ] || fail "uninstall left $(find "$work/into" -type f)"

# --- in roots -------------------------------------------------------------------
test/roots.sh make bare 27 29

# Scripts for a root. `$cprof` is the program there.
records='
    records() {
        erl -noshell -eval "$sorts" & node=$!
        trap "kill -KILL $node" EXIT
        eval "$until_vm"
        file=/tmp/cprof-dist
        for try in 1 2 3 4 5 6 7 8 9 10; do
            "$cprof" record -p $node -d 2 -r 999 -o $file.pb.gz
            ! "$cprof" report $file.pb.gz -f collapsed | grep "lists:" >$file.sorts || break
        done
        [ -s $file.sorts ]
        "$cprof" report $file.pb.gz -o $file.html
        "$cprof" report $file.pb.gz | grep -E "^(Node|Command|When|CPU):"
        grep -q "</html>" $file.html
        rm $file.*
        kill -KILL $node
        trap - EXIT
    }'
in_root() { # root, program, script
    test/roots.sh in "$1" env sorts="$sorts" until_vm="$until_vm" cprof="$2" sh -euc "$records$3" ||
        fail "in the root $1"
}

for root in 27 29; do
    step "the archive in the root with OTP $root"
    place=$(mktemp -d -p "$(test/roots.sh dir "$root")/tmp")
    tar -xzf "$archive" -C "$place"
    in_root "$root" "/tmp/${place##*/}/cprof-$version-x86_64-linux/cprof" '
        records'
    rm -rf "$place"
done

step "the package in a bare root"
cp "$package" "$(test/roots.sh dir bare)/tmp/cprof.deb"
in_root bare cprof '
    files() { find /usr /etc /opt -xdev | sort; }
    for library in libbpf libelf libjansson libprotobuf-c; do
        ! ls /usr/lib/*/$library.so* 2>/dev/null || exit 1
    done
    dpkg -P cprof 2>/dev/null
    files >/tmp/before

    dpkg -i /tmp/cprof.deb
    dpkg -V cprof
    ! ldd /usr/bin/cprof || exit 1
    records
    man cprof | grep -q "fail-above"

    bash -n /usr/share/bash-completion/completions/cprof
    bash -c "
        . /usr/share/bash-completion/bash_completion
        _completion_loader cprof
        complete -p cprof || exit 1
        COMP_WORDS=(cprof rec) COMP_CWORD=1
        _cprof
        [ \"\${COMPREPLY[*]}\" = record ]"
    zsh -n /usr/share/zsh/vendor-completions/_cprof
    zsh -fec "autoload -U compinit && compinit -uD && [ \$_comps[cprof] = _cprof ]"

    dpkg -P cprof
    files | diff /tmp/before -
    rm /tmp/cprof.deb /tmp/before'
echo "dist.sh: passed"
