/* The pure parsers of /proc/PID/stat and /proc/PID/cmdline. */
#include "target/process.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The last ')' ends the name, which may contain any character, also ')'. */
static const char *after_name(const char *text, size_t len)
{
    const char *end = len ? memrchr(text, ')', len) : NULL;
    return end ? end + 1 : NULL;
}

/* Reads the number at *at and moves *at behind it; the text ends at `end`. */
static int number(const char **at, const char *end, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    const char *start = *at;
    for (; *at < end && isdigit((unsigned char)**at); ++*at)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
            return -E_FORMAT;
    if (*at == start || value > max)
        return -E_FORMAT;
    *out = value;
    return 0;
}

/* The number `fields` fields behind the one at `at`; 0 if there is none. */
static uint64_t field_behind(const char *at, const char *end, int fields)
{
    uint64_t value = 0;
    while (fields-- > 0) {
        at = memchr(at, ' ', (size_t)(end - at));
        if (!at)
            return 0;
        at++;
    }
    return number(&at, end, UINT64_MAX, &value) ? 0 : value;
}

/* proc(5): the state is field 3, the parent field 4, the user time field 14,
 * the start time field 22, the start of the stack field 28. */
int process_stat_parse(const void *text, size_t len, struct process_stat *out)
{
    uint64_t parent = 0, user_time = 0, start_time = 0;
    const char *at = after_name(text, len);
    const char *end = (const char *)text + len;
    if (!at || end - at < 3 || at[0] != ' ')
        return -E_FORMAT;
    char state = at[1];
    for (int field = 2; field < 22; field++) {
        at = memchr(at, ' ', (size_t)(end - at));
        if (!at)
            return -E_FORMAT;
        at++;
        if (field == 3 && number(&at, end, INT32_MAX, &parent))
            return -E_FORMAT;
        if (field == 13 && number(&at, end, UINT64_MAX, &user_time))
            return -E_FORMAT;
    }
    if (number(&at, end, UINT64_MAX, &start_time))
        return -E_FORMAT;
    *out = (struct process_stat){state, (pid_t)parent, start_time,
                                 field_behind(at, end, 28 - 22), user_time};
    return 0;
}

/* argv, one string after another. */
struct args {
    const char *at, *end;
};

/* The next argument, not terminated; false at the end. */
static bool next_arg(struct args *a, const char **arg, size_t *len)
{
    if (a->at == a->end)
        return false;
    const char *nul = memchr(a->at, '\0', (size_t)(a->end - a->at));
    *arg = a->at;
    *len = (size_t)((nul ? nul : a->end) - a->at);
    a->at = nul ? nul + 1 : a->end;
    return true;
}

static bool is(const char *arg, size_t len, const char *text)
{
    return strlen(text) == len && memcmp(arg, text, len) == 0;
}

/* Appends as many of the bytes as fit. */
static void append(char *text, size_t size, const char *bytes, size_t len)
{
    size_t used = strlen(text), room = size - 1 - used;
    len = len < room ? len : room;
    memcpy(text + used, bytes, len);
    text[used + len] = '\0';
}

static void append_text(char *text, size_t size, const char *more)
{
    append(text, size, more, strlen(more));
}

/* --- the command line, without cookies ------------------------------------ */

/* Which of the next words must be hidden because they are a cookie: whoever
 * knows the cookie can connect to the node. */
struct secret {
    bool next;       /* the next word */
    bool until_flag; /* all words up to the next flag */
};

/* The offset of a cookie inside one argument, as in `--cookie=abc` or
 * `--erl "-setcookie abc"`; len when there is none. */
static size_t cookie_within(const char *arg, size_t len)
{
    static const char *const flags[] = {"-setcookie", "--cookie"};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        const char *at = memmem(arg, len, flags[i], strlen(flags[i]));
        size_t end = at ? (size_t)(at - arg) + strlen(flags[i]) + 1 : len;
        if (end < len)
            return end;
    }
    return len;
}

/* `erl -setcookie` takes a cookie, or a node and its cookie (OTP 24 and later).
 * init takes all words up to the next flag as arguments of the flag. `--cookie`
 * is an option of elixir and iex. */
static void append_arg(char *text, size_t size, const char *arg, size_t len,
                       struct secret *s)
{
    bool flag = len && (arg[0] == '-' || arg[0] == '+');
    bool hidden = s->next || (s->until_flag && !flag);
    size_t shown = hidden ? 0 : cookie_within(arg, len);
    append(text, size, arg, shown);
    if (shown < len || hidden)
        append_text(text, size, "***");
    s->next = !hidden && is(arg, len, "--cookie");
    s->until_flag =
        (hidden && s->until_flag) || (!hidden && is(arg, len, "-setcookie"));
}

static void join(struct args a, char *text, size_t size)
{
    struct secret s = {0};
    const char *arg;
    size_t len;
    text[0] = '\0';
    for (bool first = true; next_arg(&a, &arg, &len); first = false) {
        append_text(text, size, first ? "" : " ");
        append_arg(text, size, arg, len, &s);
    }
}

/* --- what the VM was told ------------------------------------------------- */

/*
 * Slots of the process table for `+P N`: N rounded up to a power of two
 * (erts_ptab_init_table, erts/emulator/beam/erl_ptab.c). 0 for values that the
 * VM rejects: it accepts 1024 to 2^27 (erl_process.h: ERTS_MIN_PROCESSES,
 * ERTS_MAX_PROCESSES).
 */
static uint64_t table_size(const char *arg, size_t len)
{
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)arg[i]) || n > UINT32_MAX)
            return 0;
        n = n * 10 + (uint64_t)(arg[i] - '0');
    }
    if (n < 1024 || n > (uint64_t)1 << 27)
        return 0;
    uint64_t size = 1024;
    while (size < n)
        size *= 2;
    return size;
}

/* The emulator's own flags, which end at the first "--". erlexec turns the
   user's +P into -P (erts/etc/common/erlexec.c); both are accepted. */
static void emulator_flag(struct args *a, const char *arg, size_t len,
                          struct process *out)
{
    if (len < 2 || (arg[0] != '-' && arg[0] != '+') || arg[1] != 'P')
        return;
    const char *value = arg + 2;
    size_t value_len = len - 2;
    if (len == 2 && !next_arg(a, &value, &value_len))
        return;
    uint64_t size = table_size(value, value_len);
    if (size)
        out->process_table_size = size;
}

static void node_flag(struct args *a, const char *arg, size_t len,
                      struct process *out)
{
    const char *value;
    size_t value_len;
    if (out->node[0] || (!is(arg, len, "-name") && !is(arg, len, "-sname")))
        return;
    struct args ahead = *a;
    if (next_arg(&ahead, &value, &value_len) && value_len && value[0] != '-')
        append(out->node, sizeof(out->node), value, value_len);
}

/* The program after -extra, and its first argument unless that is an option:
 * mix phx.server. */
static void extra_words(struct args a, struct process *out)
{
    const char *word, *slash;
    size_t len;
    if (!next_arg(&a, &word, &len) || len == 0 || word[0] == '-')
        return;
    slash = memrchr(word, '/', len);
    size_t path = slash ? (size_t)(slash + 1 - word) : 0;
    out->runs[0] = '\0';
    append(out->runs, sizeof(out->runs), word + path, len - path);
    if (!next_arg(&a, &word, &len) || len == 0 || word[0] == '-')
        return;
    append_text(out->runs, sizeof(out->runs), " ");
    append(out->runs, sizeof(out->runs), word, len);
}

static void run_flag(const struct args *a, const char *arg, size_t len,
                     struct process *out)
{
    const char *value;
    size_t value_len;
    if (!is(arg, len, "-s") && !is(arg, len, "-run"))
        return;
    struct args ahead = *a;
    out->runs[0] = '\0';
    if (next_arg(&ahead, &value, &value_len))
        append(out->runs, sizeof(out->runs), value, value_len);
}

int process_parse_cmdline(const void *bytes, size_t len, struct process *out)
{
    struct args a = {bytes, (const char *)bytes + len};
    const char *arg;
    size_t arg_len;
    bool emulator = true, extra = false;
    out->node[0] = '\0';
    out->runs[0] = '\0';
    out->process_table_size = 0;
    if (len == 0)
        return -E_SHORT;
    join(a, out->command, sizeof(out->command));
    while (!extra && next_arg(&a, &arg, &arg_len)) {
        emulator = emulator && !is(arg, arg_len, "--");
        extra = is(arg, arg_len, "-extra");
        if (emulator)
            emulator_flag(&a, arg, arg_len, out);
        node_flag(&a, arg, arg_len, out);
        run_flag(&a, arg, arg_len, out);
    }
    if (extra)
        extra_words(a, out);
    return 0;
}
