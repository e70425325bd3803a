/**
 * @file layout.h
 * Where things are inside the VM: learned from the running node, checked
 * again and again, never taken on trust. The table by release
 * (layout_hints.c) only says where to look first; a field whose `known` bit
 * is not set is not used.
 *
 * How each is found, and the OTP files it comes from
 * (erts/emulator/beam/erl_process.h, jit/x86/beam_asm.hpp, process_main.cpp):
 *   xoff          decoded from JIT code: lea rsp,[rbx-xoff]
 *   stop, htop    decoded from JIT code: mov rsp,[r13+stop],
 *                 mov r15,[r13+htop]
 *   schedulers    words of the executable's .data/.bss that lead to an
 *                 ErtsSchedulerData array: esdp->tid's glibc TCB holds a tid
 *                 of the process; the stride by scanning on
 *   runtime stack esdp->registers: constant for a scheduler thread
 *   ports         what a Port and an ErtsSchedulerData have in common, and
 *                 the two names of a driver (layout_ports.c)
 *   sleep info    what its flags may be
 *   the rest      process fields that agree with what samples show
 */
#ifndef CPROF_TARGET_LAYOUT_H
#define CPROF_TARGET_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "target/jit.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/threads.h"

/** Bytes from Port.name to Port.drv_ptr, the next field (erl_port.h). */
enum { LAYOUT_NAME_BEFORE_DRIVER = 8 };

/** Fields of struct Process and ErtsSchedulerData we use, as byte offsets. */
enum layout_field {
    LAYOUT_XOFF,            /**< rbx - runtime stack */
    LAYOUT_STOP,            /**< Process.stop */
    LAYOUT_HTOP,            /**< Process.htop */
    LAYOUT_HEND,            /**< Process.hend */
    LAYOUT_ID,              /**< Process.common.id */
    LAYOUT_REG,             /**< Process.common.u.alive.reg */
    LAYOUT_INITIAL,         /**< Process.u.initial (MFA) */
    LAYOUT_CONTINUATION,    /**< Process.i: where a process that does not run
                                 JIT code goes on */
    LAYOUT_DICTIONARY,      /**< Process.dictionary, a ProcDict or 0 */
    LAYOUT_STATE,           /**< Process.state, u32: flags (base/procstate.h) */
    LAYOUT_SCHEDULER_DATA,  /**< Process.scheduler_data */
    LAYOUT_CURRENT_PROCESS, /**< ErtsSchedulerData.current_process */
    LAYOUT_TAUGHT_COUNT,    /* samples can teach those before */
    /** ErtsSchedulerData.ssi, ErtsSchedulerSleepInfo, whose flags are at
     *  LAYOUT_SLEEP_FLAGS */
    LAYOUT_SLEEP_INFO = LAYOUT_TAUGHT_COUNT,
    LAYOUT_CURRENT_PORT, /**< ErtsSchedulerData.current_port */
    LAYOUT_PORT_OWNER,   /**< Port.connected, a pid; its id is at 0 */
    LAYOUT_PORT_DRIVER,  /**< Port.drv_ptr */
    LAYOUT_DRIVER_NAME,  /**< erts_driver_t.name, a C string */
    LAYOUT_FIELD_COUNT
};

/** Of ErtsSchedulerSleepInfo: u32, the same in OTP 25, 27 and 29. */
enum { LAYOUT_SLEEP_FLAGS = 24 };

/** One scheduler thread of the VM. */
struct layout_scheduler {
    pid_t tid;
    uint64_t esdp;          /**< its ErtsSchedulerData; 0: unknown (learnt
                                 from a sample, not found in the data) */
    uint64_t runtime_stack; /**< RS: C code called from JIT code runs below
                                 it, its return address is at RS - 8; 0: a
                                 dirty scheduler, which runs no JIT code */
};

struct layout {
    uint32_t offset[LAYOUT_FIELD_COUNT];
    bool known[LAYOUT_FIELD_COUNT];
    struct layout_scheduler *schedulers; /**< sorted by tid */
    size_t scheduler_count, scheduler_cap;
    uint32_t process_bytes;  /**< how much of a Process holds every field */
    uint64_t checks, failed; /**< validations done, and not passed */
    int release;             /**< OTP release, by the emulator's path, else of
                                  the hints that fit, else (by the shape of pid
                                  terms) 25 or 26; 0: unknown */
    uint64_t table;          /**< address of the process table; 0: not found */
    uint64_t table_size;     /**< its slots, a power of two, for
                                  erlproc_pid_text; 0: not found */
    uint64_t port_slots;     /**< the same of the port table */
    struct layout_state *state; /* what layout_learn keeps between samples */
};

/**
 * Discovers what can be known without a sample; jit is borrowed until
 * layout_deinit, the rest for the call. Never fails for a field it
 * cannot find: that field stays unknown.
 * @return 0, or a memory error.
 */
MUST_USE int layout_discover(const struct process *p, const struct maps *maps,
                             const struct memory *m, const struct jit *jit,
                             const struct threads *threads, struct layout *out);
void layout_deinit(struct layout *l);

/** Is a field unknown? */
bool layout_has_gaps(const struct layout *l);
/**
 * Looks again for what is unknown: a node that has just been started shows
 * little yet. What is known stays. Takes as long as layout_discover.
 */
MUST_USE int layout_complete(struct layout *l, const struct process *p,
                             const struct maps *maps, const struct memory *m,
                             const struct threads *threads);

/** NULL when the thread is no scheduler of the VM (or is not known to be).
 *  Valid until the next layout_learn. */
const struct layout_scheduler *layout_scheduler(const struct layout *l,
                                                pid_t tid);

/** What one sample taken in JIT code shows about a running process. */
struct layout_evidence {
    pid_t tid;
    uint64_t c_p;           /**< r13 */
    uint64_t rbx;           /**< register array: rbx - xoff == runtime stack */
    uint64_t stack_pointer; /**< rsp */
    uint64_t exit_slot; /**< address of the normal_exit word on the stack, or
                             0 when the copy did not reach it */
};

/**
 * Learns from a sample in JIT code (reads a little memory of the node), or
 * checks what is known against it; a field that fails its check twice in a
 * row becomes unknown. Cheap once all is known: it then looks at one sample
 * in 64.
 */
void layout_learn(struct layout *l, const struct memory *m,
                  const struct layout_evidence *e);

/** Which fields are unknown, as text for the report ("hend, reg"); "" when
 *  none. Writes at most size bytes. */
void layout_missing(const struct layout *l, char *text, size_t size);

/** OTP release of the erts version in an emulator's path; 0: not told. */
int layout_hints_release(const char *exe);

#endif
