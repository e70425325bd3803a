/*
 * Keyboard control: the keys of the graph go from box to box, and those of the
 * page do what its buttons do.
 */
import {element, isPlain} from "./page.js";
import {NONE} from "./model.js";
import {ROOT} from "./calls.js";
import {tree, view} from "./view.js";
import {graph} from "./draw.js";
import {step} from "./search.js";
import {chooseFunction} from "./functions.js";
import {nextEvent} from "./events.js";
import {choose, flip, reset, turn, zoomTo} from "./moves.js";

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
    e: () => nextEvent(),
    "/": () => element("pattern").focus(),
    "?": () => { element("keys").open = !element("keys").open; },
};

const isTyping = (target) => ["INPUT", "SELECT", "TEXTAREA"]
    .includes(target.tagName) && target.type !== "radio";

function onGraphKey(event) {
    const run = graphKeys[event.key];
    if (!run || !isPlain(event))
        return;
    event.preventDefault();
    run(view.chosen === NONE ? view.zoom : view.chosen);
}

function onPageKey(event) {
    const typing = isTyping(event.target);
    const run = pageKeys[event.key];
    if (!run || !isPlain(event) || (typing && event.key !== "Escape"))
        return;
    event.preventDefault();
    if (typing)
        graph.focus();
    run();
}

export function listenToKeys() {
    graph.addEventListener("keydown", onGraphKey);
    document.addEventListener("keydown", onPageKey);
}
