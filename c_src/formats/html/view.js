/*
 * What is shown, and the two graphs that can show it. A graph has columns by
 * box: parent, fn, depth, start, end, left, weight. Before start and end of a
 * box are read, open(box) must be called.
 */
import {NONE} from "./model.js";
import {bucketWeights, wholeWeights} from "./selection.js";
import {buildCalls, ROOT, weighCalls, weighTold} from "./calls.js";
import {buildCallers, sumEnds} from "./callers.js";

export const view = {
    zoom: ROOT,
    chosen: NONE,       /* box chosen by the keyboard or by a search */
    callers: false,     /* show the graph of callers */
    flame: false,       /* roots at the bottom */
    hidden: new Set(),  /* kinds of code */
    pointed: NONE,      /* kind under the pointer; others are muted */
    pattern: "",
    matching: null,     /* Uint8Array by function, or null */
    matches: [],        /* outermost matching boxes, widest first */
    current: NONE,      /* index into matches */
    fn: NONE,           /* function whose callers and callees are listed */
};

export let model;              /* from makeModel */
export let weights;
export let calls;
export let callers = null;     /* built when it is first shown */

/* What is known of the boxes of another model is forgotten; rebuild must follow.
 */
export function useModel(made) {
    model = made;
    calls = undefined;
    callers = null;
    view.zoom = ROOT;
    view.chosen = NONE;
    view.fn = NONE;
}

export function tree() {
    if (!view.callers)
        return calls;
    callers = callers || buildCallers(calls, model.fnName.length);
    return callers;
}

/* The figures of a box: CPU time or, in a comparison, samples now and in the
 * base. */
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
/* Did the comparison find a change of the box's function? If not, a change of
 * the box is taken for chance: among many boxes, some have an interval without
 * 0. */
export const isChanged = (box) =>
    box !== ROOT && model.fnChanged[tree().fn[box]] === 1;
export const kindOf = (box) =>
    box === ROOT ? NONE : model.fnKind[tree().fn[box]];

/* The counted samples of the selection; in a comparison, those of each side. */
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

/* The half-open range of weight that the width of the graph stands for. */
export function range() {
    const width = tree().weight[view.zoom];
    return {left: tree().left[view.zoom], width: width > 0 ? width : 1};
}

/* Visits the box that is zoomed to and all boxes below it that have at least
 * the weight `least`, down to the depth `deepest`. */
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

/* The path of a box as functions; and the box of such a path, as far as the
 * path exists. */
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

/* --- updates ------------------------------------------------------------- */

/* Computes the weights again, after another selection. */
export function reweigh() {
    const path = callers && view.callers ? functionsTo(view.zoom) : null;
    weights = {whole: wholeWeights(model), buckets: bucketWeights(model)};
    weighCalls(calls, model, weights.whole);
    callers = null;
    view.chosen = NONE;
    if (path)
        view.zoom = boxByFunctions(path);
}

/* Builds the boxes again, after other kinds were hidden. */
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
