/**
 * @file layout.h
 * Where things are inside the VM: learnt from the running node, checked again
 * and again, never taken on trust. The table by release (layout_hints.c) only
 * says where to look first. A field whose `known` bit is not set is not used.
 *
 * How each is found, and the OTP files it comes from
 * (erts/emulator/beam/erl_process.h, jit/x86/beam_asm.hpp, process_main.cpp):
 *   xoff          decoded from JIT code: lea rsp,[rbx-xoff]
 *   stop, htop    decoded from JIT code: mov rsp,[r13+stop],
 *                 mov r15,[r13+htop]
 *   schedulers    words of the executable's .data/.bss that point to an array
 *                 of ErtsSchedulerData: the glibc TCB at esdp->tid holds a tid
 *                 of the process; the stride is found by searching on
 *   runtime stack esdp->registers: constant for a scheduler thread
 *   ports         a Port and an ErtsSchedulerData point to the same run queue,
 *                 and a driver has its name twice (layout_ports.c)
 *   sleep info    its flags can have few values
 *   the rest      words that agree in all processes, or with what samples show
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

/** Bytes from Port.name to the next field, Port.drv_ptr, and from there to the
 *  next one, Port.drv_data (erl_port.h). */
enum { LAYOUT_NAME_BEFORE_DRIVER = 8, LAYOUT_DATA_AFTER_DRIVER = 8 };

/** The fields of the VM's structs that cprof uses, as byte offsets. */
enum layout_field {
    LAYOUT_XOFF,            /**< rbx - runtime stack */
    LAYOUT_STOP,            /**< Process.stop */
    LAYOUT_HTOP,            /**< Process.htop */
    LAYOUT_HEND,            /**< Process.hend */
    LAYOUT_ID,              /**< Process.common.id */
    LAYOUT_REG,             /**< Process.common.u.alive.reg */
    LAYOUT_INITIAL,         /**< Process.u.initial (MFA) */
    LAYOUT_CONTINUATION,    /**< Process.i: where a process that does not run
                                 JIT code continues */
    LAYOUT_DICTIONARY,      /**< Process.dictionary, a ProcDict or 0 */
    LAYOUT_STATE,           /**< Process.state, u32: flags (base/procstate.h) */
    LAYOUT_SCHEDULER_DATA,  /**< Process.scheduler_data */
    LAYOUT_CURRENT_PROCESS, /**< ErtsSchedulerData.current_process */
    LAYOUT_TAUGHT_COUNT,    /* the fields above can be learnt from samples */
    /** ErtsSchedulerData.ssi, ErtsSchedulerSleepInfo, whose flags are at
     *  LAYOUT_SLEEP_FLAGS */
    LAYOUT_SLEEP_INFO = LAYOUT_TAUGHT_COUNT,
    LAYOUT_CURRENT_PORT, /**< ErtsSchedulerData.current_port */
    LAYOUT_PORT_OWNER,   /**< Port.connected, a pid; Port.common.id is at 0 */
    LAYOUT_PORT_DRIVER,  /**< Port.drv_ptr */
    LAYOUT_DRIVER_NAME,  /**< erts_driver_t.name, a C string */
    LAYOUT_FIELD_COUNT
};

/** Offset of ErtsSchedulerSleepInfo.flags (u32) in OTP 25, 27 and 29. */
enum { LAYOUT_SLEEP_FLAGS = 24 };

/** Process.current (erl_process.h) comes right after the words of
 *  Process.u.initial. What it points to shows whether that is true. */
enum { LAYOUT_CURRENT_AFTER_INITIAL = 24 };

/** One scheduler thread of the VM. */
struct layout_scheduler {
    pid_t tid;
    uint64_t esdp;          /**< its ErtsSchedulerData; 0: unknown (learnt
                                 from a sample, not found in the data) */
    uint64_t runtime_stack; /**< RS: C code that JIT code calls runs below it,
                                 with its return address at RS - 8; 0: a
                                 dirty scheduler, which runs no JIT code */
};

struct layout {
    uint32_t offset[LAYOUT_FIELD_COUNT];
    bool known[LAYOUT_FIELD_COUNT];
    struct layout_scheduler *schedulers; /**< sorted by tid */
    size_t scheduler_count, scheduler_cap;
    uint32_t process_bytes;  /**< bytes of a Process up to the last field */
    uint64_t checks, failed; /**< validations: all, and failed ones */
    int release;             /**< OTP release, by the emulator's path; else that
                                  of the hints that fit; else 25 or 26, by the
                                  format of pid terms; 0: unknown */
    uint64_t table;          /**< address of the process table; 0: not found */
    uint64_t table_place;    /**< of the VM's pointer to it, in an ErtsPTab */
    uint64_t table_size;     /**< its slots, a power of two, for
                                  erlproc_pid_text; 0: not found */
    uint64_t ports;          /**< address of the port table; 0: not found */
    uint64_t port_slots;     /**< its slots, as table_size */
    struct layout_state *state; /* what layout_learn keeps between samples */
};

/**
 * Discovers what can be known without a sample. jit is borrowed until
 * layout_deinit, the other arguments only for the call. A field that is not
 * found stays unknown; that is not an error.
 * @return 0, -ENOMEM, or a memory error
 */
MUST_USE int layout_discover(const struct process *p, const struct maps *maps,
                             const struct memory *m, const struct jit *jit,
                             const struct threads *threads, struct layout *out);
void layout_deinit(struct layout *l);

/** Is any field unknown? */
bool layout_has_gaps(const struct layout *l);
/**
 * Looks again for what is unknown, because a node that has just been started
 * does not show everything yet. What is known stays. Takes as long as
 * layout_discover, and returns the same.
 */
MUST_USE int layout_complete(struct layout *l, const struct process *p,
                             const struct maps *maps, const struct memory *m,
                             const struct threads *threads);

/** The scheduler of a thread; NULL when the thread is not known to be one.
 *  Valid until the next layout_learn or layout_complete. */
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
 * Learns from a sample in JIT code, or checks what is known against it; for
 * this it reads a little of the node's memory. A field that fails its check
 * twice in a row becomes unknown. Once all is known this is cheap: then only
 * one sample in 64 is looked at.
 */
void layout_learn(struct layout *l, const struct memory *m,
                  const struct layout_evidence *e);

/** The fields that are unknown, as text for the report ("hend, stop"); "" when
 *  there are none. Writes at most size bytes. */
void layout_missing(const struct layout *l, char *text, size_t size);

/** The OTP release, by the erts version in an emulator's path; 0: the path has
 *  none. */
int layout_hints_release(const char *exe);

#endif
