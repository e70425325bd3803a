/*
 * Parses one entry of the VM's JIT list into a module. Layout (OTP 25, 27, 29:
 * erts/emulator/beam/jit/beam_jit_metadata.cpp, struct debug_info and those
 * after it); start and end are offsets from the module's base:
 *
 *   u32 kind  0: about the VM itself, i32 frame_layout @8, normal_exit @16
 *             1: a module, u64 base @8, u32 ranges @16, u32 code_size @20,
 *                u16 name_len @24, name @26, first range at 32 + name_len
 *   range     u32 start, u32 end, u32 lines, u16 name_len, name @14,
 *             lines (or the next range) at 16 + name_len
 *   line      u32 start, u32 line, u16 file_len, file @10, next at
 *             12 + file_len
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/reader.h"
#include "target/jit.h"

enum { KIND_EMULATOR = 0, KIND_MODULE = 1, MAX_ENTRY = 64 << 20 };
enum { MIN_RANGE = 16, MIN_LINE = 12, MODULE_NAME_AT = 26 };

static const char prologue[] = "-CodeInfoPrologue";

struct parse {
    struct reader in;
    struct jit_module *module;
    char *text_end; /* where the next name goes in module->text */
    const char *last_file;
    size_t line_cap, function_cap;
};

/* The length of a name without its NUL, which the VM's length includes. */
static size_t text_len(const uint8_t *text, size_t len)
{
    return text && len && text[len - 1] == '\0' ? len - 1 : len;
}

/* Copies a name. There is room for every name and its NUL: see
 * jit_parse_entry. */
static const char *keep_text(struct parse *p, const uint8_t *text, size_t len)
{
    char *at = p->text_end;
    memcpy(at, text, len);
    at[len] = '\0';
    p->text_end += len + 1;
    return at;
}

static bool ends_with(const uint8_t *name, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);
    return len >= n && memcmp(name + len - n, suffix, n) == 0;
}

/* False for the module's header and its footer (stubs and literals), which are
 * not functions. */
static bool is_frame(const uint8_t *name, size_t len)
{
    return !ends_with(name, len, "::codeHeader") &&
           !ends_with(name, len, "::codeFooter");
}

static int add_line(struct parse *p, const struct jit_line *line)
{
    struct jit_module *m = p->module;
    int err = ARRAY_RESERVE(m->lines, p->line_cap, m->line_count + 1);
    if (!err)
        m->lines[m->line_count++] = *line;
    return err;
}

static const char *file_name(struct parse *p, const uint8_t *file, size_t len)
{
    if (!p->last_file || strlen(p->last_file) != len ||
        memcmp(p->last_file, file, len) != 0)
        p->last_file = keep_text(p, file, len);
    return p->last_file;
}

static int parse_lines(struct parse *p, uint32_t count, bool keep)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = reader_u32(&p->in);
        uint32_t number = reader_u32(&p->in);
        uint16_t len = reader_u16(&p->in);
        const uint8_t *file = reader_bytes(&p->in, len);
        reader_skip(&p->in, 2);
        if (p->in.failed)
            return -E_FORMAT;
        if (!keep)
            continue;
        size_t file_len = text_len(file, len);
        struct jit_line line = {.start = p->module->base + start,
                                .line = number,
                                .file = file_name(p, file, file_len)};
        int err = add_line(p, &line);
        if (err)
            return err;
    }
    return 0;
}

/* The prologue range before a function holds its ErtsCodeInfo; here, both are
 * one function. */
static bool continues_prologue(const struct jit_function *last,
                               const struct jit_function *next)
{
    return last->info && last->end == next->start &&
           last->first_line + last->line_count == next->first_line &&
           strcmp(last->name, next->name) == 0;
}

static void add_function(struct jit_module *m, const struct jit_function *f)
{
    struct jit_function *last =
        m->function_count ? &m->functions[m->function_count - 1] : NULL;
    if (last && continues_prologue(last, f)) {
        last->end = f->end;
        last->line_count += f->line_count;
        return;
    }
    m->functions[m->function_count++] = *f;
}

static int parse_range(struct parse *p)
{
    struct jit_module *m = p->module;
    uint32_t start = reader_u32(&p->in);
    uint32_t end = reader_u32(&p->in);
    uint32_t lines = reader_u32(&p->in);
    size_t len = reader_u16(&p->in);
    const uint8_t *name = reader_bytes(&p->in, len);
    len = text_len(name, len);
    reader_skip(&p->in, 2);
    if (p->in.failed || start > end || end > m->size ||
        lines > reader_left(&p->in) / MIN_LINE)
        return -E_FORMAT;
    bool info = ends_with(name, len, prologue);
    bool keep = is_frame(name, len) && start < end;
    struct jit_function f = {.start = m->base + start,
                             .end = m->base + end,
                             .info = info ? m->base + start : 0,
                             .first_line = m->line_count};
    if (keep)
        f.name = keep_text(p, name, info ? len - strlen(prologue) : len);
    int err = parse_lines(p, lines, keep);
    f.line_count = m->line_count - f.first_line;
    if (!err && keep)
        add_function(m, &f);
    return err;
}

static int by_start(const void *a, const void *b)
{
    const struct jit_function *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static int by_line_start(const void *a, const void *b)
{
    const struct jit_line *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void sort_lines(struct jit_line *lines, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (lines[i - 1].start > lines[i].start) {
            qsort(lines, n, sizeof(*lines), by_line_start);
            return;
        }
    }
}

/* The VM writes everything in the order of the code. It is sorted in case a
 * release changes that. */
static void sort_functions(struct jit_module *m)
{
    bool sorted = true;
    for (uint32_t i = 0; i < m->function_count; i++) {
        const struct jit_function *f = &m->functions[i];
        sorted = sorted && (i == 0 || f[-1].start <= f->start);
        if (f->line_count)
            sort_lines(&m->lines[f->first_line], f->line_count);
    }
    if (!sorted)
        qsort(m->functions, m->function_count, sizeof(*m->functions), by_start);
}

/* The VM's shared fragments are one "module" named global. Kernel also has a
 * module of this name, but only the fragments have names like global::NAME. */
static bool is_emulator(const struct jit_module *m)
{
    static const char fragment[] = "global::";
    return strcmp(m->name, "erts_beamasm") == 0 ||
           (m->function_count &&
            strncmp(m->functions[0].name, fragment, strlen(fragment)) == 0);
}

static int parse_module(struct parse *p)
{
    struct jit_module *m = p->module;
    reader_skip(&p->in, 4);
    m->base = reader_u64(&p->in);
    uint32_t ranges = reader_u32(&p->in);
    m->size = reader_u32(&p->in);
    uint16_t len = reader_u16(&p->in);
    const uint8_t *name = reader_bytes(&p->in, len);
    /* The name begins in the struct's tail padding, but the VM places the first
     * range by the struct's full size, 32 bytes. */
    reader_skip(&p->in, 32 - MODULE_NAME_AT);
    if (p->in.failed || ranges > reader_left(&p->in) / MIN_RANGE ||
        m->base + m->size < m->base)
        return -E_FORMAT;
    m->name = keep_text(p, name, text_len(name, len));
    p->function_cap = ranges ? ranges : 1;
    m->functions = calloc(p->function_cap, sizeof(*m->functions));
    if (!m->functions)
        return -ENOMEM;
    for (uint32_t i = 0; i < ranges; i++) {
        int err = parse_range(p);
        if (err)
            return err;
    }
    sort_functions(m);
    m->emulator = is_emulator(m);
    return reader_left(&p->in) == 0 ? 0 : -E_FORMAT;
}

static int parse_emulator(struct parse *p, uint32_t *frame_layout,
                          uint64_t *normal_exit)
{
    reader_skip(&p->in, 4);
    uint32_t layout = reader_u32(&p->in);
    reader_skip(&p->in, 4);
    uint64_t exit_at = reader_u64(&p->in);
    if (p->in.failed || layout > 1)
        return -E_FORMAT;
    *frame_layout = layout;
    *normal_exit = exit_at;
    p->module->emulator = true;
    p->module->name = keep_text(p, (const uint8_t *)"", 0);
    return 0;
}

int jit_parse_entry(const void *bytes, size_t len, struct jit_module **out,
                    uint32_t *frame_layout, uint64_t *normal_exit)
{
    struct jit_module *m = calloc(1, sizeof(*m));
    /* Every name's record has at least MIN_LINE other bytes, so there are at
     * most len / MIN_LINE names, each with one byte more for its NUL. */
    size_t text_size = len + len / MIN_LINE + 16;
    char *text = len <= MAX_ENTRY ? malloc(text_size) : NULL;
    if (!m || !text) {
        free(m);
        free(text);
        return len <= MAX_ENTRY ? -ENOMEM : -E_LIMIT;
    }
    m->text = text;
    struct parse p = {
        .in = reader_of(bytes, len), .module = m, .text_end = text};
    uint32_t kind = reader_u32(&p.in);
    int err = -E_FORMAT;
    if (!p.in.failed && kind == KIND_MODULE)
        err = parse_module(&p);
    else if (!p.in.failed && kind == KIND_EMULATOR)
        err = parse_emulator(&p, frame_layout, normal_exit);
    if (err) {
        jit_module_free(m);
        return err;
    }
    m->bytes = sizeof(*m) + text_size + p.function_cap * sizeof(*m->functions) +
               p.line_cap * sizeof(*m->lines);
    *out = m;
    return 0;
}

void jit_module_free(struct jit_module *module)
{
    if (!module)
        return;
    free(module->functions);
    free(module->lines);
    free(module->text);
    free(module);
}
