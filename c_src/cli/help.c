#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#include "cli/option_table.h"
#include "cli/option_words.h"

enum { WIDTH = 79, OPTION_COLUMN = 24 };

static const char purpose[] = "a sampling profiler for the Erlang VM";

/* --- text for a terminal -------------------------------------------------- */

/* Wraps the words of a paragraph into lines that begin at `indent` and end
 * before WIDTH. The first line has reached column `at` already. */
static void wrap(struct buffer *out, const char *text, size_t len,
                 size_t indent, size_t at)
{
    bool first = true;
    for (size_t i = 0; i < len;) {
        const char *space = memchr(text + i, ' ', len - i);
        size_t word = space ? (size_t)(space - (text + i)) : len - i;
        if (!first && at + 1 + word > WIDTH) {
            buffer_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            buffer_text(out, " ");
            at++;
        }
        buffer_add(out, text + i, word);
        at += word;
        i += word + 1;
        first = false;
    }
    buffer_text(out, "\n");
}

static void paragraphs(struct buffer *out, const char *text)
{
    for (const char *at = text; at && *at;) {
        size_t len = strcspn(at, "\n");
        buffer_text(out, "\n");
        wrap(out, at, len, 0, 0);
        at += len + (at[len] == '\n');
    }
}

/* The help text of an option, with its words filled in. */
static void option_help(struct buffer *out, const struct option_row *row,
                        enum option_verb verb)
{
    static const char all[] = "{}", first[] = "{first}";
    for (const char *at = row->help; *at;) {
        size_t plain = strcspn(at, "{");
        buffer_add(out, at, plain);
        at += plain;
        if (strncmp(at, all, strlen(all)) == 0) {
            option_words_add(out, row, verb);
            at += strlen(all);
        } else if (strncmp(at, first, strlen(first)) == 0) {
            buffer_text(out, row->words(verb, 0));
            at += strlen(first);
        } else if (*at) {
            buffer_add(out, at++, 1);
        }
    }
}

static void option_lines(struct buffer *out, const struct option_row *row,
                         enum option_verb verb)
{
    struct buffer help;
    buffer_init(&help, BUFFER_DEFAULT_MAX);
    option_help(&help, row, verb);
    size_t start = out->len;
    if (row->letter)
        buffer_printf(out, "  -%c, --%s", row->letter, row->name);
    else
        buffer_printf(out, "      --%s", row->name);
    if (row->argument)
        buffer_printf(out, " %s", row->argument);
    size_t at = out->len - start;
    if (at + 1 > OPTION_COLUMN) {
        buffer_text(out, "\n");
        at = 0;
    }
    buffer_printf(out, "%*s", (int)(OPTION_COLUMN - at), "");
    wrap(out, (const char *)help.data, help.len, OPTION_COLUMN, OPTION_COLUMN);
    buffer_deinit(&help);
}

void help_verb(struct buffer *out, const struct verb *verb)
{
    for (const struct verb_use *use = verb->uses; use->line; use++)
        buffer_printf(out, "cprof %s %s\n", verb->name, use->line);
    paragraphs(out, verb->about);
    buffer_text(out, "\n");
    for (const struct option_row *row = option_table; row->name; row++)
        if (row->verbs & verb->options)
            option_lines(out, row, verb->options);
    paragraphs(out, verb->after);
}

void help_program(struct buffer *out)
{
    enum { WHAT_COLUMN = 54 };
    buffer_printf(out, "cprof %s, %s\n\n", CPROF_VERSION, purpose);
    for (const struct verb *const *v = verb_all; *v; v++)
        for (const struct verb_use *use = (*v)->uses; use->line; use++) {
            size_t start = out->len;
            buffer_printf(out, "  cprof %s %s", (*v)->name, use->line);
            size_t at = out->len - start;
            buffer_printf(out, "%*s  %s\n",
                          at < WHAT_COLUMN ? (int)(WHAT_COLUMN - at) : 0, "",
                          use->what);
        }
    paragraphs(out, "`cprof help VERB`, or `cprof VERB --help`, shows the "
                    "options of a verb. `cprof --nodes` lists the Erlang nodes "
                    "of this machine. `cprof --man` prints the man page, and "
                    "`cprof --completion SHELL` a completion script for bash "
                    "or zsh.");
}

/* --- man page ------------------------------------------------------------- */

/* Escapes text for roff: dashes stay dashes, and no line becomes a request. */
static void roff(struct buffer *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        bool line_start = at == text || at[-1] == '\n';
        if (*at == '\n')
            buffer_text(out, "\n.PP\n");
        else if (*at == '-')
            buffer_text(out, "\\-");
        else if (*at == '\\')
            buffer_text(out, "\\e");
        else if (line_start && (*at == '.' || *at == '\''))
            buffer_printf(out, "\\&%c", *at);
        else
            buffer_add(out, at, 1);
    }
}

static void roff_option(struct buffer *out, const struct option_row *row,
                        enum option_verb verb)
{
    struct buffer help;
    buffer_init(&help, BUFFER_DEFAULT_MAX);
    option_help(&help, row, verb);
    buffer_add(&help, "", 1);
    buffer_text(out, ".TP\n.B ");
    if (row->letter)
        buffer_printf(out, "\\-%c, ", row->letter);
    buffer_text(out, "\\-\\-");
    roff(out, row->name);
    if (row->argument)
        buffer_printf(out, " \\fI%s\\fR", row->argument);
    buffer_text(out, "\n");
    roff(out, help.data ? (const char *)help.data : "");
    buffer_text(out, "\n");
    buffer_deinit(&help);
}

static void roff_verb(struct buffer *out, const struct verb *verb)
{
    buffer_printf(out, ".SS cprof %s\n", verb->name);
    for (const struct verb_use *use = verb->uses; use->line; use++) {
        buffer_printf(out, "%s.B cprof %s\n", use == verb->uses ? "" : ".br\n",
                      verb->name);
        roff(out, use->line);
        buffer_text(out, "\n");
    }
    buffer_text(out, ".PP\n");
    roff(out, verb->about);
    buffer_text(out, "\n");
    for (const struct option_row *row = option_table; row->name; row++)
        if (row->verbs & verb->options)
            roff_option(out, row, verb->options);
    if (verb->after) {
        buffer_text(out, ".PP\n");
        roff(out, verb->after);
        buffer_text(out, "\n");
    }
}

void help_man(struct buffer *out)
{
    buffer_printf(out,
                  ".TH CPROF 1 \"\" \"cprof %s\"\n.SH NAME\ncprof \\- %s\n"
                  ".SH SYNOPSIS\n.B cprof\n\\fIVERB\\fR [\\fIOPTION\\fR]...\n"
                  ".SH VERBS\n",
                  CPROF_VERSION, purpose);
    for (const struct verb *const *v = verb_all; *v; v++)
        if ((*v)->uses[0].line)
            roff_verb(out, *v);
    buffer_text(out,
                ".SH EXIT STATUS\n0: done; 1: failed, with one line that "
                "says why; 2: the command line is wrong; 3: "
                "a function grew by more than the limit of\n"
                ".BR \\-\\-fail\\-above .\n"
                "A recording of a command exits with the command's status.\n");
}

/* --- completion ----------------------------------------------------------- */

static bool option_is_node(const struct option_row *row)
{
    return strcmp(row->name, "pid") == 0 || strcmp(row->name, "node") == 0;
}

/* The values that may follow an option: its words, files, or none that cprof
 * knows. */
static void bash_values(struct buffer *out, const struct option_row *row,
                        enum option_verb verb)
{
    const char *word;
    bool files = row->argument && strcmp(row->argument, "FILE") == 0;
    buffer_printf(out, "        --%s", row->name);
    if (row->letter)
        buffer_printf(out, "|-%c", row->letter);
    if (files) {
        buffer_text(out, ") _cprof_files; return ;;\n");
        return;
    }
    if (option_is_node(row)) {
        buffer_printf(out, ") _cprof_nodes %s; return ;;\n", row->name);
        return;
    }
    buffer_text(out, ") COMPREPLY=($(compgen -W '");
    for (size_t i = 0; row->value != OPTION_ANY && (word = row->words(verb, i));
         i++)
        buffer_printf(out, "%s%s", i ? " " : "", word);
    buffer_text(out, "' -- \"$word\")); return ;;\n");
}

static void bash_verb(struct buffer *out, const struct verb *verb)
{
    buffer_printf(out, "    %s)\n        case $before in\n", verb->name);
    for (const struct option_row *row = option_table; row->name; row++)
        if (row->verbs & verb->options && row->argument)
            bash_values(out, row, verb->options);
    buffer_text(out, "        esac\n        words='");
    for (const struct option_row *row = option_table; row->name; row++)
        if (row->verbs & verb->options)
            buffer_printf(out, " --%s", row->name);
    buffer_text(out, "' ;;\n");
}

/* File names may contain blanks. "--state=run" is three words in bash, but one
 * word in zsh, which accepts only completions that begin with the whole word.
 * In bash an @ begins a new word, so the name of a node is completed without
 * its host. */
static const char bash_head[] =
    "_cprof_files() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY+=($(compgen -f -- \"$word\"))\n"
    "}\n"
    "_cprof_nodes() {\n"
    "    local pid name rest list=\n"
    "    while read -r pid name rest; do\n"
    "        [ \"$pid\" = PID ] && continue\n"
    "        [ \"$1\" = pid ] && list+=\" $pid\"\n"
    "        [ \"$1\" = node ] && [ \"$name\" != - ] && list+=\" "
    "${name%%@*}\"\n"
    "    done < <(cprof --nodes 2>/dev/null)\n"
    "    COMPREPLY=($(compgen -W \"$list\" -- \"$word\"))\n"
    "}\n"
    "_cprof() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} stem=\n"
    "    local before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    case $word in\n"
    "    =) word= ;;\n"
    "    --*=*) before=${word%%=*} stem=${word%%=*}= word=${word#*=} ;;\n"
    "    *) [ \"$before\" != = ] || before=${COMP_WORDS[COMP_CWORD-2]} ;;\n"
    "    esac\n"
    "    COMPREPLY=()\n"
    "    _cprof_command || _cprof_word\n"
    "    [ -z \"$stem\" ] || [ ${#COMPREPLY[@]} = 0 ] ||\n"
    "        COMPREPLY=(\"${COMPREPLY[@]/#/$stem}\")\n"
    "}\n"
    "_cprof_command() {\n"
    "    local i\n"
    "    [ \"${COMP_WORDS[1]}\" = record ] || return 1\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "        [ \"${COMP_WORDS[i]}\" = -- ] || continue\n"
    "        [ $((i + 1)) != \"$COMP_CWORD\" ] ||\n"
    "            COMPREPLY=($(compgen -c -- \"$word\"))\n"
    "        _cprof_files\n"
    "        return 0\n"
    "    done\n"
    "    return 1\n"
    "}\n"
    "_cprof_word() {\n"
    "    local words=\n"
    "    case ${COMP_WORDS[1]} in\n";

static const char bash_tail[] =
    "help --help --version --nodes --man --completion'\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
    "    [ \"$COMP_CWORD\" -eq 1 ] || _cprof_files\n"
    "}\n"
    "complete -o filenames -F _cprof cprof\n";

/* If the script is the file _cprof in a folder of functions, zsh runs it when a
 * word is completed for the first time. Otherwise the user sources it. */
static const char zsh_head[] = "#compdef cprof\n";
static const char zsh_init[] = "autoload -U +X bashcompinit && bashcompinit\n";
static const char zsh_tail[] = "[ \"${funcstack[1]-}\" != _cprof ] ||\n"
                               "    _bash_complete -o filenames -F _cprof\n";

static void verb_names(struct buffer *out)
{
    for (const struct verb *const *v = verb_all; *v; v++)
        if ((*v)->uses[0].line)
            buffer_printf(out, "%s ", (*v)->name);
}

bool help_completion(struct buffer *out, const char *shell)
{
    bool zsh = strcmp(shell, "zsh") == 0;
    if (!zsh && strcmp(shell, "bash") != 0)
        return false;
    buffer_printf(out, "%s# cprof %s\n%s%s", zsh ? zsh_head : "", CPROF_VERSION,
                  zsh ? zsh_init : "", bash_head);
    for (const struct verb *const *v = verb_all; *v; v++)
        if ((*v)->options)
            bash_verb(out, *v);
    buffer_text(out, "    help) words='");
    verb_names(out);
    buffer_text(out, "' ;;\n    esac\n"
                     "    [ \"$COMP_CWORD\" -gt 1 ] || words='");
    verb_names(out);
    buffer_text(out, bash_tail);
    buffer_text(out, zsh ? zsh_tail : "");
    return true;
}
