/*
 * Draws the graph on its canvas, in device pixels. The canvas is only as large
 * as the visible part of the graph, which may be thousands of rows high. Boxes
 * that cannot be seen cost nothing.
 */
import {element} from "./page.js";
import {NONE} from "./model.js";
import {ROOT} from "./calls.js";
import {
    forEachVisible, isAncestorOrSelf, nameOf, pathOf, range, tree, view
} from "./view.js";
import {colorOf, colors, isMuted} from "./colors.js";

const ROW = 20; /* CSS pixels */
const FONT_SIZE = 12;
const FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const LEAST_WIDTH = 0.5; /* CSS pixels; narrower boxes are not drawn */
const MOST_ROWS = 2000;  /* deeper rows are reached by zooming */

export const graph = element("graph");
export const extent = element("extent");
export const canvas = element("canvas");
const context = canvas.getContext("2d", {alpha: false});

let rows = 1;           /* of the zoomed graph */
let rowsFor = "";       /* what the rows were counted for */
let scheduled = false;
let letterWidth = 7;

function leastWeight() {
    return range().width * LEAST_WIDTH / Math.max(extent.clientWidth, 1);
}

/* Counts the rows that have a box wide enough to be drawn. */
export function countRows() {
    const what = [view.zoom, extent.clientWidth, view.callers].join();
    if (rowsFor === what && rowsFor !== "")
        return;
    rowsFor = what;
    const base = tree().depth[view.zoom];
    let deepest = base;
    forEachVisible(leastWeight(), base + MOST_ROWS, (box) => {
        deepest = Math.max(deepest, tree().depth[box]);
    });
    rows = deepest + 1;
}

/* To be called when the boxes or their weights have changed. */
export function forgetRows() {
    rowsFor = "";
}

const rowOf = (depth) => view.flame ? rows - 1 - depth : depth;

export function redraw() {
    if (!scheduled) {
        scheduled = true;
        requestAnimationFrame(draw);
    }
}

function fitCanvas() {
    countRows();
    const ratio = window.devicePixelRatio || 1;
    const content = rows * ROW;
    const most = Math.max(260, Math.round(window.innerHeight * 0.7));
    const height = Math.min(content, most);
    graph.style.height = height + 2 + "px";
    extent.style.height = content + "px";
    canvas.style.height = height + "px";
    const wide = Math.round(extent.clientWidth * ratio);
    const high = Math.round(height * ratio);
    if (canvas.width !== wide || canvas.height !== high) {
        canvas.width = wide;
        canvas.height = high;
    }
    return ratio;
}

function startDrawing(ratio) {
    context.fillStyle = colors.page;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.font = `${Math.round(FONT_SIZE * ratio)}px ${FONT}`;
    context.textBaseline = "middle";
    letterWidth = context.measureText("0000000000").width / 10;
}

export function draw() {
    scheduled = false;
    const began = performance.now();
    const ratio = fitCanvas();
    startDrawing(ratio);
    const {left, width} = range();
    const frame = {
        ratio,
        left,
        scale: canvas.width / width,
        row: ROW * ratio,
        top: graph.scrollTop * ratio,
        covered: new Int32Array(rows).fill(NONE), /* by row: drawn up to x */
    };
    drawAncestors(frame);
    drawBelow(frame);
    if (view.chosen !== NONE)
        drawChosen(frame);
    document.documentElement.dataset.frame =
        (performance.now() - began).toFixed(1);
}

function drawAncestors(frame) {
    let box = view.zoom;
    while (box !== ROOT) {
        box = tree().parent[box];
        drawBox(frame, box, 0, canvas.width, true);
    }
}

/* Rows below the last visible one need not be visited. */
function deepestInWindow(frame) {
    const last = Math.ceil((frame.top + canvas.height) / frame.row);
    return view.flame ? rows - 1 : Math.min(rows - 1, last);
}

function drawBelow(frame) {
    forEachVisible(leastWeight(), deepestInWindow(frame), (box) => {
        const {x, end} = edges(frame, box);
        const depth = tree().depth[box];
        if (end <= frame.covered[depth])
            return; /* within a pixel that another box already has */
        frame.covered[depth] = Math.max(end, x + 1);
        drawBox(frame, box, x, end, false);
    });
}

function edges(frame, box) {
    const from = tree().left[box] - frame.left;
    return {
        x: Math.round(from * frame.scale),
        end: Math.round((from + tree().weight[box]) * frame.scale),
    };
}

function rowEdges(frame, box) {
    const row = rowOf(tree().depth[box]);
    return {
        y: Math.round(row * frame.row - frame.top),
        bottom: Math.round((row + 1) * frame.row - frame.top),
    };
}

function drawBox(frame, box, x, end, isAncestor) {
    const {y, bottom} = rowEdges(frame, box);
    if (bottom <= 0 || y >= canvas.height)
        return;
    const muted = isMuted(box);
    const wide = Math.max(end - x - (end - x > 3 ? 1 : 0), 1);
    context.globalAlpha = isAncestor && !muted ? 0.55 : 1;
    context.fillStyle = colorOf(box, muted);
    context.fillRect(x, y, wide, bottom - y - 1);
    drawName(box, x, wide, (y + bottom - 1) / 2, muted);
    context.globalAlpha = 1;
}

function drawName(box, x, wide, middle, muted) {
    const letters = Math.floor((wide - letterWidth) / letterWidth);
    if (letters < 3)
        return;
    const name = nameOf(box);
    const text = name.length <= letters
        ? name : name.slice(0, letters - 1) + "\u2026";
    context.fillStyle = muted ? colors.mutedText : colors.text;
    context.fillText(text, Math.round(x + letterWidth / 2),
                     Math.round(middle));
}

function drawChosen(frame) {
    const ancestor = tree().depth[view.chosen] < tree().depth[view.zoom];
    if (!isAncestorOrSelf(ancestor ? view.chosen : view.zoom,
                          ancestor ? view.zoom : view.chosen))
        return;
    const {y, bottom} = rowEdges(frame, view.chosen);
    const {x, end} = ancestor ? {x: 0, end: canvas.width}
                              : edges(frame, view.chosen);
    const line = Math.max(2, Math.round(2 * frame.ratio));
    context.strokeStyle = colors.edge;
    context.lineWidth = line;
    context.strokeRect(x + line / 2, y + line / 2,
                       Math.max(end - x - line - 1, line),
                       bottom - y - line - 1);
}

/* Scrolls to the box that is zoomed to, which may be at the bottom. */
export function showRoot() {
    fitCanvas();
    graph.scrollTop = view.flame ? extent.clientHeight : 0;
}

/* Scrolls until a row is visible. */
export function showRow(depth) {
    fitCanvas();
    const top = rowOf(depth) * ROW;
    if (top < graph.scrollTop)
        graph.scrollTop = top - 2 * ROW;
    else if (top + ROW > graph.scrollTop + graph.clientHeight)
        graph.scrollTop = top - graph.clientHeight + 3 * ROW;
}

/* --- the box at a point of the window, or NONE ---------------------------- */

export function boxAt(event) {
    const area = canvas.getBoundingClientRect();
    const y = event.clientY - area.top + graph.scrollTop;
    const depth = rowOf(Math.floor(y / ROW));
    if (depth < 0 || depth >= rows)
        return NONE;
    if (depth <= tree().depth[view.zoom])
        return pathOf(view.zoom)[depth];
    const {left, width} = range();
    let box = view.zoom;
    const weight = left + (event.clientX - area.left) / area.width * width;
    while (box !== NONE && tree().depth[box] < depth)
        box = childAt(box, weight);
    return box;
}

/* Children are sorted from left to right, so this is a binary search. */
function childAt(box, weight) {
    tree().open(box);
    const {left, weight: wide} = tree();
    let low = tree().start[box];
    let high = tree().end[box];
    while (low < high) {
        const middle = (low + high) >> 1;
        if (weight < left[middle])
            high = middle;
        else if (weight >= left[middle] + wide[middle])
            low = middle + 1;
        else
            return middle;
    }
    return NONE;
}
