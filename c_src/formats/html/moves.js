/*
 * Moving in the graph: the box that it begins with, the box that is marked, and
 * its direction.
 */
import {changed} from "./change.js";
import {element} from "./page.js";
import {NONE} from "./model.js";
import {ROOT} from "./calls.js";
import {isAncestorOrSelf, range, tree, turnAround, view} from "./view.js";
import {extent, redraw, showRoot, showRow} from "./draw.js";
import {describe, hideTip, showPath} from "./tip.js";
import {remember} from "./address.js";

export function zoomTo(box) {
    view.zoom = box;
    view.current = NONE;
    element("reset").disabled = box === ROOT;
    showPath();
    hideTip();
    showRow(tree().depth[box]);
    redraw();
    remember();
}

export function reset() {
    view.chosen = NONE;
    describe(NONE);
    zoomTo(ROOT);
}

export function flip() {
    view.flame = !view.flame;
    changed("view");
    showRoot();
}

export function turn() {
    turnAround(!view.callers);
    changed("view");
    showRoot();
}

/* The outermost ancestor under which the box is wide enough to be seen. */
function wideParent(box) {
    const {parent, weight} = tree();
    const most = weight[box] * extent.clientWidth / 16;
    let at = parent[box];
    while (at !== ROOT && weight[parent[at]] <= most)
        at = parent[at];
    return at;
}

/* Makes a box visible and marks it. */
export function choose(box) {
    view.chosen = box;
    const current = view.current;
    const ancestor = isAncestorOrSelf(box, view.zoom);
    if (!ancestor && !isAncestorOrSelf(view.zoom, box))
        zoomTo(ROOT);
    const share = tree().weight[box] / range().width;
    if (!ancestor && share * extent.clientWidth < 4)
        zoomTo(wideParent(box));
    view.current = current;
    showRow(tree().depth[box]);
    describe(box);
    redraw();
}

export function listenToMoves() {
    element("flip").addEventListener("click", flip);
    element("turn").addEventListener("click", turn);
    element("reset").addEventListener("click", reset);
}
