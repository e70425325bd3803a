#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "profile/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A condition that parses has a limit, and can be judged; one that does not has
 * a sentence that says why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256], why[CONDITION_WHY] = "";
    struct condition c;
    struct vitals v;
    if (size >= sizeof(text))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (condition_parse(text, &c, why) != 0) {
        if (!*why || !memchr(why, '\0', sizeof(why)))
            abort();
        return 0;
    }
    if (c.at_end)
        return 0;
    if (!isfinite(c.limit) || c.limit < 0 || c.vital >= VITALS)
        abort();
    vitals_unknown(&v);
    for (int i = 1; i < 20; i++) {
        v.at_ns = (uint64_t)i << 32;
        v.value[c.vital] = i < 10 ? c.limit + 1 : NAN;
        if (condition_judge(&c, &v) == CONDITION_FIRES && i >= 10)
            abort();
    }
    return 0;
}
