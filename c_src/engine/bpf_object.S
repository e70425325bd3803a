/* The compiled BPF program, as bytes in this program. */
    .section .rodata
    .balign 16
    .globl bpf_object_bytes, bpf_object_bytes_end
bpf_object_bytes:
    .incbin "engine/sampler.bpf.o"
bpf_object_bytes_end:
    .byte 0

    .section .note.GNU-stack, "", @progbits
