/* The viewer's files, embedded into the program. */
    .section .rodata

    .balign 16
    .globl html_asset_page
    .globl html_asset_page_end
html_asset_page:
    .incbin "formats/html/page.html"
html_asset_page_end:
    .byte 0

    .balign 16
    .globl html_asset_style
    .globl html_asset_style_end
html_asset_style:
    .incbin "formats/html/page.css"
    .incbin "formats/html/tools.css"
    .incbin "formats/html/graph.css"
    .incbin "formats/html/tables.css" /* last: it has rules for small screens */
html_asset_style_end:
    .byte 0

    /* The modules of formats/html, joined (Makefile). */
    .balign 16
    .globl html_asset_script
    .globl html_asset_script_end
html_asset_script:
    .incbin "formats/page.js"
html_asset_script_end:
    .byte 0

    .section .note.GNU-stack, "", @progbits
