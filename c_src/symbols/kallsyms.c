#include "symbols/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/reader.h"
#include "base/sorted.h"

enum { MAX_BYTES = 1 << 27 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *word_end(char *at)
{
    while (*at && !is_blank(*at))
        at++;
    return at;
}

/* "ffffffff81000000 T _text" or "ffffffffc0000000 t f\t[module]"; the line ends
 * with NUL and is split in place. */
static bool parse_line(char *line, struct kallsyms_symbol *out)
{
    char *at;
    errno = 0;
    out->addr = strtoull(line, &at, 16);
    if (errno || at == line || out->addr == 0 || *at++ != ' ')
        return false;
    if (!*at || !strchr("tTwW", *at) || at[1] != ' ')
        return false;
    out->name = at + 2;
    at = word_end(at + 2);
    if (at == out->name)
        return false;
    out->module = "kernel";
    if (*at && at[1] == '[') {
        out->module = at + 2;
        at[0] = '\0';
        at[strlen(at + 1)] = '\0'; /* the closing bracket */
    }
    return true;
}

static int by_addr(const void *a, const void *b)
{
    const struct kallsyms_symbol *x = a, *y = b;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void read_lines(struct kallsyms *k, struct reader r)
{
    const char *line;
    size_t line_len;
    while (reader_line(&r, &line, &line_len)) {
        k->text[line + line_len - k->text] = '\0';
        if (parse_line((char *)line, &k->list[k->count]))
            k->count++;
    }
}

int kallsyms_parse(const void *text, size_t len, struct kallsyms *out)
{
    struct kallsyms k = {.text = malloc(len + 1)};
    if (k.text && len)
        memcpy(k.text, text, len);
    struct reader lines = reader_of(k.text, k.text ? len : 0);
    if (k.text)
        k.list = malloc(reader_line_count(&lines) * sizeof(*k.list));
    if (!k.list) {
        free(k.text);
        return -ENOMEM;
    }
    read_lines(&k, lines);
    qsort(k.list, k.count, sizeof(*k.list), by_addr);
    *out = k;
    return 0;
}

int kallsyms_read(struct kallsyms *out)
{
    struct buffer text;
    buffer_init(&text, MAX_BYTES);
    int err = buffer_read_file(&text, "/proc/kallsyms");
    if (!err)
        err = kallsyms_parse(text.data, text.len, out);
    buffer_deinit(&text);
    return err;
}

void kallsyms_deinit(struct kallsyms *k)
{
    free(k->list);
    free(k->text);
    *k = (struct kallsyms){0};
}

const struct kallsyms_symbol *kallsyms_find(const struct kallsyms *k,
                                            uint64_t addr)
{
    size_t before = SORTED_UPTO(k->list, k->count, addr, addr);
    return before ? &k->list[before - 1] : NULL;
}
