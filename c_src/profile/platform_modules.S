/* The list of modules, embedded into the program. */
    .section .rodata
    .globl platform_modules
    .globl platform_modules_end
platform_modules:
    .incbin "profile/platform_modules.txt"
platform_modules_end:
    .byte 0

    .section .note.GNU-stack, "", @progbits
