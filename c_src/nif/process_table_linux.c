#include "nif/process_table.h"

#include <erl_nif.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "nif/self_memory.h"

/* Offsets in struct ErtsPTabReadOnlyData from its first member, `tab`. That of
 * `max` is the same in all releases; `element_size` was moved in OTP 26. */
enum { AT_MAX = 16, AT_SIZE_25 = 80, AT_SIZE_26 = 104 };
enum { SIZE_LEAST = 512, SIZE_MOST = 2048 };

struct search {
    uint64_t pid, process, enif;
    uint32_t limit;
    struct process_table found;
    unsigned hits;
};

static bool stands_there(const struct search *s, const struct process_table *t)
{
    uint64_t word;
    uint32_t slot = slot_of_pid(t, s->pid);
    return slot < t->limit &&
           self_memory_read(t->slots + 8ull * slot, &word, sizeof(word)) == 0 &&
           word == s->process;
}

static void try_place(struct search *s, const uint64_t *place)
{
    uint32_t limit;
    memcpy(&limit, (const char *)place + AT_MAX, sizeof(limit));
    if (limit != s->limit || *place % 8 != 0 || *place == 0)
        return;
    for (int how = PID_HIGH_WORD; how <= PID_LOW_BITS; how++) {
        struct process_table t = {.place = (uintptr_t)place,
                                  .slots = *place,
                                  .limit = limit,
                                  .how = (enum pid_to_slot)how};
        if (stands_there(s, &t)) {
            s->found = t;
            s->hits++;
            return;
        }
    }
}

static void search_segment(struct search *s, uint64_t start, uint64_t end)
{
    start = (start + 7) & ~7ull;
    for (uint64_t at = start; at + AT_MAX + 4 <= end; at += 8)
        try_place(s, (const uint64_t *)(uintptr_t)at);
}

/* The executable is the object that contains the NIF API. */
static int search_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    struct search *s = arg;
    bool its = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        its |= h->p_type == PT_LOAD &&
               s->enif - info->dlpi_addr - h->p_vaddr < h->p_memsz;
    }
    for (int i = 0; its && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && h->p_flags & PF_W)
            search_segment(s, info->dlpi_addr + h->p_vaddr,
                           info->dlpi_addr + h->p_vaddr + h->p_memsz);
    }
    return its;
}

static int read_size(struct process_table *t)
{
    static const unsigned places[] = {AT_SIZE_25, AT_SIZE_26};
    unsigned plausible = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uint32_t size = 0;
        if (self_memory_read(t->place + places[i], &size, sizeof(size)) == 0 &&
            size >= SIZE_LEAST && size <= SIZE_MOST && size % 8 == 0) {
            t->size = size;
            plausible++;
        }
    }
    return plausible == 1 ? 0 : -EPROTO;
}

/* Walks read the counter of processes there without checking the address. */
static bool has_surroundings(const struct process_table *t)
{
    char around[TABLE_BEFORE + TABLE_AFTER];
    return self_memory_read(t->place - TABLE_BEFORE, around, sizeof(around)) ==
           0;
}

int process_table_find(uint64_t own_pid, uint64_t own_process, uint32_t limit,
                       struct process_table *out)
{
    struct search s = {.pid = own_pid,
                       .process = own_process,
                       .enif = (uintptr_t)enif_self,
                       .limit = limit};
    if (!term_is_pid(own_pid) || limit == 0 || (limit & (limit - 1)) != 0)
        return -ENOENT;
    dl_iterate_phdr(search_object, &s);
    if (s.hits != 1)
        return s.hits ? -ENOTUNIQ : -ENOENT;
    int err = has_surroundings(&s.found) ? read_size(&s.found) : -EPROTO;
    if (!err)
        *out = s.found;
    return err;
}

uint64_t process_table_at(const struct process_table *t, uint64_t pid)
{
    uint32_t slot = slot_of_pid(t, pid);
    if (!term_is_pid(pid) || slot >= t->limit)
        return 0;
    const uint64_t *slots = (const uint64_t *)(uintptr_t)t->slots;
    return __atomic_load_n(&slots[slot], __ATOMIC_ACQUIRE);
}
