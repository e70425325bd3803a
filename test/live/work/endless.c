/*
 * A process that looks like a VM with a list of code of nearly a million
 * modules: one entry follows the other, all with the same code. Its program is
 * to be named beam.smp. Prints a line when the list is there, and then waits
 * for the end of its stdin.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 990000, RANGES = 20, NAME = 18 };

struct entry { /* struct jit_code_entry of the VM */
    struct entry *next, *prev;
    const void *symfile;
    uint64_t size;
};

struct {
    uint32_t version, action;
    struct entry *relevant, *first;
} __jit_debug_descriptor = {1, 0, NULL, NULL};

static uint8_t symfile[4096];

static size_t put(size_t at, const void *bytes, size_t len)
{
    memcpy(symfile + at, bytes, len);
    return at + len;
}

/* The layout is in c_src/target/jit_parse.c. */
static size_t make_symfile(void)
{
    const struct {
        uint64_t kind, base;
        uint32_t ranges, size;
        uint16_t name_len;
    } __attribute__((packed)) head = {1, 0x10000000, RANGES, RANGES * 16, NAME};
    size_t at = put(0, &head, sizeof(head));
    at = put(at, "a_module_of_a_list", NAME) + 6;
    for (uint32_t i = 0; i < RANGES; i++) {
        const struct {
            uint32_t start, end, lines;
            uint16_t name_len;
        } __attribute__((packed)) range = {i * 16, i * 16 + 16, 0, NAME};
        at = put(at, &range, sizeof(range));
        at = put(at, "a_module:a_func/10", NAME) + 2;
    }
    return at;
}

int main(void)
{
    struct entry *list = calloc(COUNT, sizeof(*list));
    size_t size = make_symfile();
    if (!list)
        return 1;
    for (size_t i = 0; i < COUNT; i++)
        list[i] = (struct entry){i + 1 < COUNT ? &list[i + 1] : NULL,
                                 i ? &list[i - 1] : NULL, symfile, size};
    __jit_debug_descriptor.first = list;
    printf("ready\n");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
