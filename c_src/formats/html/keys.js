/*
 * Moving, zooming, and the keys for both.
 */
import {changed} from "./change.js";
import {element, isPlain} from "./page.js";
import {NONE} from "./model.js";
import {ROOT} from "./calls.js";
import {isAncestorOrSelf, range, tree, turnAround, view} from "./view.js";
import {
    boxAt, canvas, extent, graph, redraw, showRoot, showRow
} from "./draw.js";
import {step} from "./search.js";
import {chooseFunction} from "./functions.js";
import {describe, hideTip, showPath, showTip} from "./tip.js";
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

/* --- among the boxes ------------------------------------------------------ */

function sibling(box, by) {
    if (box === ROOT)
        return box;
    const {parent, start, end, weight} = tree();
    for (let at = box + by; at >= start[parent[box]] && at < end[parent[box]];
         at += by)
        if (weight[at] > 0)
            return at;
    return box;
}

function widestChild(box) {
    tree().open(box);
    const {start, end, weight} = tree();
    let widest = box;
    for (let c = start[box]; c < end[box]; c++)
        if (weight[c] > 0 && (widest === box || weight[c] > weight[widest]))
            widest = c;
    return widest;
}

const parentOf = (box) => box === ROOT ? ROOT : tree().parent[box];

const graphKeys = {
    ArrowLeft: (box) => choose(sibling(box, -1)),
    ArrowRight: (box) => choose(sibling(box, 1)),
    ArrowDown: (box) => choose(view.flame ? parentOf(box) : widestChild(box)),
    ArrowUp: (box) => choose(view.flame ? widestChild(box) : parentOf(box)),
    Enter: (box) => zoomTo(box),
    Backspace: () => zoomTo(parentOf(view.zoom)),
    s: (box) => box !== ROOT && chooseFunction(tree().fn[box], true),
};

const pageKeys = {
    Escape: () => reset(),
    "0": () => reset(),
    n: () => step(1),
    N: () => step(-1),
    f: () => flip(),
    c: () => turn(),
    "/": () => element("pattern").focus(),
    "?": () => { element("keys").open = !element("keys").open; },
};

const isTyping = (target) => ["INPUT", "SELECT", "TEXTAREA"]
    .includes(target.tagName);

export function onGraphKey(event) {
    const run = graphKeys[event.key];
    if (!run || !isPlain(event))
        return;
    event.preventDefault();
    run(view.chosen === NONE ? view.zoom : view.chosen);
}

export function onPageKey(event) {
    const typing = isTyping(event.target);
    const run = pageKeys[event.key];
    if (!run || !isPlain(event) || (typing && event.key !== "Escape"))
        return;
    event.preventDefault();
    if (typing)
        graph.focus();
    run();
}

/* --- pointer -------------------------------------------------------------- */

export function onPoint(event) {
    if (event.pointerType === "touch")
        return; /* no hovering there: a tap shows the line below */
    const box = boxAt(event);
    if (box === NONE)
        hideTip();
    else
        showTip(box, event.clientX, event.clientY);
    canvas.style.cursor = box === NONE ? "default" : "pointer";
}

export function onClick(event) {
    const box = boxAt(event);
    if (box === NONE)
        return;
    view.chosen = NONE;
    zoomTo(box);
    describe(box);
}
