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
#define assert_within(value, least, most)                                      \
    do {                                                                       \
        uintmax_t within = (uintmax_t)(value);                                 \
        assert_true(within >= (uintmax_t)(least) &&                            \
                    within <= (uintmax_t)(most));                              \
    } while (0)

#endif
