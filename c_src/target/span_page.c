#include "target/span_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/minus.h"
#include "base/term.h"
#include "target/image.h"

/* A node that has replaced the library may have several of them mapped. */
enum { LIBRARIES = 4, CHUNK = 2048 };

static const char file_name[] = "/cprof_nif.so";

#define MOST_PATIENCE_NS (2 * NS_PER_S)

struct library {
    struct map map;  /* the first of its file; its path is not kept */
    uint64_t symbol; /* address of a pointer to a page; 0: it has none */
};

struct span_reader {
    const struct memory *memory;
    struct library libraries[LIBRARIES];
    size_t library_count;
    uint64_t at; /* of the page; 0: none was found yet */
    struct span_page page;
    uint64_t next;           /* number of the mark that is read next */
    uint64_t first;          /* number of the first mark that can be lost */
    uint64_t refused;        /* kinds_refused when the page was last read */
    uint64_t stuck_since_ns; /* mark `next` is not written yet; 0: it is */
    bool is_last;            /* nothing is waited for */
    struct span_reader_counts counts;
    struct span_mark once[CHUNK], again[CHUNK];
    struct span_kind kind;
};

int span_page_open(const struct memory *m, struct span_reader **out)
{
    struct span_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->memory = m;
    *out = r;
    return 0;
}

void span_page_close(struct span_reader *r)
{
    free(r);
}

struct span_reader_counts span_page_counts(const struct span_reader *r)
{
    return r->counts;
}

/* --- the library ---------------------------------------------------------- */

static bool is_library(const struct map *map)
{
    size_t len = strlen(map->path), end = sizeof(file_name) - 1;
    return map->inode && len >= end &&
           strcmp(map->path + len - end, file_name) == 0;
}

static bool same_file(const struct map *a, const struct map *b)
{
    return a->inode == b->inode && a->dev_major == b->dev_major &&
           a->dev_minor == b->dev_minor;
}

static const struct library *find(const struct library *list, size_t n,
                                  const struct map *map)
{
    for (size_t i = 0; i < n; i++)
        if (same_file(&list[i].map, map))
            return &list[i];
    return NULL;
}

/* The loader has moved all of a library by the same distance. */
static uint64_t address_of(const struct image *image, const struct map *map)
{
    uint64_t symbol = image_lookup(image, SPAN_PAGE_SYMBOL);
    uint64_t start = image_vaddr(image, map, map->start);
    return symbol ? map->start - start + symbol : 0;
}

static int read_library(struct span_reader *r, const struct process *p,
                        const struct map *map, uint64_t *symbol)
{
    struct image *image;
    int err = image_of_map(p, r->memory, map, &image);
    *symbol = 0;
    if (err)
        return err == -ENOMEM ? err : 0;
    *symbol = address_of(image, map);
    image_close(image);
    return 0;
}

/* A library that is known, and still where it was, is not read again. */
int span_page_look(struct span_reader *r, const struct process *p,
                   const struct maps *maps)
{
    struct library now[LIBRARIES];
    size_t n = 0;
    int err = 0;
    for (size_t i = 0; i < maps->count && n < LIBRARIES && !err; i++) {
        const struct map *map = &maps->list[i];
        if (!is_library(map) || find(now, n, map))
            continue;
        const struct library *known = find(r->libraries, r->library_count, map);
        now[n].map = *map;
        if (known && known->map.start == map->start)
            now[n].symbol = known->symbol;
        else
            err = read_library(r, p, map, &now[n].symbol);
        n++;
    }
    if (err)
        return err;
    memcpy(r->libraries, now, n * sizeof(now[0]));
    r->library_count = n;
    return 0;
}

/* --- the page ------------------------------------------------------------- */

static bool is_power_of_two(uint64_t n)
{
    return n && (n & (n - 1)) == 0;
}

static bool is_page(const struct span_page *p)
{
    return p->magic == SPAN_PAGE_MAGIC && p->version == SPAN_PAGE_VERSION &&
           is_power_of_two(p->marks_size) && p->marks_size <= SPAN_MARKS &&
           p->kinds_size <= SPAN_KINDS && p->kinds_used <= p->kinds_size &&
           p->marks % 8 == 0 && p->kinds % 8 == 0;
}

static bool read_page(struct span_reader *r, uint64_t at,
                      struct span_page *page)
{
    return at && at % 8 == 0 &&
           memory_read(r->memory, at, page, sizeof(*page)) == 0 &&
           is_page(page);
}

/* The oldest mark that is still in the page. */
static uint64_t oldest(const struct span_page *p)
{
    return minus_capped(p->next, p->marks_size);
}

static void begin(struct span_reader *r, uint64_t at,
                  const struct span_page *page)
{
    r->at = at;
    r->counts.pages++;
    r->refused = page->kinds_refused;
    r->page = *page;
    r->next = oldest(page);
    r->first = page->next;
    r->stuck_since_ns = 0;
}

static bool find_page(struct span_reader *r)
{
    struct span_page page;
    uint64_t at;
    for (size_t i = 0; i < r->library_count; i++)
        if (r->libraries[i].symbol &&
            memory_read_u64(r->memory, r->libraries[i].symbol, &at) == 0 &&
            read_page(r, at, &page)) {
            begin(r, at, &page);
            return true;
        }
    return false;
}

/* A page that was found stays in use, whichever library points to it, until the
 * node unloads the library: see is_same. */
bool span_page_is_there(struct span_reader *r)
{
    return r->at || find_page(r);
}

/* --- marks ---------------------------------------------------------------- */

static void lose(struct span_reader *r, uint64_t upto)
{
    uint64_t from = r->next > r->first ? r->next : r->first;
    if (upto > from)
        r->counts.lost += upto - from;
    r->next = upto;
    r->stuck_since_ns = 0;
}

static bool is_mark(const struct span_reader *r, const struct span_mark *m)
{
    uint32_t what = m->what & 0xff;
    return what >= SPAN_START && what <= SPAN_CHILD &&
           m->kind < r->page.kinds_size && term_is_pid(m->process) &&
           (what != SPAN_CHILD || term_is_pid(m->other));
}

/* How many marks can be copied at once: up to `end`, or to the end of the
 * memory that they are in. */
static size_t run_length(const struct span_reader *r, uint64_t end)
{
    uint64_t left = end - r->next;
    uint64_t in_row = r->page.marks_size - (r->next & (r->page.marks_size - 1));
    uint64_t n = left < in_row ? left : in_row;
    return n < CHUNK ? (size_t)n : CHUNK;
}

/*
 * Copies n marks twice, and then the page. A mark that had its number in the
 * first copy was complete when the second copy began. It can have been
 * overwritten since then only if `next` of the page says so by now (oldest).
 */
static bool copy(struct span_reader *r, size_t n)
{
    struct span_page now;
    uint64_t place = r->next & (r->page.marks_size - 1);
    uint64_t from = r->page.marks + place * sizeof(struct span_mark);
    if (memory_read(r->memory, from, r->once, n * sizeof(*r->once)) != 0 ||
        memory_read(r->memory, from, r->again, n * sizeof(*r->again)) != 0 ||
        !read_page(r, r->at, &now) || now.marks != r->page.marks ||
        now.marks_size != r->page.marks_size)
        return false;
    r->page = now;
    return true;
}

/* Is the mark that is not written yet to be waited for? On a busy machine its
 * thread may not run for a long time. So after SPAN_PATIENCE_NS it is given up
 * only if others would soon be lost, and in any case after MOST_PATIENCE_NS. */
static bool is_patient(struct span_reader *r, uint64_t now_ns)
{
    if (!r->stuck_since_ns)
        r->stuck_since_ns = now_ns;
    uint64_t waited_ns = now_ns - r->stuck_since_ns;
    return !r->is_last && (waited_ns < SPAN_PATIENCE_NS ||
                           (waited_ns < MOST_PATIENCE_NS &&
                            r->page.next - r->next < r->page.marks_size / 4));
}

/* Hands out the marks that were copied. 1; 0: one of them has to be waited for;
 * or an error of on_mark. */
static int hand_out(struct span_reader *r, size_t n, uint64_t now_ns,
                    span_page_on_mark *on_mark, void *ctx)
{
    int err = 0;
    for (size_t i = 0; i < n && !err; i++) {
        bool written = r->once[i].number == r->next + 1;
        if (r->next < oldest(&r->page) ||
            (written && !is_mark(r, &r->again[i]))) {
            lose(r, r->next + 1);
            continue;
        }
        if (!written && is_patient(r, now_ns))
            return 0;
        if (!written) {
            lose(r, r->next + 1);
            continue;
        }
        r->stuck_since_ns = 0;
        r->next++;
        r->counts.marks++;
        err = on_mark(ctx, &r->again[i]);
    }
    return err ? err : 1;
}

/* A node that unloads the library frees the page. When it loads the library
 * again, a new page begins, which often is where the former one was. */
static bool is_same(const struct span_reader *r, const struct span_page *now)
{
    return now->next >= r->next && now->kinds_used >= r->page.kinds_used &&
           now->marks == r->page.marks && now->kinds == r->page.kinds;
}

/* Marks that are written meanwhile are left for the next call. */
int span_page_read(struct span_reader *r, uint64_t now_ns,
                   span_page_on_mark *on_mark, void *ctx)
{
    struct span_page page;
    int more = 1;
    if (!span_page_is_there(r))
        return 0;
    if (!read_page(r, r->at, &page) || !is_same(r, &page)) {
        if (!find_page(r))
            return 0;
        page = r->page;
    }
    r->page = page;
    r->counts.refused += page.kinds_refused - r->refused;
    r->refused = page.kinds_refused;
    while (more > 0 && r->next < page.next) {
        if (r->next < oldest(&r->page))
            lose(r, oldest(&r->page));
        if (r->next >= page.next)
            break;
        size_t n = run_length(r, page.next);
        more = copy(r, n) ? hand_out(r, n, now_ns, on_mark, ctx) : 0;
    }
    return more < 0 ? more : 0;
}

/* Most marks that are being written are complete when they are read again. */
int span_page_read_last(struct span_reader *r, uint64_t now_ns,
                        span_page_on_mark *on_mark, void *ctx)
{
    int err = span_page_read(r, now_ns, on_mark, ctx);
    r->is_last = true;
    if (!err)
        err = span_page_read(r, now_ns, on_mark, ctx);
    r->is_last = false;
    return err;
}

const char *span_page_kind(struct span_reader *r, uint32_t kind, size_t *len)
{
    uint64_t at = r->page.kinds + (uint64_t)kind * sizeof(r->kind);
    *len = 0;
    if (!r->at || kind >= r->page.kinds_size ||
        memory_read(r->memory, at, &r->kind, sizeof(r->kind)) != 0 ||
        r->kind.length > SPAN_KIND_TEXT)
        return "";
    *len = r->kind.length;
    return r->kind.text;
}
