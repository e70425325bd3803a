/* The viewer's files, as bytes of the program. */
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
    .incbin "formats/html/tables.css" /* the last: small screens */
html_asset_style_end:
    .byte 0

    /* One script of several files, in the order in which they need another. */
    .balign 16
    .globl html_asset_script
    .globl html_asset_script_end
html_asset_script:
    .incbin "formats/html/model.js"
    .incbin "formats/html/selection.js"
    .incbin "formats/html/figures.js"
    .incbin "formats/html/calls.js"
    .incbin "formats/html/callers.js"
    .incbin "formats/html/view.js"
    .incbin "formats/html/colors.js"
    .incbin "formats/html/draw.js"
    .incbin "formats/html/tip.js"
    .incbin "formats/html/search.js"
    .incbin "formats/html/functions.js"
    .incbin "formats/html/timeline.js"
    .incbin "formats/html/selectors.js"
    .incbin "formats/html/address.js"
    .incbin "formats/html/keys.js"
    .incbin "formats/html/start.js"
html_asset_script_end:
    .byte 0

    .section .note.GNU-stack, "", @progbits
