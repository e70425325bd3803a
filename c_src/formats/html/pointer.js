/*
 * The pointer on the graph: hovering shows what a box is, clicking zooms to it.
 */
import {NONE} from "./model.js";
import {view} from "./view.js";
import {boxAt, canvas, graph, redraw} from "./draw.js";
import {describe, hideTip, showTip} from "./tip.js";
import {zoomTo} from "./moves.js";

function onPoint(event) {
    if (event.pointerType === "touch")
        return; /* cannot hover: a tap fills the line below the graph */
    const box = boxAt(event);
    if (box === NONE)
        hideTip();
    else
        showTip(box, event.clientX, event.clientY);
    canvas.style.cursor = box === NONE ? "default" : "pointer";
}

function onClick(event) {
    const box = boxAt(event);
    if (box === NONE)
        return;
    view.chosen = NONE;
    zoomTo(box);
    describe(box);
}

export function listenToPointer() {
    canvas.addEventListener("pointermove", onPoint);
    canvas.addEventListener("pointerleave", hideTip);
    canvas.addEventListener("click", onClick);
    graph.addEventListener("scroll", () => {
        hideTip();
        redraw();
    });
}
