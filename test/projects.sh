#!/bin/sh
# cprof as a dependency. Makes the projects of those who use it, each anew in a
# temporary folder, from a clean clone of this checkout (with what is not yet
# committed), and runs their first commands.
#
#   test/projects.sh              all of them
#   test/projects.sh mix|rebar    those of one build tool
#
# The C build starts clean once for each tool. The other projects of that tool
# use the objects of the first, but have no priv and no _build. The program is
# built without optimization, which takes half the time.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Nothing that this user has at home (Hex, rebar3 plugins) is used.
export HOME="$work/home" LC_ALL=C.UTF-8 CFLAGS="-g -O0"
unset MAKEFLAGS MAKELEVEL MIX_ENV MIX_HOME HEX_HOME ERL_LIBS ERL_FLAGS CPROF_PRIV XDG_CONFIG_HOME XDG_CACHE_HOME
mkdir "$HOME"

# --- a clean clone ---------------------------------------------------------
make_origin() {
    git init -q --bare --initial-branch=main "$work/cprof.git"
    set -- git --git-dir="$work/cprof.git" --work-tree="$here" \
        -c user.name=test -c user.email=test@localhost
    "$@" add -A
    "$@" commit -q -m "What is in the checkout"
}

# --- commands and what they say ---------------------------------------------
said=$work/said.$$
fail() {
    echo "projects.sh: in $PWD: $*" >&2
    sed 's/^/    /' "$said" >&2
    exit 1
}
try() { # a command; its output is kept. No terminal is there to ask.
    echo "== $*"
    "$@" >"$said" 2>&1 </dev/null || fail "failed with status $?: $*"
}
says() { grep -q -e "$1" "$said" || fail "does not say: $1"; }
says_not() { ! grep -q -e "$1" "$said" || fail "says: $1"; }

# What `door:main()` of every project prints: the program and the NIF work.
works() {
    says 'door:work'
    says 'NIF: <<"'
}

door() { # the module of a project, in plain Erlang
    cat >"$1/door.erl" <<'ERL'
-module(door).
-export([main/0, main/1, work/1]).

main(_) -> main().

main() ->
    case cprof_nif:profile(fun() -> work(3000000) end) of
        {ok, _, #{functions := Functions}} ->
            Names = [Name || #{name := Name} <- Functions],
            io:format("~tp~nNIF: ~tp~n", [Names, cprof_nif:version()]);
        {error, {Code, Text}} ->
            io:format("~ts: ~ts~n", [Code, Text]),
            halt(1)
    end.

work(0) -> 0;
work(N) -> erlang:phash2(N) bxor work_on(N).

work_on(N) -> work(N - 1).
ERL
}

# --- Mix --------------------------------------------------------------------
mix_new() { # name, the dependency, more options of project/0
    mix new "$1" >/dev/null
    sed -i "s|# {:dep_from_hexpm, .*|{:cprof, $2}|
            s|deps: deps()|deps: deps()${3-}|" "$1/mix.exs"
    grep -q ':cprof' "$1/mix.exs" || { echo "mix new has changed" >&2; exit 1; }
    mkdir -p "$1/src"
    door "$1/src"
}
expression='Enum.sum(Enum.map(1..2_000_000, &:erlang.phash2/1))'
profile_run() { # options before the expression
    try mix profile.run "$@" -e "$expression"
    says 'erlang:phash2/1'
    says_not '[Ww]arning:.*cprof'
    try mix run -e ':door.main()'
    works
}

mix_git() {
    cd "$work"
    mix_new app "git: \"$work/cprof.git\""
    cd app
    try mix deps.get
    says_not 'install Hex'
    profile_run
    # Once more without a change, and after everything that forces a new build.
    try mix compile
    says_not 'cprof'
    try mix deps.compile cprof --force
    try mix compile --force
    try mix clean --deps
    profile_run
    export MIX_ENV=test
    profile_run
    mix_release app
    unset MIX_ENV
    mv "$work/gone" _build
}

# Runs far from where it was built, and when that is no longer there.
mix_release() {
    MIX_ENV=prod try mix release
    mv _build/prod/rel/"$1" "$work/released"
    mv _build "$work/gone"
    mv deps "$work/gone-deps"
    (cd / && try "$work/released/bin/$1" eval ':door.main()' && works)
    rm -r "$work/released"
    mv "$work/gone-deps" deps
}

# A path dependency on a checkout that was compiled, but not here.
built() {
    cp -a "$work/app/deps/cprof" "$work/built"
    rm -rf "$work/built/priv" "$work/built/_build"
}
mix_path() {
    rm -rf "$work/built/priv"
    cd "$work"
    mix_new path_app "path: \"../built\", only: :dev" \
        ', escript: [main_module: :door]'
    cd path_app
    try mix run -e ':ok' # compiles
    profile_run
    for env in test prod; do
        MIX_ENV=$env try mix run -e 'false = Code.ensure_loaded?(Cprof)'
    done
    mix_escript path_app "$work/built/priv"
}

# An escript holds beam files only.
mix_escript() {
    try mix escript.build
    escript_says_what_to_do "./$1" "$2"
}
escript_says_what_to_do() { # the escript, built beside a built cprof
    echo "== $1"
    ! "$1" >"$said" 2>&1 </dev/null || fail "an escript without the program did not fail"
    says 'escript.*CPROF_PRIV'
    [ "$(wc -l <"$said")" = 1 ] || fail "more than one line"
    ! CPROF_PRIV=/nowhere "$1" >"$said" 2>&1 </dev/null || fail "CPROF_PRIV=/nowhere did not fail"
    says 'CPROF_PRIV.*/nowhere'
    CPROF_PRIV=$2 try "$1"
    works
}

mix_umbrella() { # root or child: whose dependency it is
    rm -rf "$work/built/priv"
    cd "$work"
    mix new "$1_umbrella" --umbrella >/dev/null
    cd "$1_umbrella/apps"
    mix_new child 'path: "../../../built"'
    mix new sister >/dev/null
    if [ "$1" = root ]; then
        sed -i '/:cprof/d' child/mix.exs
        sed -i 's|defp deps do|&\n    [{:cprof, path: "../built"}] ++|' ../mix.exs
    fi
    cd ..
    profile_run
    if [ "$1" = child ]; then
        cd apps/child
        profile_run
    fi
}

mix_projects() {
    mix_git
    built
    mix_path
    mix_umbrella root
    mix_umbrella child
}

# --- rebar3 -----------------------------------------------------------------
rebar_projects() {
    cd "$work"
    rebar3 new app name=rebar_app >/dev/null
    cd rebar_app
    door src
    cat >rebar.config <<CONFIG
{erl_opts, [debug_info]}.
{deps, [{cprof, {git, "file://$work/cprof.git", {branch, "main"}}}]}.
{relx, [{release, {rebar_app, "0.1.0"}, [rebar_app, cprof]}, {mode, prod}]}.
{escript_name, door}.
{escript_main_app, rebar_app}.
{escript_incl_apps, [cprof]}.
{escript_emu_args, "%%! -escript main door\n"}.
CONFIG
    try rebar3 compile
    rebar_runs
    try rebar3 compile
    try rebar3 as test compile
    try rebar3 escriptize
    escript_says_what_to_do _build/default/bin/door "$PWD/_build/default/lib/cprof/priv"
    try rebar3 release
    mv _build/default/rel/rebar_app "$work/rebar_released"
    mv _build "$work/rebar_gone"
    (cd / && ERL_FLAGS='-noshell -eval door:main(),halt().' \
        try "$work/rebar_released/bin/rebar_app" foreground && works)
}
rebar_runs() {
    # shellcheck disable=SC2046
    try erl -noshell -pa $(rebar3 path) -eval 'door:main(), halt().'
    works
}

make_origin
case ${1-} in
"") mix_projects; rebar_projects ;;
mix | rebar) "$1_projects" ;;
*) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
