#include "symbols/symbols_kernel.h"

void symbols_kernel_init(struct symbols_kernel *k)
{
    *k = (struct symbols_kernel){0};
}

void symbols_kernel_deinit(struct symbols_kernel *k)
{
    kallsyms_deinit(&k->table);
}

struct frame symbols_kernel_name(struct symbols_kernel *k, uint64_t at)
{
    struct frame frame = {.kind = FRAME_KERNEL,
                          .name = "[kernel]",
                          .module = "kernel",
                          .function = "[kernel]",
                          .arity = FRAME_NO_ARITY,
                          .file = ""};
    if (at && !k->tried) {
        k->tried = true;
        if (kallsyms_read(&k->table))
            kallsyms_deinit(&k->table);
    }
    const struct kallsyms_symbol *symbol = kallsyms_find(&k->table, at);
    if (symbol) {
        frame.name = frame.function = symbol->name;
        frame.module = symbol->module;
    }
    return frame;
}
