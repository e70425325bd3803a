#!/bin/sh
# The rules that a compiler does not check. Prints every breach, exits 1 on any.
#
#     test/lint.sh [CHECK ...]        (default: all)
#
#   layers      the table of ARCHITECTURE.md against the #includes, without a
#               circle; the Makefile links a test with the same folders
#   modules     the same for the folders of lib, and no circle between modules
#   libraries   each foreign library in its one place
#   sizes       files under 400 lines, functions of at most 80
#   banned      functions that cannot be used safely, output outside cli/
#   names       file names unique in c_src
#   includes    a file's own header, then libc's, then others of ours
#   once        report keys, option names and extensions stand once in C
#   facts       docs/internals/new-otp-release.md names what there is, and all
#               that rests on a source file of OTP
#   format      clang-format, mix format, and that scripts parse
set -u
# Parallel makes above would have the one that is asked here say things.
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1

sources() { # every C file, below that folder of c_src or all
    find "c_src${1:+/$1}" -name '*.[chS]'
}

# --- layers -------------------------------------------------------------------

# "folder what it may include": the rows of ARCHITECTURE.md's table of c_src.
table() {
    awk -F '|' '
        /^## / { on = /^## Folders of c_src/ }
        on && /^\| [a-z]/ && $2 !~ /folder/ {
            gsub(/ /, "", $2); gsub(/,/, " ", $4)
            folder[++n] = $2; may[n] = $4 " "
        }
        END {
            for (i = 1; i <= n; i++) {
                line = folder[i]
                if (may[i] ~ /all but/) {
                    for (j = 1; j <= n; j++)
                        if (j != i && !index(may[i], " " folder[j] " "))
                            line = line " " folder[j]
                } else if (may[i] !~ /^ *- *$/)
                    line = line " " may[i]
                print line
            }
        }' ARCHITECTURE.md
}

# "folder all that it may reach", sorted, of such rows.
reached() {
    awk '{ for (i = 1; i <= NF; i++) {
               sub(/\/.*/, "", $i); is[$i]; to[$1, $i] } rows[$1] }
        END {
            for (k in is) for (i in is) for (j in is)
                if ((i, k) in to && (k, j) in to) to[i, j]
            for (i in rows) for (j in is) if ((i, j) in to) print i, j
        }' | sort
}

makefile_table() { # the same rows, of what a test of the folder is linked with
    # shellcheck disable=SC2016
    make -sC c_src --eval='uses:;@:$(foreach f,$(FOLDERS) nif,$(info uses $f $(USES_$f)))' uses |
        sed -n 's/^uses //p'
}

check_layers() {
    rows=$(table)
    [ -n "$rows" ] || echo "ARCHITECTURE.md has no table of the folders of c_src"
    ls -d c_src/*/ | sed 's|c_src/\(.*\)/|\1|' | sort >"$scratch/there"
    echo "$rows" | sed 's/ .*//' | sort | comm -3 "$scratch/there" - | tr -d '\t' |
        sed 's|$| is only in one of: c_src, the table of ARCHITECTURE.md|'
    echo "$rows" | while read -r folder may; do
        [ -d "c_src/$folder" ] || continue
        sources "$folder" | xargs grep -Ho '^ *# *include *"[^"]*"' |
            grep -v '"profile.pb-c.h"' |
            tr -d '"' | sed 's/: *# *include */  /' |
            while read -r file included; do
                case " $folder $may " in
                *" ${included%%/*} "* | *" $included "*) ;;
                *) echo "$file includes $included" ;;
                esac
            done
    done
    echo "$rows" | while read -r folder may; do
        for other in $may; do echo "$folder ${other%%/*}"; done
    done | tsort 2>&1 >"$scratch/order" | sed -n 's/^tsort: \([a-z]*\)$/a circle of folders: \1/p'
    echo "$rows" | reached >"$scratch/table"
    makefile_table | reached | comm -3 "$scratch/table" - | tr '\t' ' ' |
        sed 's/^\([a-z]\)/only in ARCHITECTURE.md: \1/; s/^  */only in USES_ of c_src\/Makefile: /'
}

check_modules() {
    elixir test/modules.exs || [ $? -eq 1 ] || echo "test/modules.exs failed"
}

check_library() { # header pattern, the only files that may include it
    sources | xargs grep -lE "^#include <$1" | grep -vE "^c_src/($2)" |
        sed "s|\$| includes <$1>, which belongs in $2|"
}

check_libraries() {
    check_library 'ei\.h' 'port/'
    check_library 'elf\.h' 'target/'
    check_library 'protobuf-c/' 'formats/'
    check_library 'libunwind' '\.\./test/c/'
    check_library 'linux/perf_event\.h' 'engine/perf_'
    check_library 'bpf/' 'engine/.*bpf'
    check_library 'curses\.h' 'cli/top_screen\.c'
    check_library 'term\.h' 'cli/top_screen\.c'
    check_library 'jansson\.h' 'formats/json_dump\.c'
    check_library 'zlib\.h' 'formats/'
    check_library 'erl_nif\.h' 'nif/'
}

check_sizes() {
    wc -l $(sources) c_src/formats/html/* \
        $(find lib -name "*.erl" -o -name "*.ex") |
        awk '$2 != "total" && $1 > 400 { print $2 " has " $1 " lines" }'
    # A function's body is what stands between braces in column 0; a table
    # (a line ending in "= {" opens it) is none.
    sources | grep '[ch]$' | xargs awk 'FNR == 1 { start = 0 }
        /^\{/ { start = FNR }
        /^\}/ { if (start && FNR - start > 80)
                    print FILENAME ":" start " has " FNR - start " lines"
                start = 0 }'
}

check_banned() {
    sources | xargs grep -nE \
        '\b(sprintf|strcpy|strcat|gets|alloca|vsprintf|system)\('
    sources | grep -v '^c_src/cli/' |
        xargs grep -nE '\b(printf|puts|perror|exit)\('
}

check_names() {
    sources | sed 's|.*/||' | sort | uniq -d |
        sed 's/^/file name used twice: /'
}

# (Within a block of lines clang-format sorts them.)
check_includes() {
    sources | grep 'h$' >"$scratch/headers"
    sources | grep 'c$' | xargs awk -v headers="$scratch/headers" '
        BEGIN { while ((getline name < headers) > 0) is_header[name] }
        FNR == 1 {
            first = 1; libc = ours = 0
            own = FILENAME; sub(/c$/, "h", own)
        }
        /^#include/ && first {
            first = 0
            if (own in is_header && $2 != "\"" substr(own, 7) "\"")
                print FILENAME " does not begin with its own header"
        }
        /^#include </ {
            libc = 1
            if (ours > 1) print FILENAME ": " $2 " stands behind others"
        }
        /^#include "/ { ours += libc ? 2 : 1 }'
}

# --- once ---------------------------------------------------------------------

once() { # of what the lines on stdin are; none at all is a breach, too
    sort >"$scratch/once"
    [ -s "$scratch/once" ] || echo "no $1 was found: this check sees nothing"
    uniq -d "$scratch/once" | sed "s/^/$1 written twice: /"
}

without_comments() {
    cat "$@" | tr '\n' '\001' | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' |
        tr '\001' '\n'
}

report_keys() {
    without_comments c_src/report/*.[ch] | grep -oE '"[a-z_0-9]+"'
    without_comments c_src/profile/profile.h |
        sed -n '/^#define PROFILE_META_/,/[^\\]$/p' | grep -oE '"[a-z_0-9]+"'
}

option_names() {
    sed -n 's/^    {"\([a-z-]*\)", .*/\1/p' c_src/cli/option_table.c
    sed -n 's/^#define VIEW_[A-Z]* *"\([a-z-]*\)"$/\1/p' c_src/formats/view.h
}

extensions() { # each as often as it stands in C
    without_comments $(sources | grep 'c$') | tee "$scratch/c" |
        sed -n 's/^ *\.extension = \("[^"]*"\),$/\1/p' | sort -u >"$scratch/ext"
    grep -oFf "$scratch/ext" "$scratch/c"
}

# What sentences call an option must be one; the last are other programs'.
options_said() {
    without_comments $(sources | grep '[ch]$') | grep -oE '"[^"]*"' |
        grep -oE -- '--[a-z][a-z-]+' | sort -u | sed 's/^--//' |
        grep -vxE 'version|nodes|man|completion|cap-add|security-opt|cookie'
}

check_once() {
    report_keys | once "report key"
    option_names | once "option name"
    extensions | once extension
    option_names | sort >"$scratch/options"
    options_said | comm -23 - "$scratch/options" | sed 's/^/no option is called --/'
    # Whoever else writes one after dashes could write another.
    sources | grep -vE '^c_src/(cli|base)/' |
        xargs grep -nE '" ?--[a-z]+("| %)' | grep -v '"--cookie"' |
        sed 's/$/   (an option by a name of its own)/'
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

# --- format -------------------------------------------------------------------

check_format() {
    clang-format --dry-run --Werror $(sources | grep '[ch]$') \
        test/c/*.[ch] test/fuzz/*.c bench/*.c 2>&1 ||
        echo "run clang-format -i on the files above"
    mix format --check-formatted >&2 || echo "run mix format"
    for script in *.sh dist/*.sh test/*.sh bench/*.sh .ci/run; do
        [ ! -e "$script" ] || sh -n "$script" || echo "$script does not parse"
    done
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
bad=0
for check in ${*:-layers modules libraries sizes banned names includes once facts format}; do
    found=$("check_$check")
    [ -n "$found" ] || continue
    echo "lint: $check
$found" >&2
    bad=1
done
[ $bad -eq 0 ] && echo "lint: clean"
exit $bad
