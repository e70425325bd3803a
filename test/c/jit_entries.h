/*
 * Writes entries of the VM's JIT list the way the VM does (OTP source:
 * erts/emulator/beam/jit/beam_jit_metadata.cpp).
 */
#ifndef CPROF_TEST_JIT_ENTRIES_H
#define CPROF_TEST_JIT_ENTRIES_H

#include "test.h"

#include <stdio.h>

#include "base/buffer.h"

static inline void put16(struct buffer *b, uint16_t v)
{
    buffer_add(b, &v, sizeof(v));
}

static inline void put32(struct buffer *b, uint32_t v)
{
    buffer_add(b, &v, sizeof(v));
}

static inline void put64(struct buffer *b, uint64_t v)
{
    buffer_add(b, &v, sizeof(v));
}

static inline void put_name(struct buffer *b, const char *name)
{
    buffer_add(b, name, strlen(name) + 1);
    put16(b, 0); /* tail padding */
}

static inline void put_module(struct buffer *b, const char *name, uint64_t base,
                              uint32_t size, uint32_t ranges)
{
    put32(b, 1);
    put32(b, 0);
    put64(b, base);
    put32(b, ranges);
    put32(b, size);
    put16(b, (uint16_t)(strlen(name) + 1));
    buffer_add(b, name, strlen(name) + 1);
    put32(b, 0);
    put16(b, 0);
}

static inline void put_range(struct buffer *b, const char *name, uint32_t start,
                             uint32_t end, uint32_t lines)
{
    put32(b, start);
    put32(b, end);
    put32(b, lines);
    put16(b, (uint16_t)(strlen(name) + 1));
    put_name(b, name);
}

static inline void put_line(struct buffer *b, uint32_t start, uint32_t line,
                            const char *file)
{
    put32(b, start);
    put32(b, line);
    put16(b, (uint16_t)(strlen(file) + 1));
    put_name(b, file);
}

static inline void put_emulator(struct buffer *b)
{
    put32(b, 0);
    put32(b, 0);
    put32(b, 1);
    put32(b, 0);
    put64(b, 0x7000);
    put64(b, 0);
}

/* A module m with f/1, whose code is 0x100 long. */
static inline void put_simple(struct buffer *b, const char *name, uint64_t base)
{
    char function[64];
    snprintf(function, sizeof(function), "%s:f/1", name);
    put_module(b, name, base, 0x100, 1);
    put_range(b, function, 0, 0x100, 0);
}

#endif
