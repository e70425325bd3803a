#include "cli/top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const char sort_keys[MOMENT_COLUMNS] = {
    [MOMENT_CPU] = 'c',    [MOMENT_REDUCTIONS] = 'r', [MOMENT_MAILBOX] = 'm',
    [MOMENT_MEMORY] = 'M', [MOMENT_BINARIES] = 'b',   [MOMENT_WAITS] = 'w',
};

char top_view_sort_key(enum moment_column column)
{
    return sort_keys[column];
}

uint64_t top_view_watched(const struct top_view *v)
{
    return v->opened ? v->opened : v->cursor;
}

/* --- the list ------------------------------------------------------------- */

/* The row of the cursor; count: it is not in the list. */
static size_t cursor_row(const struct top_view *v, const struct moment *m,
                         const uint32_t *order, size_t count)
{
    size_t i = 0;
    while (i < count && m->processes[order[i]].term != v->cursor)
        i++;
    return i;
}

void top_view_scroll(struct top_view *v, const struct moment *m,
                     const uint32_t *order, size_t count)
{
    size_t row = cursor_row(v, m, order, count);
    if (row < count && row < v->first)
        v->first = row;
    if (row < count && v->rows && row >= v->first + v->rows)
        v->first = row - v->rows + 1;
    if (v->first + v->rows > count)
        v->first = count > v->rows ? count - v->rows : 0;
}

/* A cursor that is nowhere comes to the first row that is shown. */
static void move(struct top_view *v, const struct moment *m,
                 const uint32_t *order, size_t count, long by)
{
    size_t row = cursor_row(v, m, order, count);
    if (count == 0)
        return;
    if (row == count)
        row = v->first < count ? v->first : 0;
    else if (by < 0)
        row = row > (size_t)-by ? row - (size_t)-by : 0;
    else
        row = row + (size_t)by < count ? row + (size_t)by : count - 1;
    v->cursor = m->processes[order[row]].term;
}

static void open_process(struct top_view *v, const struct moment *m,
                         const uint32_t *order, size_t count)
{
    move(v, m, order, count, 0);
    const struct moment_process *p = moment_find(m, v->cursor);
    if (!p)
        return;
    v->opened = p->term;
    v->scroll = 0;
    snprintf(v->opened_pid, sizeof(v->opened_pid), "%s", moment_pid(m, p));
}

static void move_key(struct top_view *v, const struct moment *m, int key,
                     const uint32_t *order, size_t count)
{
    long page = v->rows > 1 ? (long)v->rows - 1 : 1;
    switch (key) {
    case TOP_KEY_UP:
        move(v, m, order, count, -1);
        break;
    case TOP_KEY_DOWN:
        move(v, m, order, count, 1);
        break;
    case TOP_KEY_PAGE_UP:
        move(v, m, order, count, -page);
        break;
    case TOP_KEY_PAGE_DOWN:
        move(v, m, order, count, page);
        break;
    case TOP_KEY_HOME:
        v->cursor = count ? m->processes[order[0]].term : 0;
        break;
    case TOP_KEY_END:
        v->cursor = count ? m->processes[order[count - 1]].term : 0;
        break;
    case TOP_KEY_RIGHT:
    case TOP_KEY_ENTER:
        open_process(v, m, order, count);
        break;
    default:
        break;
    }
}

static bool is_sort_key(struct top_view *v, int key)
{
    for (int i = 0; i < MOMENT_COLUMNS; i++)
        if (key == sort_keys[i]) {
            v->sort = (enum moment_column)i;
            v->first = 0;
            v->cursor = 0;
            return true;
        }
    return false;
}

static int list_key(struct top_view *v, const struct moment *m, int key)
{
    uint32_t *order;
    if (is_sort_key(v, key))
        return 0;
    if (key == '/') {
        v->typing = true;
        return 0;
    }
    if (key == TOP_KEY_ESCAPE) {
        v->match[0] = '\0';
        v->cursor = 0;
        v->first = 0;
        return 0;
    }
    int64_t count = moment_order(m, v->sort, v->match, &order);
    if (count < 0)
        return (int)count;
    move_key(v, m, key, order, (size_t)count);
    free(order);
    return 0;
}

/* --- the other pages ------------------------------------------------------ */

static void process_key(struct top_view *v, int key)
{
    size_t page = v->rows > 1 ? v->rows - 1 : 1;
    switch (key) {
    case TOP_KEY_ESCAPE:
    case TOP_KEY_LEFT:
    case TOP_KEY_BACKSPACE:
        v->opened = 0;
        break;
    case TOP_KEY_UP:
        v->scroll -= v->scroll > 0;
        break;
    case TOP_KEY_DOWN:
        v->scroll++;
        break;
    case TOP_KEY_PAGE_UP:
        v->scroll = v->scroll > page ? v->scroll - page : 0;
        break;
    case TOP_KEY_PAGE_DOWN:
        v->scroll += page;
        break;
    case TOP_KEY_HOME:
        v->scroll = 0;
        break;
    default:
        break;
    }
}

static void drop_character(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
        len--;
    text[len - (len > 0)] = '\0';
}

static void type_key(struct top_view *v, int key)
{
    size_t len = strlen(v->match);
    char bytes[4];
    if (key == TOP_KEY_ENTER || key == TOP_KEY_ESCAPE)
        v->typing = false;
    if (key == TOP_KEY_ESCAPE)
        v->match[0] = '\0';
    else if (key == TOP_KEY_BACKSPACE)
        drop_character(v->match);
    else if (key < TOP_KEY_UP && utf8_is_visible((uint32_t)key) &&
             len + sizeof(bytes) < sizeof(v->match)) {
        size_t more = utf8_put((uint32_t)key, bytes);
        memcpy(v->match + len, bytes, more);
        v->match[len + more] = '\0';
    }
    v->first = 0;
}

int top_view_key(struct top_view *v, const struct moment *m, int key)
{
    if (v->typing) {
        type_key(v, key);
        return 0;
    }
    v->quit = key == 'q';
    if (key == ' ')
        v->paused = !v->paused;
    else if (v->help)
        v->help = false;
    else if (key == '?')
        v->help = true;
    else if (v->opened)
        process_key(v, key);
    else
        return list_key(v, m, key);
    return 0;
}
