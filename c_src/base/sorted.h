/**
 * @file sorted.h
 * Search in a list of structs sorted by a uint64_t member, an address mostly.
 * (For an exact match there is bsearch of libc.)
 */
#ifndef CPROF_BASE_SORTED_H
#define CPROF_BASE_SORTED_H

#include <stddef.h>
#include <stdint.h>

/**
 * How many leading elements have a member of at most key; so the last of them
 * is the element before that index, if any.
 * @param list   may be NULL when count is 0
 * @param size   bytes of an element
 * @param offset of the member in it
 */
size_t sorted_count_upto(const void *list, size_t count, size_t size,
                         size_t offset, uint64_t key);

#define SORTED_UPTO(list, count, member, key)                                  \
    sorted_count_upto((list), (count), sizeof(*(list)),                        \
                      offsetof(__typeof__(*(list)), member), (key))

#endif
