#include "base/sorted.h"

#include <string.h>

size_t sorted_count_upto(const void *list, size_t count, size_t size,
                         size_t offset, uint64_t key)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t member;
        memcpy(&member, (const char *)list + middle * size + offset,
               sizeof(member));
        if (member <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
