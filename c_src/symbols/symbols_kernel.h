/**
 * @file symbols_kernel.h
 * Kernel addresses. The kernel's symbols are read for the first address; the
 * address 0 stands for the kernel as a whole.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_KERNEL_H
#define CPROF_SYMBOLS_SYMBOLS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/frame.h"
#include "symbols/kallsyms.h"

struct symbols_kernel {
    struct kallsyms table;
    bool tried;
};

void symbols_kernel_init(struct symbols_kernel *k);
void symbols_kernel_deinit(struct symbols_kernel *k);
/** The function's frame; "[kernel]" when kernel addresses are hidden from us.
 *  Its strings live until symbols_kernel_deinit. */
struct frame symbols_kernel_name(struct symbols_kernel *k, uint64_t at);

#endif
