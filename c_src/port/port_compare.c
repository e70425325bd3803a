#include "port/port_compare.h"

#include "formats/diff_recordings.h"
#include "formats/diff_write.h"
#include "port/port_output.h"

static int read_side(struct port_recordings recordings, const struct filter *f,
                     struct diff_recordings *side)
{
    const uint8_t *bytes;
    size_t len;
    int err = recordings.left > 0 ? 0 : -E_USAGE;
    while (!err && port_next_recording(&recordings, &bytes, &len))
        err = diff_recordings_add(side, bytes, len, f);
    return err;
}

static int reply(const struct port_request *r, const struct format *format,
                 const struct diff *d, struct buffer *out)
{
    const struct format_options how = {.top = (unsigned)r->top};
    struct buffer bytes, sentence;
    buffer_init(&bytes, PORT_MAX_PACKET);
    buffer_init(&sentence, PORT_MAX_PACKET);
    int err = format->write_diff(d, &how, &bytes);
    diff_sentence_add(&sentence, d, diff_culprit(d));
    buffer_add(&sentence, "", 1); /* the end of a C string */
    if (!err)
        err = buffer_status(&sentence);
    if (!err)
        err = port_reply_diff(
            out, r->ref, d,
            &(struct port_diff){bytes.data, bytes.len,
                                (const char *)sentence.data,
                                diff_grew_above(d, r->fail_above)});
    buffer_deinit(&bytes);
    buffer_deinit(&sentence);
    return err;
}

int port_compare(const struct port_request *r, struct buffer *out)
{
    const struct format *format =
        format_by_name(r->format[0] ? r->format : "text");
    if (!format || !format->write_diff)
        return -E_UNKNOWN_FORMAT;
    struct port_names names;
    const struct filter filter = port_filter(r, &names);
    const struct diff_options options = {.min_effect = r->min_effect / 100};
    struct diff_recordings base = {0}, now = {0};
    struct diff *d = NULL;
    int err = read_side(r->base, &filter, &base);
    if (!err)
        err = read_side(r->now, &filter, &now);
    if (!err)
        err = diff_recordings_compare(&base, &now, &options, &d);
    diff_recordings_deinit(&base);
    diff_recordings_deinit(&now);
    if (err)
        return err;
    err = reply(r, format, d, out);
    diff_destroy(d);
    return err;
}
