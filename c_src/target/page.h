/**
 * @file page.h
 * The unit in which the observed process's memory is mapped, on the CPUs that
 * cprof knows: what can be read can be read to the end of its page. Without an
 * include, because the BPF program uses it, too.
 */
#ifndef CPROF_TARGET_PAGE_H
#define CPROF_TARGET_PAGE_H

enum { PAGE = 4096 }; /* bytes */

/** Bytes from an address to the end of its page, 1 to PAGE. */
#define PAGE_REST(addr) (PAGE - (addr) % PAGE)

#endif
