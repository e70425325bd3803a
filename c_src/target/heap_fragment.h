/**
 * @file heap_fragment.h
 * A heap fragment: a block outside of the heap that holds terms of a message,
 * or what a BIF made that did not fit into the heap (struct erl_heap_fragment
 * in erts/emulator/beam/erl_message.h). It begins with these words, and its
 * terms follow them. This file includes nothing because the BPF program
 * includes it, too.
 */
#ifndef CPROF_TARGET_HEAP_FRAGMENT_H
#define CPROF_TARGET_HEAP_FRAGMENT_H

enum heap_fragment_word {
    HEAP_FRAGMENT_NEXT,
    HEAP_FRAGMENT_OFF_HEAP, /* {first, overhead} */
    HEAP_FRAGMENT_ALLOC_SIZE = HEAP_FRAGMENT_OFF_HEAP + 2, /* in words */
    HEAP_FRAGMENT_USED_SIZE,
    HEAP_FRAGMENT_WORDS,
};

#endif
