/*
 * What is shown, and the two graphs it can be shown by. A graph is columns by
 * box: parent, fn, depth, start, end, left, weight; open(box) must have been
 * called before a box's start and end are read.
 */
import {NONE} from "./model.js";
import {bucketWeights, wholeWeights} from "./selection.js";
import {buildCalls, ROOT, weighCalls, weighTold} from "./calls.js";
import {buildCallers, sumEnds} from "./callers.js";

export const view = {
    zoom: ROOT,
    chosen: NONE,       /* box, by the keyboard or by a search */
    callers: false,     /* from the function that ran up */
    flame: false,       /* roots at the bottom */
    hidden: new Set(),  /* kinds */
    pointed: NONE,      /* kind under the pointer: the others are muted */
    pattern: "",
    matching: null,     /* Uint8Array by function, or null */
    matches: [],        /* outermost matching boxes, widest first */
    current: NONE,      /* index into matches */
    fn: NONE,           /* function whose callers and callees are listed */
};

export let model;              /* from makeModel */
export let weights;
export let calls;
export let callers = null;     /* made when they are looked at */

export function useModel(made) {
    model = made;
}

export function tree() {
    if (!view.callers)
        return calls;
    callers = callers || buildCallers(calls, model.fnName.length);
    return callers;
}

/* CPU time, or, of a comparison, samples now and in the base. */
export function toldOf(box) {
    if (!calls.told)
        weighTold(calls, model, weights.whole);
    if (!view.callers)
        return {first: calls.first[box], second: calls.second[box]};
    if (box === ROOT)
        return weights.whole;
    return {first: sumEnds(tree(), box, calls.firstSelf),
            second: sumEnds(tree(), box, calls.secondSelf)};
}

export const nameOf = (box) =>
    box === ROOT ? "all" : model.fnName[tree().fn[box]];
/* Did the comparison find a change of its function? Else a box's is chance:
 * of so many boxes, some have intervals without 0. */
export const isChanged = (box) =>
    box !== ROOT && model.fnChanged[tree().fn[box]] === 1;
export const kindOf = (box) =>
    box === ROOT ? NONE : model.fnKind[tree().fn[box]];

/* The counted samples of what is selected, of the one side or of both. */
export function wholeSamples() {
    const {weight, first, second} = weights.whole;
    return model.compare ? {now: first, base: second} : {now: weight, base: 0};
}

/* --- boxes --------------------------------------------------------------- */

export function pathOf(box) {
    const path = [];
    for (; box !== NONE; box = tree().parent[box])
        path.push(box);
    return path.reverse();
}

export function isAncestorOrSelf(box, of) {
    while (tree().depth[of] > tree().depth[box])
        of = tree().parent[of];
    return of === box;
}

/* Half-open range in weight that the graph's width stands for. */
export function range() {
    const width = tree().weight[view.zoom];
    return {left: tree().left[view.zoom], width: width > 0 ? width : 1};
}

/* What is zoomed to and all below it that has at least that weight; no deeper
 * than asked. */
export function forEachVisible(least, deepest, run) {
    const shown = tree();
    const open = [view.zoom];
    while (open.length > 0) {
        const box = open.pop();
        run(box);
        if (shown.depth[box] >= deepest)
            continue;
        shown.open(box);
        for (let c = shown.end[box] - 1; c >= shown.start[box]; c--)
            if (shown.weight[c] >= least && shown.weight[c] > 0)
                open.push(c);
    }
}

/* The box's path as functions, and back as far as there is such a path. */
export const functionsTo = (box) =>
    pathOf(box).slice(1).map((b) => tree().fn[b]);

export function boxByFunctions(fns) {
    let box = ROOT;
    for (const fn of fns) {
        tree().open(box);
        let child = NONE;
        for (let c = tree().start[box]; c < tree().end[box]; c++)
            if (tree().fn[c] === fn)
                child = c;
        if (child === NONE)
            break;
        box = child;
    }
    return box;
}

/* --- what follows from what ---------------------------------------------- */

/* Afresh from the rows: something else is selected. */
export function reweigh() {
    const path = callers && view.callers ? functionsTo(view.zoom) : null;
    weights = {whole: wholeWeights(model), buckets: bucketWeights(model)};
    weighCalls(calls, model, weights.whole);
    callers = null;
    view.chosen = NONE;
    if (path)
        view.zoom = boxByFunctions(path);
}

/* Other kinds are hidden: other boxes. */
export function rebuild() {
    const path = calls ? functionsTo(view.zoom) : [];
    callers = null;
    calls = buildCalls(model, view.hidden);
    view.zoom = ROOT;
    reweigh();
    view.zoom = boxByFunctions(path);
}

export function turnAround(on) {
    if (view.callers === on)
        return;
    view.callers = on;
    view.zoom = ROOT;
    view.chosen = NONE;
}
