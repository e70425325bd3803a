#include "test.h"

#include <stdio.h>

#include "base/buffer.h"
#include "target/jit_parts.h"

/* --- writing list entries the way the VM does --------------------------- */

static void put16(struct buffer *b, uint16_t v)
{
    buffer_add(b, &v, sizeof(v));
}

static void put32(struct buffer *b, uint32_t v)
{
    buffer_add(b, &v, sizeof(v));
}

static void put64(struct buffer *b, uint64_t v)
{
    buffer_add(b, &v, sizeof(v));
}

static void put_name(struct buffer *b, const char *name)
{
    buffer_add(b, name, strlen(name) + 1);
    put16(b, 0); /* tail padding */
}

static void put_module(struct buffer *b, const char *name, uint64_t base,
                       uint32_t size, uint32_t ranges)
{
    put32(b, 1);
    put32(b, 0);
    put64(b, base);
    put32(b, ranges);
    put32(b, size);
    put16(b, (uint16_t)(strlen(name) + 1));
    buffer_add(b, name, strlen(name) + 1);
    put32(b, 0);
    put16(b, 0);
}

static void put_range(struct buffer *b, const char *name, uint32_t start,
                      uint32_t end, uint32_t lines)
{
    put32(b, start);
    put32(b, end);
    put32(b, lines);
    put16(b, (uint16_t)(strlen(name) + 1));
    put_name(b, name);
}

static void put_line(struct buffer *b, uint32_t start, uint32_t line,
                     const char *file)
{
    put32(b, start);
    put32(b, line);
    put16(b, (uint16_t)(strlen(file) + 1));
    put_name(b, file);
}

static void put_emulator(struct buffer *b)
{
    put32(b, 0);
    put32(b, 0);
    put32(b, 1);
    put32(b, 0);
    put64(b, 0x7000);
    put64(b, 0);
}

/* A module m with f/1, whose code is 0x100 long. */
static void put_simple(struct buffer *b, const char *name, uint64_t base)
{
    char function[64];
    snprintf(function, sizeof(function), "%s:f/1", name);
    put_module(b, name, base, 0x100, 1);
    put_range(b, function, 0, 0x100, 0);
}

static int parse(const struct buffer *b, struct jit_module **m)
{
    uint32_t layout = 9;
    uint64_t exit_at = 0;
    return jit_parse_entry(b->data, b->len, m, &layout, &exit_at);
}

/* --- parsing ------------------------------------------------------------- */

static struct buffer full_module(void)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", 0x1000, 0x300, 5);
    put_range(&b, "m::codeHeader", 0, 0x40, 0);
    put_range(&b, "m:f/1-CodeInfoPrologue", 0x40, 0x70, 0);
    put_range(&b, "m:f/1", 0x70, 0x100, 2);
    put_line(&b, 0x40, 10, "m.erl");
    put_line(&b, 0x90, 12, "m.erl");
    put_range(&b, "m:'-g/0-fun-0-'/2", 0x100, 0x200, 0);
    put_range(&b, "m::codeFooter", 0x200, 0x300, 0);
    return b;
}

static void reads_functions_and_lines(void **state)
{
    (void)state;
    struct buffer b = full_module();
    struct jit_module *m;
    assert_int_equal(parse(&b, &m), 0);
    assert_string_equal(m->name, "m");
    assert_false(m->emulator);
    assert_int_equal(m->function_count, 2);
    const struct jit_function *f = jit_function_at(m, 0x1050);
    assert_string_equal(f->name, "m:f/1");
    assert_int_equal(f->start, 0x1040);
    assert_int_equal(f->end, 0x1100);
    assert_int_equal(f->info, 0x1040);
    assert_int_equal(jit_line_at(m, f, 0x1080)->line, 10);
    assert_int_equal(jit_line_at(m, f, 0x10ff)->line, 12);
    assert_string_equal(jit_line_at(m, f, 0x10ff)->file, "m.erl");
    assert_string_equal(jit_function_at(m, 0x1100)->name, "m:'-g/0-fun-0-'/2");
    assert_null(jit_function_at(m, 0x1000)); /* header */
    assert_null(jit_function_at(m, 0x1250)); /* footer */
    jit_module_free(m);
    buffer_deinit(&b);
}

static void reads_the_emulators_facts(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_emulator(&b);
    struct jit_module *m;
    uint32_t layout = 9;
    uint64_t exit_at = 0;
    assert_int_equal(jit_parse_entry(b.data, b.len, &m, &layout, &exit_at), 0);
    assert_int_equal(layout, 1);
    assert_int_equal(exit_at, 0x7000);
    jit_module_free(m);
    buffer_deinit(&b);
}

static void tells_the_vms_fragments_from_kernels_global(void **state)
{
    (void)state;
    const char *functions[] = {"global::call_bif_shared", "global:start/0"};
    for (int i = 0; i < 2; i++) {
        struct buffer b;
        buffer_init(&b, 1 << 20);
        put_module(&b, "global", 0x1000, 0x100, 1);
        put_range(&b, functions[i], 0, 0x100, 0);
        struct jit_module *m;
        assert_int_equal(parse(&b, &m), 0);
        assert_int_equal(m->emulator, i == 0);
        jit_module_free(m);
        buffer_deinit(&b);
    }
}

static void refuses_every_truncation_and_excess(void **state)
{
    (void)state;
    struct buffer b = full_module();
    struct jit_module *m;
    for (size_t len = 0; len < b.len; len++) {
        struct buffer cut = {.data = malloc(len ? len : 1), .len = len};
        memcpy(cut.data, b.data, len);
        assert_int_equal(parse(&cut, &m), -E_FORMAT);
        free(cut.data);
    }
    put32(&b, 0);
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_deinit(&b);
}

static void refuses_ranges_outside_the_code(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", 0x1000, 0x100, 1);
    put_range(&b, "m:f/1", 0x80, 0x101, 0);
    struct jit_module *m;
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_deinit(&b);
}

/* --- following a list that changes --------------------------------------- */

enum { MEMORY = 1 << 16, BASE = 0x100000, DESCRIPTOR = BASE };

/* A node's memory: the descriptor, and entries put where the test says. */
struct node {
    uint8_t bytes[MEMORY];
    int reads_until_tear; /* then `tear` is done, once */
    void (*tear)(struct node *n);
};

static int read_node(void *ctx, struct memory_span *spans, size_t n)
{
    struct node *node = ctx;
    if (node->reads_until_tear > 0 && --node->reads_until_tear == 0)
        node->tear(node);
    int done = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = spans[i].addr - BASE;
        spans[i].ok = at < MEMORY && spans[i].len <= MEMORY - at;
        if (spans[i].ok)
            memcpy(spans[i].to, node->bytes + at, spans[i].len);
        done += spans[i].ok;
    }
    return done;
}

static void write_at(struct node *n, uint64_t addr, const void *bytes,
                     size_t len)
{
    memcpy(n->bytes + (addr - BASE), bytes, len);
}

static uint64_t first_entry(struct node *n)
{
    uint64_t first;
    memcpy(&first, n->bytes + JIT_FIRST_ENTRY, sizeof(first));
    return first;
}

static struct jit_link *link_at(struct node *n, uint64_t addr)
{
    return (struct jit_link *)(n->bytes + (addr - BASE));
}

/* Links an entry at slot (its symfile right behind it) at the head. */
static void load(struct node *n, int slot, const struct buffer *symfile)
{
    uint64_t addr = BASE + 0x1000 * (uint64_t)(slot + 1);
    uint64_t old = first_entry(n);
    struct jit_link link = {
        .next = old, .symfile = addr + sizeof(link), .size = symfile->len};
    write_at(n, addr, &link, sizeof(link));
    write_at(n, link.symfile, symfile->data, symfile->len);
    if (old)
        link_at(n, old)->prev = addr;
    write_at(n, DESCRIPTOR + JIT_FIRST_ENTRY, &addr, sizeof(addr));
}

static void purge(struct node *n, int slot)
{
    uint64_t addr = BASE + 0x1000 * (uint64_t)(slot + 1);
    struct jit_link *link = link_at(n, addr);
    if (link->next)
        link_at(n, link->next)->prev = link->prev;
    if (link->prev)
        link_at(n, link->prev)->next = link->next;
    else
        write_at(n, DESCRIPTOR + JIT_FIRST_ENTRY, &link->next, 8);
    memset(link, 0xdd, sizeof(*link));
}

static void load_simple(struct node *n, int slot, const char *name,
                        uint64_t base)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_simple(&b, name, base);
    load(n, slot, &b);
    buffer_deinit(&b);
}

static struct jit *follow_node(struct node *n)
{
    struct jit *jit = calloc(1, sizeof(*jit));
    jit->memory = (struct memory){read_node, n};
    jit->descriptor = DESCRIPTOR;
    jit_entries_init(&jit->entries);
    assert_int_equal(jit_refresh(jit), 0);
    return jit;
}

static const char *name_at(const struct jit *jit, uint64_t addr, uint64_t time)
{
    const struct jit_module *m;
    int err = jit_find(jit, addr, time, &m);
    return err == -E_AMBIGUOUS ? "?" : err ? "-" : m->name;
}

static struct node *new_node(void)
{
    struct node *n = calloc(1, sizeof(*n));
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_emulator(&b);
    load(n, 0, &b);
    buffer_deinit(&b);
    load_simple(n, 1, "old", 0x1000);
    return n;
}

static void names_have_the_time_of_their_code(void **state)
{
    (void)state;
    struct node *n = new_node();
    struct jit *jit = follow_node(n);
    uint64_t before = jit_read_at(jit);
    assert_int_equal(jit_changed(jit), 0);
    assert_string_equal(name_at(jit, 0x1010, before), "old");

    purge(n, 1);
    load_simple(n, 2, "new", 0x1000);
    assert_int_equal(jit_changed(jit), 1);
    uint64_t verified = jit_read_at(jit);
    assert_int_equal(jit_refresh(jit), 0);
    const struct jit_module *new = jit_module(jit, 1);
    assert_int_equal(new->absent_at, verified);
    assert_string_equal(name_at(jit, 0x1010, verified), "old");
    assert_string_equal(name_at(jit, 0x1010, verified + 1), "?");
    assert_string_equal(name_at(jit, 0x1010, new->seen_from), "new");
    assert_string_equal(name_at(jit, 0x1010, new->seen_from + 1), "new");
    assert_string_equal(name_at(jit, 0x1200, new->seen_from), "-");
    assert_int_equal(jit_counters(jit).loaded, 1);
    assert_int_equal(jit_counters(jit).removed, 1);
    jit_close(jit);
    free(n);
}

/* OTP 25 never unlinks an entry. */
static void the_newest_of_overlapping_modules_wins(void **state)
{
    (void)state;
    struct node *n = new_node();
    struct jit *jit = follow_node(n);
    uint64_t before = jit_read_at(jit);
    load_simple(n, 2, "new", 0x1000);
    assert_int_equal(jit_refresh(jit), 0);
    uint64_t after = jit_module(jit, 1)->seen_from;
    assert_string_equal(name_at(jit, 0x1010, before), "old");
    assert_string_equal(name_at(jit, 0x1010, after), "new");
    jit_close(jit);
    free(n);
}

static void an_entrys_place_can_be_taken_by_another(void **state)
{
    (void)state;
    struct node *n = new_node();
    struct jit *jit = follow_node(n);
    purge(n, 1);
    load_simple(n, 1, "two", 0x1000); /* same place, same size */
    assert_int_equal(jit_refresh(jit), 0);
    assert_string_equal(name_at(jit, 0x1010, jit_module(jit, 1)->seen_from),
                        "two");
    jit_close(jit);
    free(n);
}

static void tear_once(struct node *n)
{
    purge(n, 1);
    load_simple(n, 3, "later", 0x3000);
}

static void a_torn_walk_is_done_again_and_counted(void **state)
{
    (void)state;
    for (int reads = 2; reads < 6; reads++) {
        struct node *n = new_node();
        struct jit *jit = follow_node(n);
        load_simple(n, 2, "new", 0x2000);
        n->reads_until_tear = reads;
        n->tear = tear_once;
        assert_int_equal(jit_refresh(jit), 0);
        assert_int_equal(jit_refresh(jit), 0);
        uint64_t now = jit_read_at(jit) + 1000000000;
        assert_string_equal(name_at(jit, 0x2010, now), "new");
        assert_string_equal(name_at(jit, 0x3010, now), "later");
        assert_string_equal(name_at(jit, 0x1010, now), "-");
        jit_close(jit);
        free(n);
    }
}

static void garbage_links_and_cycles_end(void **state)
{
    (void)state;
    struct node *n = new_node();
    struct jit *jit = follow_node(n);
    load_simple(n, 2, "new", 0x2000);
    link_at(n, first_entry(n))->next = first_entry(n); /* a cycle */
    assert_int_equal(jit_refresh(jit), -E_TORN);
    link_at(n, first_entry(n))->next = 0x42; /* nowhere */
    assert_int_equal(jit_refresh(jit), -E_TORN);
    assert_true(jit_counters(jit).torn >= 2);
    assert_string_equal(name_at(jit, 0x1010, jit_read_at(jit)), "old");
    jit_close(jit);
    free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_functions_and_lines),
        cmocka_unit_test(reads_the_emulators_facts),
        cmocka_unit_test(tells_the_vms_fragments_from_kernels_global),
        cmocka_unit_test(refuses_every_truncation_and_excess),
        cmocka_unit_test(refuses_ranges_outside_the_code),
        cmocka_unit_test(names_have_the_time_of_their_code),
        cmocka_unit_test(the_newest_of_overlapping_modules_wins),
        cmocka_unit_test(an_entrys_place_can_be_taken_by_another),
        cmocka_unit_test(a_torn_walk_is_done_again_and_counted),
        cmocka_unit_test(garbage_links_and_cycles_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
