/*
 * What is chosen of the recording: a process, a state, a thread, a span of
 * time. From it come the weights of all stacks, which the graphs show.
 *
 * A weight is a triple: `weight`, which is how wide a stack is drawn; `first`
 * and `second`, which are told: CPU time and nothing, or, of a comparison,
 * the samples now and in the base.
 */
const selection = {
    process: "",   /* as `cprof report --process`; "-": of no process */
    state: "",
    thread: "",
    from: 0,       /* buckets, half-open */
    to: Infinity,
    width: "now",  /* of a comparison: "now", "base", "both" */
};

function isWholeTime() {
    return selection.from <= 0 && selection.to === Infinity;
}

function isEverything() {
    return !selection.process && !selection.state && !selection.thread &&
        isWholeTime();
}

/* Entry id + 1 is whether that process is chosen; entry 0 is of none. */
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

/* How wide a sample is drawn, by side: shares of two recordings only compare
 * when each is of its own whole. */
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

function bucketCount(model) {
    let most = NONE;
    for (let i = 0; i < model.rowBucket.length; i++)
        if (model.rowBucket[i] > most)
            most = model.rowBucket[i];
    const whole = model.bucketUs > 0
        ? Math.ceil(model.durationUs / model.bucketUs) : 0;
    return Math.max(most + 1, Math.min(whole, 100000), 1);
}

function noWeights(stacks, buckets) {
    return {
        weight: new Float64Array(stacks),
        first: new Float64Array(stacks),
        second: new Float64Array(stacks),
        buckets: new Float64Array(buckets), /* of all times */
        whole: {weight: 0, first: 0, second: 0},
    };
}

/* One pass over the rows. */
function weighStacks(model) {
    const weights = noWeights(model.stackParent.length, model.buckets);
    const {weight, first, second, buckets, whole} = weights;
    const process = processMask(model, selection.process);
    const thread = threadMask(model, selection.thread);
    const state = stateMask(model, selection.state);
    const side = sideWeights(model);
    const {rowStack, rowProcess, rowThread, rowState, rowBucket, rowCount,
           rowCpu, rowBase} = model;
    for (let i = 0; i < rowStack.length; i++) {
        if (!process[rowProcess[i] + 1] || !thread[rowThread[i] + 1] ||
            !state[rowState[i]])
            continue;
        const base = rowBase ? rowBase[i] : 0;
        const now = rowCount[i] - base;
        const wide = now * side.now + base * side.base;
        buckets[rowBucket[i]] += wide;
        if (rowBucket[i] < selection.from || rowBucket[i] >= selection.to)
            continue;
        const told = rowBase ? now : rowCpu[i];
        whole.weight += wide;
        whole.first += told;
        whole.second += base;
        if (rowStack[i] === NONE)
            continue;
        weight[rowStack[i]] += wide;
        first[rowStack[i]] += told;
        second[rowStack[i]] += base;
    }
    return weights;
}
