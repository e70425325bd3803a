/**
 * @file stack_code.h
 * Why JIT code calls the garbage collector: for room on the heap, or only for
 * room on the stack, which grows towards it. Pure.
 */
#ifndef CPROF_SYMBOLS_STACK_CODE_H
#define CPROF_SYMBOLS_STACK_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Does the call that returns to code + ret ask only for room on the stack?
 *  false also if that cannot be told. `code` begins some 40 bytes before that,
 *  and ends 8 bytes behind it, or is the whole function. */
bool stack_code_only(const uint8_t *code, size_t len, size_t ret);
/** Does a function, of which this is all code, ask for room on the heap? */
bool stack_code_allocates(const uint8_t *code, size_t len);

#endif
