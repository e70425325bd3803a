/**
 * @file err.h
 * Error codes of the program. Every function that can fail returns 0 (or a
 * count) on success and a negative int on failure: -errno for what the system
 * refused, -E_* below for what we refused. Codes travel up unchanged; only
 * cli/ and port/ turn them into a sentence, with err_text().
 */
#ifndef CPROF_BASE_ERR_H
#define CPROF_BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

/* Above every errno. Each folder has a block of its own, so that a code tells
 * which layer it comes from. */
enum err {
    /* base */
    E_SHORT = 4096, /**< the bytes end before the value does */
    E_LIMIT,        /**< a stated limit of ours would be exceeded */
    E_FORMAT,       /**< the bytes do not have the form that they should have */
    E_TIME,         /**< the time limit passed before the work was done */

    /* target */
    E_NO_PROCESS = 4196, /**< no process with that pid */
    E_GONE,              /**< the process ended, or its pid was reused */
    E_NOT_BEAM,          /**< the process is not an Erlang VM */
    E_NOT_JIT,           /**< an Erlang VM without the JIT: no symbol list */
    E_NO_ACCESS,         /**< the process's memory may not be read */
    E_TORN,              /**< the node changed the data while it was read */
    E_NOT_FOUND,         /**< what was looked for does not exist */
    E_LAYOUT,            /**< the VM's layout does not validate */
    E_STARTING,          /**< a VM with the JIT that has no code yet */
    E_CODE_LIST,         /**< the code list is longer than our limits */
    E_COLLECTOR,         /**< the garbage collector was not recognised */

    /* symbols, unwind */
    E_UNRESOLVED = 4296, /**< no name for that address */
    E_AMBIGUOUS,         /**< code was replaced around the sample's time */

    /* engine */
    E_NO_ENGINE = 4396, /**< no sampling engine can work here */
    E_PERF_DENIED,      /**< perf_event_open is not permitted */
    E_MEMLOCK,          /**< no room for the rings within RLIMIT_MEMLOCK */
    E_UNKNOWN_ENGINE,   /**< no engine of that name */
    E_BPF_DENIED,       /**< loading BPF programs is not permitted */
    E_BPF_MISSING,      /**< BPF is missing, too old, or not built in */
    E_PERF_PARANOID,    /**< kernel.perf_event_paranoid forbids perf events */
    E_SECCOMP,          /**< a seccomp filter forbids the system call */
    E_YAMA,             /**< Yama forbids reading that process */
    E_RATE,             /**< more samples a second than the engine takes */
    E_SATURATED,        /**< more runnable threads than CPUs: a thread that is
                             stopped could wait long before it runs again */
    E_TRACED,           /**< another program traces the process */
    E_NO_BREAKPOINTS,   /**< the machine has no breakpoints in hardware */
    E_BREAKPOINTS_USED, /**< all of them are in use */

    /* profile */
    E_PATTERN = 4446, /**< a regular expression does not compile */
    E_NO_FUNCTION,    /**< no function of the name asked for */
    E_NO_TIMELINE,    /**< a time was asked for, but no times were recorded */
    E_EMPTY,          /**< nothing to compare: no sample of work */
    E_NO_MATCH,       /**< none of the requested processes was sampled */
    E_VALUES,         /**< the recordings' rows count different things */
    E_WALL,           /**< recordings of process time cannot be compared */
    E_NO_EVENT,       /**< the recording is not of the event asked for */
    E_EVENTS,         /**< several events, where only one can be shown */
    E_NO_SPAN,        /**< the recording has no span of that name */

    /* formats, port */
    E_UNKNOWN_FORMAT = 4496, /**< no such output format */
    E_NOT_A_PROFILE,         /**< the file is neither our recording nor pprof */
    E_UNPACKED,              /**< the file unpacks to more than we read */
    E_WORK,                  /**< the file would take far more time to read than
                                  its size explains */
    E_PROTOCOL,              /**< the other side of the port broke protocol */
    E_EPMD,                  /**< no epmd answers */
    E_UNREGISTERED,          /**< epmd knows no node of that name */
    E_UNREACHABLE,           /**< the node's port accepts no connection */
    E_TLS,                   /**< the node's distribution uses TLS */
    E_COOKIE,                /**< the node refused the cookie */
    E_REFUSED,               /**< the node refused the connection */
    E_LONG_NAME,             /**< our name at the node's host is too long */
    E_NAMES_TAKEN,           /**< all our names are connected to the node */
    E_OTHER_NODE,            /**< the node is not the process that was meant */
    E_SILENT,                /**< the node does not answer */
    E_CLOSED,                /**< the node closed the connection */
    E_ANSWER,                /**< an answer is not one to the question */

    /* cli */
    E_USAGE = 4596, /**< the command line is wrong; already reported */
    E_PLANTED,      /**< output: another user's file, where anyone may create
                         files */
    E_PLANTED_LINK, /**< output: a link, where anyone may create links */
    E_NO_READER,    /**< output: a pipe that nobody reads */
    E_NO_FILE,      /**< output: a socket or a disk; results cannot go there */
};

/**
 * One English sentence for a code, without a full stop, never NULL; for our
 * own codes it says what to do. The string is static, or strerror's.
 * @param code  a negative int returned by any function of the program
 */
const char *err_text(int code);

#endif
