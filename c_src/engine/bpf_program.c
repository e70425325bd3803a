#include "engine/bpf_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_event.h"

enum {
    RING_PER_CPU = 2 * 1024 * 1024,
    RING_MAX = 32 * 1024 * 1024,
    /* After a negative result of the callback, libbpf stops and returns it. */
    NO_MORE = -ECANCELED,
};

struct bpf_program_handle {
    struct bpf_object *object;
    /* Descriptors of its maps. */
    int setup, threads, ticks, lost, bells, away, window, hits, watches, stops;
    struct bpf_link *links[2];
    struct ring_buffer *ring;
    size_t ring_bytes;
    bpf_program_on_record *on_record;
    void *ctx;
};

/* bpf_object.S */
extern const char bpf_object_bytes[], bpf_object_bytes_end[];

static int quiet(enum libbpf_print_level level, const char *format,
                 va_list args)
{
    (void)level;
    (void)format;
    (void)args;
    return 0;
}

static size_t ring_size(int cpus)
{
    size_t size = RING_PER_CPU;
    while (size < (size_t)cpus * RING_PER_CPU && size < RING_MAX)
        size *= 2;
    return size;
}

/* The programs of the object, and which of them are loaded for what. */
static const struct {
    const char *name;
    enum bpf_program_kind kind;
} programs[] = {
    {"take_sample", BPF_PROGRAM_CPUS},
    {"note_switch", BPF_PROGRAM_WAITS},
    {"hear_bell", BPF_PROGRAM_WAITS},
    {"take_collection", BPF_PROGRAM_ALLOCATION},
    {"take_word", BPF_PROGRAM_ALLOCATION},
};
enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

static struct bpf_program *find_program(const struct bpf_program_handle *p,
                                        const char *name)
{
    return bpf_object__find_program_by_name(p->object, name);
}

static int choose_programs(struct bpf_program_handle *p,
                           enum bpf_program_kind kind)
{
    int err = 0;
    for (size_t i = 0; i < PROGRAMS && !err; i++) {
        struct bpf_program *program = find_program(p, programs[i].name);
        if (!program)
            return -E_BPF_MISSING;
        err = bpf_program__set_autoload(program, programs[i].kind == kind);
    }
    return err;
}

/* Sizes that depend on the machine must be set before the program is loaded. */
static int fit(struct bpf_program_handle *p)
{
    static const char *const by_cpu[] = {"scratches", "ticks", "waits", "bells",
                                         "stops"};
    int cpus = libbpf_num_possible_cpus();
    struct bpf_map *ring = bpf_object__find_map_by_name(p->object, "ring");
    if (cpus < 1 || !ring)
        return -E_BPF_MISSING;
    p->ring_bytes = ring_size(cpus);
    int err = bpf_map__set_max_entries(ring, (uint32_t)p->ring_bytes);
    for (size_t i = 0; i < sizeof(by_cpu) / sizeof(by_cpu[0]) && !err; i++) {
        struct bpf_map *map =
            bpf_object__find_map_by_name(p->object, by_cpu[i]);
        err = map ? bpf_map__set_max_entries(map, (uint32_t)cpus)
                  : -E_BPF_MISSING;
    }
    return err;
}

static int find_map(const struct bpf_program_handle *p, const char *name)
{
    return bpf_object__find_map_fd_by_name(p->object, name);
}

static int hand_out(void *ctx, void *record, size_t len)
{
    struct bpf_program_handle *p = ctx;
    return p->on_record(p->ctx, record, len) ? 0 : NO_MORE;
}

static int load(struct bpf_program_handle *p, enum bpf_program_kind kind)
{
    size_t bytes = (size_t)(bpf_object_bytes_end - bpf_object_bytes);
    p->object = bpf_object__open_mem(bpf_object_bytes, bytes, NULL);
    if (!p->object)
        return -errno;
    int err = choose_programs(p, kind);
    if (!err)
        err = fit(p);
    if (!err)
        err = bpf_object__load(p->object);
    if (err)
        return err;
    p->setup = find_map(p, "setup");
    p->threads = find_map(p, "threads");
    p->ticks = find_map(p, "ticks");
    p->lost = find_map(p, "lost");
    p->bells = find_map(p, "bells");
    p->away = find_map(p, "away");
    p->window = find_map(p, "window");
    p->hits = find_map(p, "hits");
    p->watches = find_map(p, "watches");
    p->stops = find_map(p, "stops");
    p->ring = ring_buffer__new(find_map(p, "ring"), hand_out, p, NULL);
    return p->ring ? 0 : -errno;
}

/* libbpf's error for kernel types that it cannot read. If they are there, it
 * had no memory for them: some 5 MB. */
static int types_error(void)
{
    return access("/sys/kernel/btf/vmlinux", R_OK) == 0 ? -ENOMEM
                                                        : -E_BPF_MISSING;
}

static int load_error(int err)
{
    if (err == -ESRCH)
        return types_error();
    if (err == -EPERM || err == -EACCES)
        return -E_BPF_DENIED;
    if (err == -ENOSYS || err == -EINVAL || err == -ENOTSUP ||
        err == -EOPNOTSUPP)
        return -E_BPF_MISSING;
    return err;
}

int bpf_program_open(enum bpf_program_kind kind,
                     bpf_program_on_record *on_record, void *ctx,
                     struct bpf_program_handle **out)
{
    struct bpf_program_handle *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->on_record = on_record;
    p->ctx = ctx;
    libbpf_set_print(quiet); /* it would write to our stderr */
    int err = load(p, kind);
    if (err) {
        bpf_program_close(p);
        return load_error(err);
    }
    *out = p;
    return 0;
}

void bpf_program_close(struct bpf_program_handle *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < sizeof(p->links) / sizeof(p->links[0]); i++)
        bpf_link__destroy(p->links[i]);
    ring_buffer__free(p->ring);
    bpf_object__close(p->object);
    free(p);
}

int bpf_program_setup(struct bpf_program_handle *p,
                      const struct bpf_setup *setup)
{
    uint32_t zero = 0;
    return bpf_map_update_elem(p->setup, &zero, setup, BPF_ANY) ? -errno : 0;
}

int bpf_program_thread(struct bpf_program_handle *p, pid_t tid,
                       const struct copy_thread *thread)
{
    return bpf_map_update_elem(p->threads, &tid, thread, BPF_ANY) ? -errno : 0;
}

void bpf_program_forget(struct bpf_program_handle *p, pid_t tid)
{
    bpf_map_delete_elem(p->threads, &tid);
}

int bpf_program_attach(struct bpf_program_handle *p, int event, int cpu)
{
    struct bpf_tick never = {0};
    int key = cpu;
    if (bpf_map_update_elem(p->ticks, &key, &never, BPF_ANY) != 0)
        return -errno;
    return perf_event_set_program(
        event, bpf_program__fd(find_program(p, "take_sample")));
}

int bpf_program_attach_waits(struct bpf_program_handle *p)
{
    size_t n = 0;
    for (size_t i = 0; i < PROGRAMS; i++) {
        if (programs[i].kind != BPF_PROGRAM_WAITS)
            continue;
        p->links[n] = bpf_program__attach(find_program(p, programs[i].name));
        if (!p->links[n++])
            return load_error(-errno);
    }
    return 0;
}

int bpf_program_bell(struct bpf_program_handle *p, int cpu, int fd)
{
    if (fd < 0)
        return bpf_map_delete_elem(p->bells, &cpu) ? -errno : 0;
    return bpf_map_update_elem(p->bells, &cpu, &fd, BPF_ANY) ? -errno : 0;
}

bool bpf_program_away(const struct bpf_program_handle *p, uint32_t key,
                      struct bpf_away *out)
{
    return bpf_map_lookup_elem(p->away, &key, out) == 0;
}

bool bpf_program_next_away(const struct bpf_program_handle *p, uint32_t *key,
                           struct bpf_away *out)
{
    /* No thread has the id 0: from there it begins. */
    while (bpf_map_get_next_key(p->away, *key ? key : NULL, key) == 0)
        if (bpf_program_away(p, *key, out))
            return true;
    return false;
}

int bpf_program_of(const struct bpf_program_handle *p, enum bpf_hits_of of)
{
    return bpf_program__fd(find_program(
        p, of == BPF_HITS_COLLECTIONS ? "take_collection" : "take_word"));
}

int bpf_program_window(struct bpf_program_handle *p,
                       const struct bpf_window *window)
{
    uint32_t zero = 0;
    return bpf_map_update_elem(p->window, &zero, window, BPF_ANY) ? -errno : 0;
}

struct bpf_hits bpf_program_hits(const struct bpf_program_handle *p,
                                 enum bpf_hits_of of)
{
    uint32_t key = of;
    struct bpf_hits hits = {0};
    bpf_map_lookup_elem(p->hits, &key, &hits);
    return hits;
}

uint64_t bpf_program_stops(const struct bpf_program_handle *p,
                           enum bpf_hits_of of, int cpu)
{
    struct bpf_stops stops = {{0}};
    bpf_map_lookup_elem(p->stops, &cpu, &stops);
    return stops.count[of];
}

int bpf_program_watch(struct bpf_program_handle *p, uint32_t which,
                      const struct bpf_watch *watch)
{
    return bpf_map_update_elem(p->watches, &which, watch, BPF_ANY) ? -errno : 0;
}

void bpf_program_wait(struct bpf_program_handle *p, uint64_t ns)
{
    struct pollfd ring = {.fd = ring_buffer__epoll_fd(p->ring),
                          .events = POLLIN};
    const struct timespec limit = {.tv_sec = (time_t)(ns / NS_PER_S),
                                   .tv_nsec = (long)(ns % NS_PER_S)};
    (void)!ppoll(&ring, 1, &limit, NULL);
}

int bpf_program_poll(struct bpf_program_handle *p, int timeout_ms)
{
    /* The program wakes us only when the ring fills; otherwise the timeout
     * does. */
    int result = timeout_ms ? ring_buffer__poll(p->ring, timeout_ms) : 0;
    if (result >= 0)
        result = ring_buffer__consume(p->ring);
    return result == NO_MORE ? 0 : result;
}

struct bpf_lost bpf_program_lost(const struct bpf_program_handle *p)
{
    uint32_t zero = 0;
    struct bpf_lost lost = {0};
    bpf_map_lookup_elem(p->lost, &zero, &lost);
    return lost;
}

size_t bpf_program_ring_bytes(const struct bpf_program_handle *p)
{
    return p->ring_bytes;
}
