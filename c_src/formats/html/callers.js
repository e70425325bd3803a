/*
 * The graph of callers, which begins with the function that ran: the boxes in
 * which samples were taken are merged by function; below each are its callers,
 * below these their callers, and so on. The whole graph would be as large as
 * all stacks together, so a box is opened only when it is wide enough to be
 * seen.
 *
 *   ends:  |  boxes of the graph of calls in which samples were taken  |
 *   box:      [from, to)  a span of ends; its callers divide that span
 *
 * at[i] is the box that the walk up from end i has reached.
 */
import {NONE} from "./model.js";
import {ROOT} from "./calls.js";

function boxLists() {
    return {size: 0, parent: [], fn: [], depth: [], from: [], to: [],
            start: [], end: [], weight: [], left: []};
}

function addCaller(callers, parent, {fn, from, size, weight}, left) {
    callers.parent.push(parent);
    callers.fn.push(fn);
    callers.depth.push(parent === NONE ? 0 : callers.depth[parent] + 1);
    callers.from.push(from);
    callers.to.push(from + size);
    callers.start.push(NONE);
    callers.end.push(NONE);
    callers.weight.push(weight);
    callers.left.push(left);
    return callers.size++;
}

function endsOf({size, weightSelf}) {
    const ends = [];
    for (let box = 1; box < size; box++)
        if (weightSelf[box] > 0)
            ends.push(box);
    return Int32Array.from(ends);
}

export function buildCallers(calls, functions) {
    const ends = endsOf(calls);
    const callers = Object.assign(boxLists(), {
        calls,
        ends,
        at: Int32Array.from(ends),
        spareEnds: new Int32Array(ends.length),
        spareAt: new Int32Array(ends.length),
        slotOf: new Int32Array(functions).fill(NONE),
    });
    addCaller(callers, NONE, {fn: NONE, from: 0, size: ends.length,
                              weight: calls.weight[ROOT]}, 0);
    callers.open = (box) => openCaller(callers, box);
    return callers;
}

/* Goes one step up from each end of the box, and counts how many ends reached
 * each function. The first group has the ends without a caller. */
function countCallers(callers, box) {
    const {calls, at, from, to, slotOf} = callers;
    const groups = [{fn: NONE, size: 0, weight: Infinity}];
    for (let i = from[box]; i < to[box]; i++) {
        if (box !== ROOT)
            at[i] = calls.parent[at[i]];
        const fn = calls.fn[at[i]];
        let slot = fn === NONE ? 0 : slotOf[fn];
        if (slot === NONE) {
            slot = slotOf[fn] = groups.length;
            groups.push({fn, size: 0, weight: 0});
        }
        groups[slot].size++;
        groups[slot].weight += calls.weightSelf[callers.ends[i]];
    }
    return groups;
}

/* Sorts the groups, the widest first, and gives each its place in the span. */
function placeGroups(callers, box, groups) {
    const sorted = groups.slice().sort((a, b) =>
        b.weight - a.weight || a.fn - b.fn);
    let place = callers.from[box];
    for (const group of sorted) {
        group.from = group.next = place;
        place += group.size;
    }
    return sorted;
}

function moveEnds(callers, box, groups) {
    const {calls, ends, at, from, to, slotOf, spareEnds, spareAt} = callers;
    for (let i = from[box]; i < to[box]; i++) {
        const fn = calls.fn[at[i]];
        const to = groups[fn === NONE ? 0 : slotOf[fn]].next++;
        spareEnds[to] = ends[i];
        spareAt[to] = at[i];
    }
    ends.set(spareEnds.subarray(from[box], to[box]), from[box]);
    at.set(spareAt.subarray(from[box], to[box]), from[box]);
    for (const {fn} of groups)
        if (fn !== NONE)
            slotOf[fn] = NONE;
}

function openCaller(callers, box) {
    if (callers.start[box] !== NONE)
        return;
    const groups = countCallers(callers, box);
    const sorted = placeGroups(callers, box, groups);
    moveEnds(callers, box, groups);
    callers.start[box] = callers.size;
    let left = callers.left[box];
    for (const group of sorted) {
        if (group.fn === NONE)
            continue;
        addCaller(callers, box, group, left);
        left += group.weight;
    }
    callers.end[box] = callers.size;
}

/* The sum of a column of the graph of calls, over the ends of a box. */
export function sumEnds({ends, from, to}, box, column) {
    let sum = 0;
    for (let i = from[box]; i < to[box]; i++)
        sum += column[ends[i]];
    return sum;
}
