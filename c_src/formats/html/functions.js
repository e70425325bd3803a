/*
 * The table of functions, with their own, total and self samples in the
 * selection; and the callers and callees of one function. A recursive function
 * counts once per stack. profile/summary.h defines own.
 */
import {changed} from "./change.js";
import {element, make} from "./page.js";
import {NONE} from "./model.js";
import {isEverything} from "./selection.js";
import {
    errorText, number, percent, percentWithError, valueText
} from "./figures.js";
import {ROOT} from "./calls.js";
import {calls, model, view, weights, wholeSamples} from "./view.js";
import {graph} from "./draw.js";
import {searchForFunction, sumBoxes} from "./search.js";

const FIRST_ROWS = 100;

const table = {
    sort: "own",
    down: true,
    all: false,
    figures: [],
    lines: null,
    linesOf: null, /* the stackCount of a model */
};

/* By box: the innermost Erlang or Elixir function of its stack, or NONE. */
function ownersOfBoxes() {
    const owners = new Int32Array(calls.size).fill(NONE);
    for (let box = 1; box < calls.size; box++) {
        const kind = model.kinds[model.fnKind[calls.fn[box]]];
        owners[box] = kind === "erlang" || kind === "elixir"
            ? calls.fn[box] : owners[calls.parent[box]];
    }
    return owners;
}

const newFigures = (fn) =>
    ({fn, self: 0, total: 0, own: 0, c: 0, gc: 0, kernel: 0});

/* Which part of own a box of that kind belongs to; "": Erlang code itself. */
const partOf = (kind) =>
    ({erlang: "", elixir: "", gc: "gc", kernel: "kernel"})[kind] ?? "c";

function figuresOfFunctions() {
    const figures = model.fnName.map((_, fn) => newFigures(fn));
    const owners = ownersOfBoxes();
    for (let box = 1; box < calls.size; box++) {
        const fn = calls.fn[box];
        const self = calls.weightSelf[box];
        figures[fn].self += self;
        if (calls.outer[box])
            figures[fn].total += calls.weight[box];
        if (owners[box] === NONE)
            continue;
        const owner = figures[owners[box]];
        const part = partOf(model.kinds[model.fnKind[fn]]);
        owner.own += self;
        if (part)
            owner[part] += self;
    }
    return figures.filter(({total}) => total > 0);
}

/* For BIFs and NIFs, total counts: their time is in the C functions below. */
function selfOrBelow({fn, self, total}) {
    const kind = model.kinds[model.fnKind[fn]];
    return kind === "bif" || kind === "nif" ? total : self;
}

/* The orders of the text report; functions without an own share come last. */
const orders = {
    own: (a, b) => a.own - b.own ||
        (a.own > 0 ? 0 : selfOrBelow(a) - selfOrBelow(b)) ||
        a.total - b.total,
    total: (a, b) => a.total - b.total || a.own - b.own,
    self: (a, b) => a.self - b.self || a.total - b.total,
    name: (a, b) => model.fnName[b.fn] < model.fnName[a.fn] ? -1 : 1,
};

function sortTable(by) {
    table.down = table.sort === by ? !table.down : true;
    table.sort = by;
    showTable();
}

function functionButton(fn, parent) {
    const button = make("button", model.fnName[fn], parent);
    button.type = "button";
    button.className = "function";
    button.addEventListener("click", () => chooseFunction(fn, true));
    return button;
}

/* By function: the line with the most self samples, or any known line; 0: none
 * is known. */
function linesOfFunctions() {
    const frames = model.frameLine.length;
    const self = new Float64Array(frames);
    for (let s = 0; s < model.stackFrame.length; s++)
        self[model.stackFrame[s]] += model.stackCount[s];
    const best = new Int32Array(model.fnName.length).fill(NONE);
    for (let frame = 0; frame < frames; frame++) {
        const fn = model.frameFn[frame];
        if (model.frameLine[frame] > 0 &&
            (best[fn] === NONE || self[frame] > self[best[fn]]))
            best[fn] = frame;
    }
    return best.map((frame) => frame === NONE ? 0 : model.frameLine[frame]);
}

function placeOfFunction(fn) {
    if (table.linesOf !== model.stackCount)
        Object.assign(table, {lines: linesOfFunctions(),
                              linesOf: model.stackCount});
    const file = model.strings[model.fnFile[fn]];
    return file && table.lines[fn] ? `${file}:${table.lines[fn]}` : file;
}

function addFunctionRow(body, figures) {
    const {fn, self, total, own} = figures;
    const row = make("tr", "", body);
    const whole = weights.whole.weight;
    make("td", percent(own, whole), row);
    make("td", errorText(own, whole), row);
    for (const part of [figures.c, figures.gc, figures.kernel])
        make("td", part > 0 ? (100 * part / whole).toFixed(1) : "", row);
    make("td", percent(total, whole), row).title =
        percentWithError(total, whole) + " (95\u202f%)";
    const isCount = model.unit === "count";
    const cell =
        make("td", isCount ? number(self) : valueText(self, model), row);
    cell.title = percentWithError(self, whole) + " (95\u202f%)";
    cell.dataset.value = self;
    const head = make("th", "", row);
    head.scope = "row";
    functionButton(fn, head);
    make("td", model.kinds[model.fnKind[fn]], row);
    make("td", placeOfFunction(fn), row);
    if (fn === view.fn)
        row.setAttribute("aria-selected", "true");
}

function showSorted() {
    for (const button of element("functions").querySelectorAll("[data-sort]")) {
        const is = button.dataset.sort === table.sort;
        button.closest("th").setAttribute(
            "aria-sort", is ? (table.down ? "descending" : "ascending")
                            : "none");
    }
}

/* The table of a comparison is about whole recordings, so it never changes. */
function showTable() {
    if (model.compare)
        return;
    table.figures = figuresOfFunctions();
    const way = table.down ? -1 : 1;
    const found = table.figures
        .filter(({fn}) => !view.matching || view.matching[fn])
        .sort((a, b) => way * orders[table.sort](a, b) || a.fn - b.fn);
    const body = element("functions").tBodies[0];
    element("functions").classList.toggle("no-parts", !model.hasParts);
    const rows = new DocumentFragment();
    for (const row of table.all ? found : found.slice(0, FIRST_ROWS))
        addFunctionRow(rows, row);
    body.replaceChildren(rows);
    element("more").hidden = table.all || found.length <= FIRST_ROWS;
    element("more").textContent = `Show all ${number(found.length)}`;
    element("table-note").textContent =
        (view.matching ? "that match, " : "") +
        (isEverything() ? "of the whole recording" : "of the selection");
    showSorted();
}

/* --- callers and callees -------------------------------------------------- */

/* Is there a box above this one with the same function and the same caller? */
function isCalledAbove(box) {
    const fn = calls.fn[box];
    const by = calls.fn[calls.parent[box]];
    for (let at = calls.parent[box]; at > ROOT; at = calls.parent[at])
        if (calls.fn[at] === fn && calls.fn[calls.parent[at]] === by)
            return true;
    return false;
}

/* Adds a box to those of a function. */
function addTo(sums, fn, box) {
    const boxes = sums.get(fn) || [];
    boxes.push(box);
    sums.set(fn, boxes);
}

/* The callers and callees of a function; a stack counts once for each pair. */
function neighbours(of) {
    const callersOf = new Map();
    const callees = new Map();
    const outermost = [];
    let self = 0;
    for (let box = 1; box < calls.size; box++) {
        if (calls.weight[box] === 0 && !model.compare)
            continue;
        const by = calls.fn[calls.parent[box]];
        if (by === of && !isCalledAbove(box))
            addTo(callees, calls.fn[box], box);
        if (calls.fn[box] !== of)
            continue;
        self += calls.weightSelf[box];
        if (calls.outer[box])
            outermost.push(box);
        if (!isCalledAbove(box))
            addTo(callersOf, by, box);
    }
    return {callersOf, callees, total: sumBoxes(outermost), self};
}

const share = ({weight, first, second}) => model.compare
    ? `${percent(second, wholeSamples().base)} \u2192 ` +
      percent(first, wholeSamples().now)
    : percent(weight, weights.whole.weight);

function fillNeighbours(list, sums, empty) {
    list.replaceChildren();
    const sorted = [...sums].map(([fn, boxes]) => ({fn, sum: sumBoxes(boxes)}))
        .sort((a, b) => b.sum.weight - a.sum.weight);
    for (const {fn, sum} of sorted.slice(0, FIRST_ROWS)) {
        const item = make("li", "", list);
        make("span", share(sum), item);
        if (fn === NONE)
            item.append("(nothing: it is the first function)");
        else
            functionButton(fn, item);
    }
    if (sorted.length === 0)
        make("li", empty, list);
}

function showNeighbours() {
    const panel = element("neighbours");
    panel.hidden = view.fn === NONE;
    if (panel.hidden)
        return;
    const {callersOf, callees, self, total} = neighbours(view.fn);
    element("of-name").textContent = model.fnName[view.fn];
    const own = model.compare
        ? "" : `self ${percent(self, weights.whole.weight)} \u00b7 `;
    element("of-figures").textContent = `${own}total ${share(total)}`;
    fillNeighbours(element("callers-list"), callersOf, "nobody");
    fillNeighbours(element("callees-list"), callees, "nobody");
}

export function chooseFunction(fn, scroll) {
    view.fn = view.fn === fn && !scroll ? NONE : fn;
    showTable();
    showNeighbours();
    changed("function");
    if (scroll && view.fn !== NONE)
        element("neighbours").scrollIntoView({block: "nearest"});
}

/* --- both ----------------------------------------------------------------- */

let tableLater = 0;

export function showFunctionsSoon() {
    clearTimeout(tableLater);
    element("functions").setAttribute("aria-busy", "true");
    tableLater = setTimeout(() => {
        showTable();
        showNeighbours();
        element("functions").removeAttribute("aria-busy");
    }, 120);
}

function listenToTable() {
    if (model.compare)
        return listenToRows();
    const more = make("button", "", element("functions-end"));
    more.id = "more";
    more.type = "button";
    more.hidden = true;
    more.addEventListener("click", () => {
        table.all = true;
        showTable();
    });
    for (const head of element("functions").querySelectorAll("th[data-by]")) {
        const button = make("button", head.textContent);
        head.replaceChildren(button);
        button.type = "button";
        button.dataset.sort = head.dataset.by;
        button.addEventListener("click", () => sortTable(head.dataset.by));
    }
}

/* The page already contains the rows of a comparison's table. */
function listenToRows() {
    const byName = new Map(model.fnName.map((name, fn) => [name, fn]));
    for (const head of document.querySelectorAll("[data-function]")) {
        const fn = byName.get(head.textContent);
        if (fn === undefined)
            continue;
        head.textContent = "";
        functionButton(fn, head);
    }
}

export function listenToFunctions() {
    listenToTable();
    element("close").addEventListener("click", () => chooseFunction(view.fn));
    element("find").addEventListener("click", () => {
        searchForFunction(view.fn);
        graph.scrollIntoView({block: "nearest"});
    });
}
