/*
 * The part of the recording that is selected: a process, a state, a span of the
 * application, a thread, an interval of time. It determines the weights that the graphs show.
 *
 * A weight is a triple: `weight` is how wide a box is drawn; `first` and
 * `second` are shown as figures. They are CPU time and nothing or, in a
 * comparison, the samples now and in the base.
 */
import {NONE} from "./model.js";

export const selection = {
    process: "",   /* as for `cprof report --process`; "-": no process */
    state: "",
    span: "",      /* as for `cprof report --span`; "-": in no span */
    thread: "",
    from: 0,       /* buckets, half-open */
    to: Infinity,
    width: "now",  /* in a comparison: "now", "base", "both" */
};

export function isWholeTime() {
    return selection.from <= 0 && selection.to === Infinity;
}

export function isEverything() {
    return !selection.process && !selection.state && !selection.span &&
        !selection.thread && isWholeTime();
}

/* Entry id + 1 says whether that process is selected; entry 0 is for rows
 * without a process. */
function processMask(model, text) {
    const {pid, name, label, initial_call: call} = model.processes;
    const mask = new Uint8Array(pid.length + 1);
    const is = (id) => model.strings[id] === text;
    mask[0] = +(text === "" || text === "-");
    for (let i = 0; i < pid.length; i++)
        mask[i + 1] =
            +(text === "" || is(pid[i]) || is(name[i]) || is(label[i]) ||
              is(call[i]));
    return mask;
}

function threadMask(model, text) {
    const names = model.threads.name;
    return Uint8Array.from({length: names.length + 1}, (_, i) =>
        +(text === "" || (i > 0 && model.strings[names[i - 1]] === text)));
}

function stateMask(model, text) {
    return Uint8Array.from(model.states, (name) =>
        +(text === "" || name === text));
}

/* The part of a span's name that is its event. */
const eventOf = (name) => name.slice(0, (name + " ").indexOf("] ") + 1);

/* Entry id + 1 is for a span, entry 0 for rows in no span. A span is selected
 * with the one around it. */
function spanMask(model, text) {
    const mask = new Uint8Array(model.spanName.length + 1);
    mask[0] = +(text === "" || text === "-");
    model.spanName.forEach((name, i) => {
        const event = eventOf(name);
        mask[i + 1] = +(text === "" || name === text || event === text ||
            (event !== "" && name.slice(event.length + 1) === text) ||
            (model.spanParent[i] !== NONE &&
             mask[model.spanParent[i] + 1] === 1));
    });
    return mask;
}

/* Another event may have no row of the process, the state, the span or the
 * thread that is selected; then all are. */
export function keepSelection(model) {
    const has = (ids, mask, first) => ids.some((id) => mask[id + first] === 1);
    if (!has(model.rowProcess, processMask(model, selection.process), 1))
        selection.process = "";
    if (!has(model.rowState, stateMask(model, selection.state), 0))
        selection.state = "";
    if (!has(model.rowSpan, spanMask(model, selection.span), 1))
        selection.span = "";
    if (!has(model.rowThread, threadMask(model, selection.thread), 1))
        selection.thread = "";
}

/* How wide a sample of each side is drawn. Shares of two recordings can be
 * compared only if each is a share of its own whole. */
function sideWeights(model) {
    if (!model.compare || model.baseCounted === 0 || model.nowCounted === 0)
        return {now: 1, base: model.compare ? 1 : 0};
    const whole = (model.baseCounted + model.nowCounted) / 2;
    return {
        now: {now: 1, base: 0, both: whole / model.nowCounted}[selection.width],
        base: {now: 0, base: 1,
               both: whole / model.baseCounted}[selection.width],
    };
}

export function bucketCount(model) {
    let most = NONE;
    for (let i = 0; i < model.rowBucket.length; i++)
        if (model.rowBucket[i] > most)
            most = model.rowBucket[i];
    const whole = model.bucketUs > 0
        ? Math.ceil(model.durationUs / model.bucketUs) : 0;
    return Math.max(most + 1, Math.min(whole, 100000), 1);
}

/* By row: is it selected, whatever its time? Kept until the selection changes.
 */
const passing = {of: "", model: null, rows: null};

function passingRows(model) {
    const {process, thread, state, span} = selection;
    const what = JSON.stringify([process, thread, state, span]);
    if (passing.model === model && passing.of === what)
        return passing.rows;
    const ofProcess = processMask(model, process);
    const ofThread = threadMask(model, thread);
    const ofState = stateMask(model, state);
    const ofSpan = spanMask(model, span);
    const {rowProcess, rowThread, rowState, rowSpan} = model;
    passing.rows = rowProcess.map((_, i) => ofProcess[rowProcess[i] + 1] &
        ofThread[rowThread[i] + 1] & ofState[rowState[i]] &
        ofSpan[rowSpan[i] + 1]);
    passing.of = what;
    passing.model = model;
    return passing.rows;
}

function forEachRow(model, run) {
    const rows = passingRows(model);
    const {rowBucket} = model;
    const {from, to} = selection;
    for (let i = 0; i < rows.length; i++)
        if (rows[i] === 1 && rowBucket[i] >= from && rowBucket[i] < to)
            run(i);
}

/* The functions that give the weight, first and second of a row. */
export function rowWeight(model) {
    const {rowCount, rowBase} = model;
    if (!rowBase)
        return (i) => rowCount[i];
    const side = sideWeights(model);
    return (i) => (rowCount[i] - rowBase[i]) * side.now +
        rowBase[i] * side.base;
}

/* CPU time is left out where it is the weight. */
export function rowFirst({rowCount, rowBase, rowCpu}) {
    if (rowBase)
        return (i) => rowCount[i] - rowBase[i];
    return rowCpu && rowCpu !== rowCount ? (i) => rowCpu[i] : () => 0;
}

export const rowSecond = ({rowBase}) => rowBase ? (i) => rowBase[i] : () => 0;

/* Adds the value of each selected row i to entry at[i]; NONE leaves it out. */
export function sumRowsAt(model, at, size, value) {
    const sums = new Float64Array(size);
    forEachRow(model, (i) => {
        if (at[i] !== NONE)
            sums[at[i]] += value(i);
    });
    return sums;
}

export function wholeWeights(model) {
    const value = rowWeight(model);
    const firstOf = rowFirst(model);
    const secondOf = rowSecond(model);
    const whole = {weight: 0, first: 0, second: 0};
    forEachRow(model, (i) => {
        whole.weight += value(i);
        whole.first += firstOf(i);
        whole.second += secondOf(i);
    });
    return whole;
}

/* The weight of each time bucket, also outside the selected span of time. */
export function bucketWeights(model) {
    const sums = new Float64Array(model.buckets);
    const weight = rowWeight(model);
    const rows = passingRows(model);
    for (let i = 0; i < rows.length; i++)
        if (rows[i] === 1)
            sums[model.rowBucket[i]] += weight(i);
    return sums;
}

/* By stack: the samples with exactly this stack, in the whole recording. */
export function stackCounts(model) {
    const sums = new Float64Array(model.stackParent.length);
    for (let i = 0; i < model.rowStack.length; i++)
        if (model.rowStack[i] !== NONE)
            sums[model.rowStack[i]] += model.rowCount[i];
    return sums;
}
