#include <stdlib.h>
#include <string.h>

#include "target/jit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static size_t check_lines(const struct jit_module *m,
                          const struct jit_function *f)
{
    size_t bytes = strlen(f->name);
    require(f->first_line + (uint64_t)f->line_count <= m->line_count);
    for (uint32_t i = 0; i < f->line_count; i++) {
        const struct jit_line *line = &m->lines[f->first_line + i];
        require(i == 0 || line[-1].start <= line->start);
        require(jit_line_at(m, f, line->start)->start == line->start);
        bytes += strlen(line->file);
    }
    return bytes;
}

/* One entry of the VM's JIT list: what is accepted is as jit.h says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jit_module *m;
    uint32_t layout = 0;
    uint64_t normal_exit = 0;
    if (jit_parse_entry(data, size, &m, &layout, &normal_exit) != 0)
        return 0;
    size_t bytes = strlen(m->name);
    for (uint32_t i = 0; i < m->function_count; i++) {
        const struct jit_function *f = &m->functions[i];
        require(f->start < f->end && f->start >= m->base);
        require(f->end - m->base <= m->size);
        require(i == 0 || f[-1].start <= f->start);
        (void)jit_function_at(m, f->start);
        bytes += check_lines(m, f);
    }
    jit_module_free(m);
    require(bytes <= size);
    return 0;
}
