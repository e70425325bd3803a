/**
 * @file sorted.h
 * Binary search in a list of structs that is sorted by a uint64_t member,
 * usually an address. (For an exact match, use bsearch of libc.)
 */
#ifndef CPROF_BASE_SORTED_H
#define CPROF_BASE_SORTED_H

#include <stddef.h>
#include <stdint.h>

/**
 * How many elements have a member of at most key. The last of them, if any, is
 * at the result minus one.
 * @param list   may be NULL when count is 0
 * @param size   bytes of an element
 * @param offset offset of the member in an element
 */
size_t sorted_count_upto(const void *list, size_t count, size_t size,
                         size_t offset, uint64_t key);

#define SORTED_UPTO(list, count, member, key)                                  \
    sorted_count_upto((list), (count), sizeof(*(list)),                        \
                      offsetof(__typeof__(*(list)), member), (key))

#endif
