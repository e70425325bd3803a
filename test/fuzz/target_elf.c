#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "target/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct image *image, uint64_t vaddr)
{
    uint64_t start, len;
    const struct map map = {.start = 0x1000, .end = 0x3000, .path = ""};
    const struct image_symbol *s = image_symbol(image, vaddr);
    if (s && s->addr > vaddr)
        abort();
    if (image_function(image, vaddr, &start, &len) == 0 &&
        (start > vaddr || (len && vaddr - start >= len)))
        abort();
    const uint8_t *at = image_at(image, vaddr, 8);
    if (at && (at < image->bytes || at + 8 > image->bytes + image->len))
        abort();
    (void)image_vaddr(image, &map, vaddr);
}

/* The bytes are an ELF file; every question about it is asked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image *image;
    if (image_parse(data, size, &image) != 0)
        return 0;
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *s = &image->segments[i];
        ask(image, s->vaddr);
        ask(image, s->vaddr + s->filesz / 2);
        ask(image, s->vaddr + s->filesz);
    }
    for (size_t i = 0; i < image->symbol_count && i < 64; i++) {
        const struct image_symbol *s = &image->symbols[i];
        if (i && s[-1].addr >= s->addr)
            abort();
        ask(image, s->addr);
        if (i < 4 && image_lookup(image, s->name) == 0)
            abort();
    }
    if (image->eh_frame_hdr_len &&
        !image_at(image, image->eh_frame_hdr_addr, image->eh_frame_hdr_len))
        abort();
    image_close(image);
    return 0;
}
