/**
 * @file advice.h
 * Decides what the user should do about engines and rights that do not work.
 * Pure, so that every combination of rights can be tested.
 */
#ifndef CPROF_CLI_ADVICE_H
#define CPROF_CLI_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engine/rights.h"

/** An engine that was tried. */
struct advice_engine {
    const char *name;
    bool opt_in; /**< never used by default */
    bool built;  /**< part of this program */
    int err; /**< 0: works; otherwise an error, explained by rights_explain */
};

struct advice_facts {
    struct rights rights;
    struct advice_engine engines[8]; /**< best first */
    size_t engine_count;
    bool node_given; /**< the user gave a node: rights.read_node is about it */
    bool node_gaps;  /**< a part of its VM was not recognised */
    int node_err;    /**< explained error of attaching to it; 0: none */
};

/** The one step that would help most. */
enum advice {
    ADVICE_NOTHING,  /**< everything works as well as it can */
    ADVICE_ROOT,     /**< run cprof with sudo */
    ADVICE_HOST,     /**< run cprof outside the container, or give the container
                          more rights */
    ADVICE_BUILD,    /**< build cprof with clang and libbpf */
    ADVICE_PARANOID, /**< lower kernel.perf_event_paranoid */
    ADVICE_LAUNCH,   /**< start the node with `cprof record --` */
    ADVICE_REBOOT,   /**< reboot: Yama's level 3 cannot be lowered before */
    ADVICE_OTHER_PID, /**< this process is not a node that can be sampled */
    ADVICE_REPORT,    /**< cprof does not know this VM well enough */
    ADVICE_KERNEL,    /**< only another kernel or other kernel settings help */
};

/** Of which nodes the memory can be read. */
enum advice_memory {
    ADVICE_ALL_NODES,
    ADVICE_OWN_NODES,     /**< those of this user */
    ADVICE_STARTED_NODES, /**< those that `cprof record -- COMMAND` starts */
    ADVICE_NO_NODES,
};

enum advice advice_choose(const struct advice_facts *f);
enum advice_memory advice_memory(const struct advice_facts *f);
/** The engine that `record` uses by default; NULL: none. */
const struct advice_engine *advice_engine_taken(const struct advice_facts *f);
/** Can anything be recorded, perhaps only with an engine that is opt_in? */
bool advice_can_record(const struct advice_facts *f);
/** 0, or the explained error of reading the node's memory. If no node was
 * given, the answer is about nodes in general. */
int advice_memory_error(const struct advice_facts *f);
/** 0, or the explained error of sampling time in the kernel. */
int advice_kernel_error(const struct advice_facts *f);
/**
 * Writes the advice as one line; if a command helps, the line begins with it.
 * @param program  path of this program
 * @param pid      of the node; 0: none was given
 */
void advice_line(enum advice advice, const char *program, pid_t pid, char *line,
                 size_t size);

#endif
