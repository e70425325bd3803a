#!/bin/sh
# The rules that a compiler does not check. Prints every breach, exits 1 on any.
#   layers      the table of ARCHITECTURE.md: which folder may include which
#   modules     the same for the folders of lib, and no circle between modules
#   libraries   each foreign library in its one place
#   sizes       files under 400 lines, functions of at most 80
#   banned      functions that cannot be used safely, output outside cli/
#   names       file names unique in c_src
#   facts       docs/internals/new-otp-release.md names what there is, and all
#               that rests on a source file of OTP
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
say() { echo "lint: $*" >&2; bad=1; }

may_include() { # the folders that a folder's files may include
    case $1 in
    base) echo base ;;
    target) echo base target ;;
    symbols) echo base target symbols profile/frame.h ;;
    unwind) echo base target unwind ;;
    engine) echo base target engine ;;
    profile) echo base profile ;;
    recorder) echo base target symbols unwind engine profile recorder ;;
    report) echo base profile report ;;
    formats) echo base profile report formats ;;
    output) echo base output ;;
    port) echo base engine/engine.h profile report formats output recorder \
        port ;;
    cli) echo base target symbols unwind engine profile recorder report \
        formats output port cli ;;
    nif) echo base nif ;;
    esac
}

check_layers() {
    for folder in $(ls c_src); do
        [ -d "c_src/$folder" ] || continue
        allowed=" $(may_include "$folder") "
        grep -Ho '^ *# *include *"[^"]*"' c_src/$folder/*.[chS] |
            grep -v '"profile.pb-c.h"' |
            tr -d '"' | sed 's/: *# *include */  /' |
            while read -r file included; do
                case $allowed in
                *" ${included%%/*} "* | *" $included "*) ;;
                *) echo "$file includes $included" ;;
                esac
            done
    done
}

check_modules() {
    elixir test/modules.exs || [ $? -eq 1 ] || echo "test/modules.exs failed"
}

check_library() { # header pattern, the only files that may include it
    grep -lE "^#include <$1" c_src/*/*.[ch] | grep -vE "^c_src/($2)" |
        sed "s|\$| includes <$1>, which belongs in $2|"
}

check_libraries() {
    check_library 'ei\.h' 'port/'
    check_library 'elf\.h' 'target/'
    check_library 'protobuf-c/' 'formats/'
    check_library 'libunwind' '\.\./test/c/'
    check_library 'linux/perf_event\.h' 'engine/perf_'
    check_library 'bpf/' 'engine/.*bpf'
    check_library 'jansson\.h' 'formats/json_dump\.c'
    check_library 'zlib\.h' 'formats/'
    check_library 'erl_nif\.h' 'nif/'
}

check_sizes() {
    wc -l c_src/*/*.[ch] c_src/*/*/*.[ch] $(find lib -name "*.erl" -o -name "*.ex") |
        awk '$2 != "total" && $1 > 400 { print $2 " has " $1 " lines" }'
    # A function's body is what stands between braces in column 0; a table
    # (a line ending in "= {" opens it) is none.
    awk 'FNR == 1 { start = 0 }
        /^\{/ { start = FNR }
        /^\}/ { if (start && FNR - start > 80)
                    print FILENAME ":" start " has " FNR - start " lines"
                start = 0 }' c_src/*/*.c c_src/*/*/*.[ch]
}

check_banned() {
    grep -nE '\b(sprintf|strcpy|strcat|gets|alloca|vsprintf|system)\(' \
        c_src/*/*.[ch]
    grep -nE '\b(printf|puts|perror|exit)\(' \
        c_src/[!c]*/*.c
}

check_names() {
    ls c_src/*/*.[ch] c_src/*/*/*.[ch] | sed 's|.*/||' | sort | uniq -d |
        sed 's/^/file name used twice: /'
}

facts=docs/internals/new-otp-release.md

facts_named() { # backticked words of a column of the tables: 4 ours, 5 tests
    grep '^|' $facts | cut -d '|' -f "$1" | grep -oE '`[A-Za-z0-9_./]+`' |
        tr -d '`' | sort -u
}

check_facts() {
    for name in $(facts_named 4); do
        find c_src lib -path "*/$name" | grep -q . ||
            echo "$facts names $name, which is not there"
    done
    for name in $(facts_named 5); do
        find test -name "${name##*/}" -o -name "$name.c" -o -name "$name.erl" |
            grep -q . || echo "$facts names the test $name, which is not there"
    done
    otp='(erl_|beam_|instr_)[a-z_]+\.(h|c|hpp|cpp)|(code_ix|export|register)\.h'
    grep -rlE "^( \*|%|/\*).*\b($otp)" c_src lib | while read -r file; do
        grep -hE "^( \*|%|/\*).*\b($otp)" "$file" | grep -qv 'erl_nif\.h' ||
            continue
        stem=${file##*/}
        facts_named 4 | grep -qE "(^|/)${stem%%.*}" ||
            echo "$file rests on OTP's source, but $facts does not name it"
    done
}

for check in layers modules libraries sizes banned names facts; do
    found=$(check_$check)
    [ -z "$found" ] || say "$check
$found"
done

clang-format --dry-run --Werror c_src/*/*.[ch] c_src/*/*/*.[ch] test/c/*.[ch] test/fuzz/*.c ||
    say "formatting: run clang-format -i on the files above"
mix format --check-formatted || say "formatting: run mix format"
for script in *.sh test/*.sh bench/*.sh .ci/run; do
    [ ! -e "$script" ] || sh -n "$script" || say "$script does not parse"
done
[ $bad -eq 0 ] && echo "lint: clean"
exit $bad
