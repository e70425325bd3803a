/**
 * @file frame.h
 * A frame in the form that people read. symbols/ makes it from an address, and
 * profile/ interns it. Strings are borrowed, never NULL.
 */
#ifndef CPROF_PROFILE_FRAME_H
#define CPROF_PROFILE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum frame_kind {
    FRAME_ERLANG,
    FRAME_ELIXIR,
    FRAME_BIF,     /**< Erlang name of a function implemented in the VM */
    FRAME_NIF,     /**< Erlang name of a function implemented in a library */
    FRAME_NATIVE,  /**< a C function */
    FRAME_GC,      /**< "[gc]" */
    FRAME_RUNTIME, /**< the VM's own work: "[scheduler]", "[elided]", ... */
    FRAME_KERNEL,
    FRAME_KIND_COUNT
};

enum { FRAME_NO_ARITY = -1 };

struct frame {
    enum frame_kind kind;
    const char *name;     /**< as written in its language: "lists:seq/2",
                               "Enum.map/2", "anonymous fn/1 in Mod.f/2",
                               "memcpy", "beam.smp+0x1a2b30" */
    const char *module;   /**< "lists", "Elixir.Enum", the object file of a C
                               function, "" if none */
    const char *function; /**< "seq", "-run/2-fun-0-", "memcpy" */
    int arity;            /**< or FRAME_NO_ARITY */
    const char *file;     /**< "" if not known */
    uint32_t line;        /**< 0 if not known */
    uint32_t most;        /**< of a leaf that names who is waited for: how many
                               waited at once, see waits.h; 0: not known */
};

/** Are samples in C and kernel code below a frame of this kind charged to it?
 *  (breakdown.h) */
bool frame_is_charged(enum frame_kind kind);
const char *frame_kind_name(enum frame_kind kind);
/** 0, or -E_FORMAT if no kind has that name. */
int frame_kind_parse(const char *name, enum frame_kind *kind);

#endif
