/**
 * @file array.h
 * Growable arrays: a pointer from malloc, and the number of elements that the
 * array has room for.
 */
#ifndef CPROF_BASE_ARRAY_H
#define CPROF_BASE_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"

/** The most elements that an array may have: far more than any recording needs,
 *  and few enough to fit into memory. */
enum { ARRAY_MAX = 1 << 26 };

/**
 * Makes room for `need` elements and some more (half of `need`, plus 64), so
 * that repeated calls cost little.
 * @param cap   elements that there is room for; updated on success
 * @param size  bytes of an element
 * @return the array, which may have moved; NULL if there is not enough memory
 *         or `need` is above ARRAY_MAX, and then the array is unchanged
 */
static inline void *array_grow(void *list, size_t *cap, size_t need,
                               size_t size)
{
    size_t more = need + need / 2 + 64;
    void *moved = need <= ARRAY_MAX ? realloc(list, more * size) : NULL;
    if (moved)
        *cap = more;
    return moved;
}

/** Makes room for `need` elements in list (a pointer variable). cap (an
 * unsigned variable) says how many there is room for, and is updated. Returns
 * 0, -ENOMEM, or -E_LIMIT above ARRAY_MAX. */
#define ARRAY_RESERVE(list, cap, need)                                         \
    __extension__({                                                            \
        size_t array_cap_ = (cap);                                             \
        int array_err_ = 0;                                                    \
        if ((size_t)(need) > array_cap_) {                                     \
            void *array_moved_ =                                               \
                array_grow((list), &array_cap_, (need), sizeof(*(list)));      \
            if (array_moved_) {                                                \
                (list) = array_moved_;                                         \
                (cap) = (__typeof__(cap))array_cap_;                           \
            } else {                                                           \
                array_err_ = (need) > ARRAY_MAX ? -E_LIMIT : -ENOMEM;          \
            }                                                                  \
        }                                                                      \
        array_err_;                                                            \
    })

#endif
