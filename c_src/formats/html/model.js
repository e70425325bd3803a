/*
 * The page's data, which is read once for each event of the recording: text ->
 * gzip -> JSON -> columns of numbers.
 *
 *   row -> stack (a node of a trie) -> frame -> function
 *       -> process, thread, state, span (a node of another trie), time bucket
 *       -> one number for each value of the event
 *
 * Names come from the observed node, so they are put into the page only through
 * textContent.
 */
import {element} from "./page.js";

export const NONE = -1;

/* The inverse of html_pack.c: two characters are 13 bits. */
function bytesOfText(text, length) {
    const SIGNS = 91;
    const valueOf = new Uint8Array(128);
    let value = 0;
    for (let code = 33; code < 127; code++)
        if (!"&<>".includes(String.fromCharCode(code)))
            valueOf[code] = value++;
    const bytes = new Uint8Array(length);
    let held = 0;
    let bits = 0;
    let at = 0;
    for (let i = 0; i + 1 < text.length; i += 2) {
        held |= (valueOf[text.charCodeAt(i)] * SIGNS +
                 valueOf[text.charCodeAt(i + 1)]) << bits;
        for (bits += 13; bits >= 8 && at < length; bits -= 8) {
            bytes[at++] = held & 255;
            held >>>= 8;
        }
    }
    return bytes;
}

/* suffix: of the element's id; the first event has none. */
export async function readData(suffix) {
    if (typeof DecompressionStream === "undefined")
        throw new Error("this browser cannot unpack the data (it has no " +
                        "DecompressionStream); a newer one can");
    const holder = element("profile-data" + suffix);
    const packed = bytesOfText(holder.textContent,
                               Number(holder.dataset.bytes));
    holder.remove();
    const unpacked = new Blob([packed]).stream()
        .pipeThrough(new DecompressionStream("gzip"));
    return new Response(unpacked).json();
}

/* Sums up values that are stored as differences from the one before. */
function running(steps) {
    let sum = 0;
    return Int32Array.from(steps, (step) => sum += step);
}

const lessOne = (list) => Int32Array.from(list, (id) => id - 1);

/* What the rows count; see useValue. */
function valuesOf(data) {
    const first = {...data, count: data.rows.count};
    return [first, ...data.others || []].map((of) => ({
        value: of.value,
        unit: of.unit,
        counted: of.counted,
        perSample: of.per_sample || 1,
        rowCount: Float64Array.from(of.count),
    }));
}

export function makeModel(data) {
    const {functions, frames, stacks, rows} = data;
    const stackOfRow = running(rows.stack);
    return {
        values: valuesOf(data),
        bucketUs: data.bucket_us,
        durationUs: data.duration_us,
        hasParts: data.has_parts,
        kinds: data.kinds,
        states: data.states,
        strings: data.strings,
        processes: data.processes,
        threads: data.threads,
        spanName: data.spans.name.map((id) => data.strings[id]),
        spanParent: data.spans.up.map((up, i) => up === 0 ? NONE : i - up),
        fnName: functions.name.map((id) => data.strings[id]),
        fnFile: Int32Array.from(functions.file),
        fnKind: Uint8Array.from(functions.kind),
        frameFn: Int32Array.from(frames.function),
        frameLine: Int32Array.from(frames.line),
        stackParent: Int32Array.from(stacks.up,
                                     (up, i) => up === 0 ? NONE : i - up),
        stackFrame: Int32Array.from(stacks.frame),
        rowStack: stackOfRow.map((id) => id - 1),
        rowProcess: lessOne(rows.process),
        rowThread: lessOne(rows.thread),
        rowState: Uint8Array.from(rows.state),
        rowSpan: lessOne(rows.span),
        rowBucket: Int32Array.from(rows.bucket),
        /* Only in a comparison: */
        compare: data.base !== undefined,
        rowBase: data.base && Float64Array.from(data.base),
        fnChanged: data.changed && Uint8Array.from(data.changed),
        baseCounted: data.base_counted,
        nowCounted: data.now_counted,
        baseSame: data.base_same,
        nowSame: data.now_same,
    };
}
