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

#endif
