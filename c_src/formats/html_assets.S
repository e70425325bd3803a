/* The viewer's files, as bytes of the program. */
    .section .rodata

    .macro asset name, file
    .balign 16
    .globl html_asset_\name
    .globl html_asset_\name\()_end
html_asset_\name:
    .incbin "\file"
html_asset_\name\()_end:
    .byte 0
    .endm

    asset page, "formats/html/page.html"
    asset style, "formats/html/viewer.css"
    asset script, "formats/html/viewer.js"

    .section .note.GNU-stack, "", @progbits
