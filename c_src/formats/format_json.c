/* The JSON report; a comparison, a dump and a snapshot as JSON. */
#include "formats/diff_write.h"
#include "formats/dump_write.h"
#include "formats/json_sink.h"
#include "formats/snapshot_write.h"
#include "report/report.h"

static int write_report(const struct profile *p, const struct format_options *o,
                        struct buffer *out)
{
    (void)o;
    struct report report;
    struct json_sink s;
    int err = report_compute(p, &report);
    if (err)
        return err;
    json_sink_init(&s, out);
    report_walk(&report, &s.sink);
    report_deinit(&report);
    return json_sink_finish(&s);
}

int diff_json_write(const struct diff *d, const struct format_options *o,
                    struct buffer *out)
{
    (void)o;
    struct buffer sentence;
    struct json_sink s;
    buffer_init(&sentence, BUFFER_DEFAULT_MAX);
    diff_sentence_add(&sentence, d, diff_culprit(d));
    buffer_add(&sentence, "", 1);
    int err = buffer_status(&sentence);
    if (!err) {
        json_sink_init(&s, out);
        report_walk_diff(d, (const char *)sentence.data, &s.sink);
        err = json_sink_finish(&s);
    }
    buffer_deinit(&sentence);
    return err;
}

int dump_json_write(const struct dump *d, const struct format_options *o,
                    struct buffer *out)
{
    (void)o;
    struct json_sink s;
    json_sink_init(&s, out);
    report_walk_dump(d, &s.sink);
    return json_sink_finish(&s);
}

int snapshot_json_write(const struct snapshot *snapshot,
                        const struct format_options *o, struct buffer *out)
{
    (void)o;
    struct json_sink s;
    json_sink_init(&s, out);
    report_walk_snapshot(snapshot, &s.sink);
    return json_sink_finish(&s);
}

const struct format format_json = {
    .name = "json",
    .extension = ".json",
    .write = write_report,
    .write_diff = diff_json_write,
    .write_dump = dump_json_write,
    .write_snapshot = snapshot_json_write,
};
