#include "target/jit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jit_module *m;
    uint32_t layout;
    uint64_t normal_exit;
    if (jit_parse_entry(data, size, &m, &layout, &normal_exit) != 0)
        return 0;
    for (uint32_t i = 0; i < m->function_count; i++) {
        const struct jit_function *f = &m->functions[i];
        (void)jit_line_at(m, f, f->end);
        (void)jit_function_at(m, f->start);
    }
    jit_module_free(m);
    return 0;
}
