/* cmocka with the headers it needs, in the order it needs them. */
#ifndef CPROF_TEST_H
#define CPROF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's own is deprecated in newer versions, its successor not in older. */
static inline bool is_within(uintmax_t value, uintmax_t least, uintmax_t most)
{
    return value >= least && value <= most;
}
#define assert_within(value, least, most)                                      \
    assert_true(is_within(value, least, most))

#endif
