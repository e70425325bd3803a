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

/** One engine, tried. */
struct advice_engine {
    const char *name;
    bool opt_in; /**< never taken by itself */
    bool built;  /**< it is in this program */
    int err;     /**< 0: works; else explained by rights_explain */
};

struct advice_facts {
    struct rights rights;
    struct advice_engine engines[8]; /**< best first */
    size_t engine_count;
    bool node_given; /**< then rights.read_node is of a node */
    bool node_gaps;  /**< something of its VM was not recognised */
    int node_err;    /**< of attaching to it, explained; 0: fine, or none */
};

/** The one step that would help most. */
enum advice {
    ADVICE_NOTHING,   /**< everything works as well as it can */
    ADVICE_ROOT,      /**< run it with sudo */
    ADVICE_HOST,      /**< run it outside the container, or give that rights */
    ADVICE_BUILD,     /**< build it with clang and libbpf */
    ADVICE_PARANOID,  /**< lower kernel.perf_event_paranoid */
    ADVICE_LAUNCH,    /**< start the node by `cprof record --` */
    ADVICE_REBOOT,    /**< Yama's level 3 stays until the next boot */
    ADVICE_OTHER_PID, /**< this process is not a node that can be sampled */
    ADVICE_REPORT,    /**< cprof does not know this VM well enough */
    ADVICE_KERNEL,    /**< only another kernel or other settings of it help */
};

/** What can be read of nodes. */
enum advice_memory {
    ADVICE_ALL_NODES,
    ADVICE_OWN_NODES,     /**< those of this user */
    ADVICE_STARTED_NODES, /**< those that `cprof record -- COMMAND` starts */
    ADVICE_NO_NODES,
};

enum advice advice_choose(const struct advice_facts *f);
enum advice_memory advice_memory(const struct advice_facts *f);
/** What `record` takes by itself; NULL: nothing. */
const struct advice_engine *advice_engine_taken(const struct advice_facts *f);
/** Can anything be recorded, even if only with an engine that is opt_in? */
bool advice_can_record(const struct advice_facts *f);
/** 0, or the explained error, of reading the node's memory, as far as it is
 *  known without one. */
int advice_memory_error(const struct advice_facts *f);
/** 0, or the explained error, of samples that show time in the kernel. */
int advice_kernel_error(const struct advice_facts *f);
/**
 * One line, the command to run first where there is one.
 * @param program  path of this program
 * @param pid      of the node, 0: none given
 */
void advice_line(enum advice advice, const char *program, pid_t pid, char *line,
                 size_t size);

#endif
