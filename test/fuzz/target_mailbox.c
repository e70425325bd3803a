#include <stdlib.h>
#include <string.h>

#include "fake_memory.h"

#include "target/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1000 };

/* Whatever is where a queue is said to be: it is followed to an end. The memory
 * begins at 0, so that small words are addresses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mailbox b = {.messages = 0};
    struct mailbox_queue q;
    struct fake fake;
    if (size < sizeof(q))
        return 0;
    memcpy(&q, data, sizeof(q));
    memset(&fake, 0, sizeof(fake));
    fake_map(&fake, 0, size, "");
    fake_put(&fake, 0, data, size);
    const struct memory memory = fake_memory(&fake);
    int err = mailbox_add(&memory, &q, MOST, &b);
    if ((err != 0 && err != 1 && err != -E_TORN) || b.messages > MOST ||
        (err == 1 && !b.at_least))
        abort();
    fake_free(&fake);
    return 0;
}
