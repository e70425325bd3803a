/* Any bytes as machine code. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "symbols/bifs_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bifs_code stub;
    uint64_t target, targets[4];
    struct bifs_code_site site;
    size_t at = 0;
    bool slot;
    if (bifs_code_decode(data, size, 0x7f0000000000, &stub) &&
        (stub.count < 1 || stub.count > BIFS_CODE_TARGETS))
        abort();
    while (bifs_code_next_site(data, size, &at, &site))
        if (at > size)
            abort();
    (void)bifs_code_site_before(data, size, &site);
    (void)bifs_code_export_before(data, size);
    if (bifs_code_jumps(data, size, 0x7f0000000000, targets, 4) > 4)
        abort();
    (void)bifs_code_call(data, size, 0x7f0000000000, &target, &slot);
    if (bifs_code_calls(data, size, 0x7f0000000000, targets, 4) > 4)
        abort();
    return 0;
}
