/**
 * @file page.h
 * The page size of the CPUs that cprof supports. Memory is mapped by pages, so
 * whatever can be read can be read up to the end of its page. This file
 * includes nothing because the BPF program includes it, too.
 */
#ifndef CPROF_TARGET_PAGE_H
#define CPROF_TARGET_PAGE_H

enum { PAGE = 4096 }; /* bytes */

/** Bytes from an address to the end of its page, 1 to PAGE. */
#define PAGE_REST(addr) (PAGE - (addr) % PAGE)

#endif
