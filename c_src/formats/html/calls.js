/*
 * The graph of calls, from the first function down: stacks are merged into
 * boxes, one for each function and caller. Boxes are numbered level by level.
 * Those of one caller are side by side, the widest in the whole recording
 * first. So
 *
 *   the boxes that a box calls are start[box] .. end[box] - 1
 *   a box comes after its caller
 *
 * The structure is built once, and again when kinds are hidden: the samples of
 * a hidden function then count for its caller. weighCalls fills in the weights
 * of the selection, many times a second while a brush is dragged.
 */
import {NONE} from "./model.js";
import {rowFirst, rowSecond, rowWeight, sumRowsAt} from "./selection.js";

export const ROOT = 0;

/* A hash table from (caller, function) to a box, in one typed array. */
function boxTable(most) {
    let size = 16;
    while (size < most * 2)
        size *= 2;
    return new Int32Array(size).fill(NONE);
}

function mergeStacks(model, hidden) {
    const n = model.stackParent.length;
    const {stackParent, stackFrame, frameFn, fnKind} = model;
    const parent = new Int32Array(n + 1).fill(NONE);
    const fn = new Int32Array(n + 1).fill(NONE);
    const boxOf = new Int32Array(n);
    const slots = boxTable(n + 1);
    let count = 1;
    for (let i = 0; i < n; i++) {
        const under = stackParent[i] === NONE ? ROOT : boxOf[stackParent[i]];
        const f = frameFn[stackFrame[i]];
        if (hidden.has(fnKind[f])) {
            boxOf[i] = under;
            continue;
        }
        let at = Math.imul(Math.imul(under, 0x9e3779b1) ^ f, 0x85ebca6b);
        for (at = (at ^ at >>> 15) & slots.length - 1; slots[at] !== NONE;
             at = at + 1 & slots.length - 1)
            if (parent[slots[at]] === under && fn[slots[at]] === f)
                break;
        if (slots[at] === NONE) {
            parent[count] = under;
            fn[count] = f;
            slots[at] = count++;
        }
        boxOf[i] = slots[at];
    }
    return {size: count, parent, fn, boxOf};
}

/* Adds every value to that of its caller, from the end, because callers come
 * first. */
function sumUp(values, parent) {
    for (let i = values.length - 1; i > 0; i--)
        values[parent[i]] += values[i];
    return values;
}

function totalsOf(merged, weights) {
    const total = new Float64Array(merged.size);
    for (let i = 0; i < merged.boxOf.length; i++)
        total[merged.boxOf[i]] += weights[i];
    return sumUp(total, merged.parent);
}

/* The children of a box are children[start[box] .. start[box + 1]), the largest
 * first. */
function sortChildren({size, parent, fn}, total) {
    const start = new Int32Array(size + 1);
    for (let i = 1; i < size; i++)
        start[parent[i] + 1]++;
    for (let i = 0; i < size; i++)
        start[i + 1] += start[i];
    const fill = start.slice(0, size);
    const children = new Int32Array(Math.max(size - 1, 0));
    for (let i = 1; i < size; i++)
        children[fill[parent[i]]++] = i;
    for (let i = 0; i < size; i++)
        if (start[i + 1] - start[i] > 1)
            children.subarray(start[i], start[i + 1])
                .sort((a, b) => total[b] - total[a] || fn[a] - fn[b]);
    return {start, children};
}

/* Numbers the boxes level by level. */
function numberBoxes(merged, {start, children}) {
    const {size, parent, fn, boxOf} = merged;
    const order = new Int32Array(size); /* old ids */
    const id = new Int32Array(size);
    const calls = {
        size,
        parent: new Int32Array(size).fill(NONE),
        fn: new Int32Array(size).fill(NONE),
        depth: new Int32Array(size),
        start: new Int32Array(size),
        end: new Int32Array(size),
        boxOf: new Int32Array(boxOf.length),
    };
    let next = 1;
    for (let box = 0; box < size; box++) {
        const old = order[box];
        calls.start[box] = next;
        for (let c = start[old]; c < start[old + 1]; c++) {
            order[next] = children[c];
            id[children[c]] = next;
            calls.parent[next] = box;
            calls.fn[next] = fn[children[c]];
            calls.depth[next] = calls.depth[box] + 1;
            next++;
        }
        calls.end[box] = next;
    }
    for (let i = 0; i < boxOf.length; i++)
        calls.boxOf[i] = id[boxOf[i]];
    return calls;
}

/* Sets outer[box]: no box above it is of the same function. */
function markOuter(calls, functions) {
    const above = new Int32Array(functions);
    const outer = new Uint8Array(calls.size);
    let box = ROOT;
    const next = calls.start.slice(); /* by box: its next child to enter */
    while (box !== NONE) {
        if (next[box] < calls.end[box]) {
            box = next[box]++;
            outer[box] = +(above[calls.fn[box]]++ === 0);
        } else {
            if (box !== ROOT)
                above[calls.fn[box]]--;
            box = calls.parent[box];
        }
    }
    calls.outer = outer;
}

/* Links the stacks of each box, which have its lines: firstStack[box], then
 * nextStack[stack]. */
function listStacks(calls) {
    calls.firstStack = new Int32Array(calls.size).fill(NONE);
    calls.nextStack = new Int32Array(calls.boxOf.length).fill(NONE);
    for (let i = 0; i < calls.boxOf.length; i++) {
        const box = calls.boxOf[i];
        calls.nextStack[i] = calls.firstStack[box];
        calls.firstStack[box] = i;
    }
}

export function buildCalls(model, hidden) {
    const merged = mergeStacks(model, hidden);
    const sorted = sortChildren(merged, totalsOf(merged, model.stackCount));
    const calls = numberBoxes(merged, sorted);
    calls.rowBox = model.rowStack.map((stack) =>
        stack === NONE ? NONE : calls.boxOf[stack]);
    markOuter(calls, model.fnName.length);
    listStacks(calls);
    calls.open = () => {};
    return calls;
}

function weighBoxes(calls, model, name, value, whole) {
    const self = sumRowsAt(model, calls.rowBox, calls.size, value);
    calls[name + "Self"] = self;
    calls[name] = sumUp(Float64Array.from(self), calls.parent);
    calls[name][ROOT] = whole; /* includes samples without a stack */
}

/* left[box]: the weight to the left of the box, in the whole graph. */
function placeBoxes({size, start, end, weight}) {
    const left = new Float64Array(size);
    for (let box = 0; box < size; box++) {
        let at = left[box];
        for (let c = start[box]; c < end[box]; c++) {
            left[c] = at;
            at += weight[c];
        }
    }
    return left;
}

/* The figures of a box other than its weight, computed only when they are
 * needed. */
export function weighTold(calls, model, whole) {
    weighBoxes(calls, model, "first", rowFirst(model), whole.first);
    weighBoxes(calls, model, "second", rowSecond(model), whole.second);
    calls.told = true;
}

export function weighCalls(calls, model, whole) {
    weighBoxes(calls, model, "weight", rowWeight(model), whole.weight);
    calls.left = placeBoxes(calls);
    calls.told = false;
}
