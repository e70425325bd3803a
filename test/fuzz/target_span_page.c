#include <stdlib.h>
#include <string.h>

#include "fake_memory.h"
#include "image_files.h"
#include "tiny_elf.h"

#include "base/term.h"
#include "target/span_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OBJECT = 0x3800, PAGE_AT = 0x100000, BYTES = 1 << 16 };

static struct span_page page;

static int on_mark(void *ctx, const struct span_mark *m)
{
    uint64_t *count = ctx;
    uint32_t what = m->what & 0xff;
    if (what < SPAN_START || what > SPAN_CHILD || m->kind >= page.kinds_size ||
        !term_is_pid(m->process))
        abort();
    if (++*count > 10 * SPAN_MARKS)
        abort();
    return 0;
}

static void look(struct span_reader *r)
{
    static struct map map;
    if (!map.end) {
        struct tiny t;
        tiny_init(&t);
        tiny_symbol(&t, 5, SPAN_PAGE_SYMBOL, STB_GLOBAL, STT_OBJECT, OBJECT, 8);
        if (make_dir(NULL) != 0)
            abort();
        write_file(in_dir("cprof_nif.so"), t.bytes, sizeof(t.bytes));
        map = map_of(in_dir("cprof_nif.so"));
        map.flags = MAPS_READ;
        map.path = strdup(map.path);
    }
    const struct maps maps = {.list = &map, .count = 1};
    if (span_page_look(r, self(), &maps) != 0)
        abort();
    unlink(map.path);
}

/* Whatever a page says of its marks, and whatever they are: a page whose head
 * is right, and the rest of the input behind it. The second half of it is there
 * only at the second reading. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake fake;
    struct span_reader *r;
    uint64_t count = 0;
    size_t len;
    if (size < sizeof(page) || size > BYTES / 2)
        return 0;
    memset(&fake, 0, sizeof(fake));
    memcpy(&page, data, sizeof(page));
    page.magic = SPAN_PAGE_MAGIC;
    page.version = SPAN_PAGE_VERSION;
    page.marks_size = 1u << page.marks_size % 20;
    page.kinds_size %= SPAN_KINDS + 2;
    page.kinds_used %= page.kinds_size + 1;
    page.marks = PAGE_AT + page.marks % BYTES / 8 * 8;
    page.kinds = PAGE_AT + page.kinds % BYTES / 8 * 8;
    fake_map(&fake, 0x10000, 0x4000, "");
    fake_map(&fake, PAGE_AT, BYTES, "");
    fake_u64(&fake, 0x10000 + OBJECT, PAGE_AT);
    fake_put(&fake, PAGE_AT, data, size / 2);
    fake_put(&fake, PAGE_AT, &page, sizeof(page));
    const struct memory memory = fake_memory(&fake);
    if (span_page_open(&memory, &r) != 0)
        abort();
    look(r);
    for (uint64_t now = 1; now < 4; now++) {
        if (span_page_read(r, now * SPAN_PATIENCE_NS, on_mark, &count) != 0)
            abort();
        fake_put(&fake, PAGE_AT + size / 2, data + size / 2, size - size / 2);
    }
    span_page_kind(r, page.kinds_used, &len);
    if (len > SPAN_KIND_TEXT)
        abort();
    span_page_close(r);
    fake_free(&fake);
    return 0;
}
