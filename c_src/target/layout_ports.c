/*
 * Finds the fields of ports and of schedulers that run no process, without
 * samples (erts/emulator/beam/erl_port.h, erl_process.h, global.h,
 * erl_driver.h; the order is the same in OTP 25, 27 and 29):
 *
 *   Port                              ErtsSchedulerData
 *   +0  id, tag 7                     ...
 *   ...                               ssi ------------> { ..., flags @24,
 *   run_queue ------> a run queue     current_process     event @32, ... }
 *   connected: a pid       ^          ...
 *   ...                    |          current_port
 *   name                   +--------- run_queue
 *   drv_ptr -> erts_driver_t { ..., name, ..., entry, ... }
 *              entry -> ErlDrvEntry { ..., driver_name @48 }: the same pointer
 *
 * Every port's run queue is that of a scheduler. This identifies both words,
 * and so the words next to them. If several words fit, none is used.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "target/layout_parts.h"

enum {
    ESDP_WORDS = 64,
    RUN_QUEUES = 1024, /* normal schedulers, the VM's own limit */
    DRIVER_WORDS = 12,
    ENTRY_NAME = 48, /* stable, as drivers are compiled against ErlDrvEntry */
    SLEEP_EVENT = 32,
    /* ERTS_SSI_FLG_*: SLEEPING, POLL_SLEEPING, TSE_SLEEPING, WAITING,
     * SUSPENDED and MSB_EXEC */
    KNOWN_FLAGS = 0x3f,
    ASLEEP = 2 | 4,
};

/* The first words of each scheduler's data; normal schedulers come first. */
struct heads {
    uint64_t (*words)[ESDP_WORDS];
    size_t normal, count;
};

static void read_kind(const struct memory *m, const struct layout *l,
                      bool normal, struct heads *h)
{
    for (size_t i = 0; i < l->scheduler_count; i++) {
        const struct layout_scheduler *s = &l->schedulers[i];
        if (s->esdp && (s->runtime_stack != 0) == normal &&
            memory_read(m, s->esdp, h->words[h->count], sizeof(h->words[0])) ==
                0)
            h->count++;
    }
}

static int read_heads(const struct memory *m, const struct layout *l,
                      struct heads *h)
{
    *h = (struct heads){.words =
                            calloc(l->scheduler_count + 1, sizeof(*h->words))};
    if (!h->words)
        return -ENOMEM;
    read_kind(m, l, true, h);
    h->normal = h->count;
    read_kind(m, l, false, h);
    return 0;
}

/* --- run queues: current_port and connected ------------------------------- */

/* Each normal scheduler has a run queue of its own. */
static bool may_be_run_queue(const struct heads *h, size_t k)
{
    for (size_t i = 0; i < h->normal; i++) {
        if (!layout_is_pointer(h->words[i][k]))
            return false;
        for (size_t j = 0; j < i; j++)
            if (h->words[i][k] == h->words[j][k])
                return false;
    }
    return h->normal > 0;
}

static bool is_run_queue(const struct heads *h, size_t k, uint64_t word)
{
    for (size_t i = 0; i < h->normal; i++)
        if (h->words[i][k] == word)
            return true;
    return false;
}

/* Does word p of every port hold a run queue, and the next one a pid? */
static bool ports_agree(const struct layout_pieces *ports,
                        const struct heads *h, size_t k, size_t p)
{
    for (size_t i = 0; i < ports->count; i++) {
        const struct layout_piece *port = &ports->list[i];
        if (p + 1 >= port->words || !term_is_pid(port->word[p + 1]) ||
            !is_run_queue(h, k, port->word[p]))
            return false;
    }
    return true;
}

/* The word before the run queue must be 0 or a port in all schedulers. */
static bool is_current_port(const struct memory *m, const struct heads *h,
                            size_t k)
{
    for (size_t i = 0; i < h->count; i++) {
        uint64_t id, port = h->words[i][k];
        if (port && (!layout_is_pointer(port) ||
                     memory_read_u64(m, port, &id) < 0 || !term_is_port(id)))
            return false;
    }
    return true;
}

static void find_current_port(const struct memory *m, const struct heads *h,
                              const struct layout_pieces *ports,
                              struct layout *l)
{
    size_t hits = 0, at = 0, owner = 0;
    for (size_t k = 1; k < ESDP_WORDS; k++) {
        if (!may_be_run_queue(h, k))
            continue;
        for (size_t p = 1; p + 1 < LAYOUT_WORDS; p++)
            if (ports_agree(ports, h, k, p)) {
                hits++;
                at = k - 1;
                owner = p + 1;
            }
    }
    if (hits != 1 || !is_current_port(m, h, at))
        return;
    layout_set(l, LAYOUT_CURRENT_PORT, (uint32_t)at * 8);
    layout_set(l, LAYOUT_PORT_OWNER, (uint32_t)owner * 8);
}

/* --- the driver ----------------------------------------------------------- */

/* The index of the word of a driver that is its name, which its entry also
 * has; 0: it is not a driver. */
static size_t name_of_driver(const struct memory *m, uint64_t driver)
{
    uint64_t word[DRIVER_WORDS], name;
    char text;
    if (!layout_is_pointer(driver) ||
        memory_read(m, driver, word, sizeof(word)) < 0)
        return 0;
    for (size_t e = 2; e < DRIVER_WORDS; e++) {
        if (!layout_is_pointer(word[e]) ||
            memory_read_u64(m, word[e] + ENTRY_NAME, &name) < 0)
            continue;
        for (size_t k = 1; k < e; k++)
            if (word[k] == name && memory_read(m, name, &text, 1) == 0 &&
                text != '\0')
                return k;
    }
    return 0;
}

static void find_driver(const struct memory *m,
                        const struct layout_pieces *ports, struct layout *l)
{
    size_t hits = 0, hit = 0, hit_name = 0;
    for (size_t k = 1; k < LAYOUT_WORDS; k++) {
        size_t agree = 0, name = 0;
        for (size_t i = 0; i < ports->count && k < ports->list[i].words; i++) {
            size_t own = name_of_driver(m, ports->list[i].word[k]);
            if (own == 0 || (name && own != name))
                break;
            name = own;
            agree++;
        }
        if (agree == ports->count) {
            hits++;
            hit = k;
            hit_name = name;
        }
    }
    if (hits != 1)
        return;
    layout_set(l, LAYOUT_PORT_DRIVER, (uint32_t)hit * 8);
    layout_set(l, LAYOUT_DRIVER_NAME, (uint32_t)hit_name * 8);
}

int layout_ports_discover(const struct exedata *d, const struct maps *maps,
                          const struct memory *m, struct layout *l)
{
    struct layout_pieces ports;
    struct heads h;
    int err = layout_table_read(d, maps, m, LAYOUT_PORTS, &ports);
    if (err)
        return err;
    err = read_heads(m, l, &h);
    if (!err && ports.count) {
        l->ports = ports.table;
        l->port_slots = ports.table_size;
        find_current_port(m, &h, &ports, l);
        find_driver(m, &ports, l);
    }
    free(h.words);
    free(ports.list);
    return err;
}

/* --- sleep info ----------------------------------------------------------- */

static bool is_sleep_info(const struct memory *m, uint64_t ssi, bool *asleep)
{
    uint32_t flags;
    uint64_t event;
    if (!layout_is_pointer(ssi) ||
        memory_read(m, ssi + LAYOUT_SLEEP_FLAGS, &flags, sizeof(flags)) < 0 ||
        memory_read_u64(m, ssi + SLEEP_EVENT, &event) < 0 ||
        !layout_is_pointer(event))
        return false;
    *asleep |= (flags & ASLEEP) != 0;
    return (flags & ~(uint32_t)KNOWN_FLAGS) == 0;
}

/* ssi is the word before current_process since OTP 21. Flags that are 0 in all
 * schedulers prove nothing; in any node some dirty scheduler sleeps. */
void layout_ports_sleep(const struct memory *m, struct layout *l)
{
    struct heads h;
    if (!l->known[LAYOUT_CURRENT_PROCESS] ||
        l->offset[LAYOUT_CURRENT_PROCESS] < 8 || read_heads(m, l, &h) != 0)
        return;
    size_t k = l->offset[LAYOUT_CURRENT_PROCESS] / 8 - 1;
    bool asleep = false, good = h.count > 0;
    for (size_t i = 0; i < h.count; i++) {
        good &= is_sleep_info(m, h.words[i][k], &asleep);
        for (size_t j = 0; j < i; j++)
            good &= h.words[i][k] != h.words[j][k];
    }
    if (good && asleep)
        layout_set(l, LAYOUT_SLEEP_INFO, (uint32_t)k * 8);
    free(h.words);
}
