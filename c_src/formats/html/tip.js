/*
 * Describes a box: in a tip next to the pointer, and in a line below the graph
 * for users without a pointer.
 */
import {changed} from "./change.js";
import {element, make} from "./page.js";
import {NONE} from "./model.js";
import {rowWeight, sumRowsAt} from "./selection.js";
import {
    changeOf, duration, growthOf, number, percent, percentWithError, signed,
    valueText, valueTitle
} from "./figures.js";
import {ROOT} from "./calls.js";
import {
    callers, calls, isChanged, kindOf, model, nameOf, pathOf, toldOf, tree, view,
    weights, wholeSamples
} from "./view.js";
import {chooseFunction} from "./functions.js";

const MOST_LINES = 4; /* source lines named */
const tip = element("tip");

/* By stack: the weight of the stack itself, and that weight plus all that it
 * calls. Computed on demand, and again when the weights have changed. */
let stackWeights = {of: null, self: null, total: null};

function weighStacks() {
    if (stackWeights.of === weights)
        return stackWeights;
    const {stackParent} = model;
    const self = sumRowsAt(model, model.rowStack, stackParent.length,
                           rowWeight(model));
    const total = Float64Array.from(self);
    for (let s = total.length - 1; s >= 0; s--)
        if (stackParent[s] !== NONE)
            total[stackParent[s]] += total[s];
    stackWeights = {of: weights, self, total};
    return stackWeights;
}

/* Samples by line of the box's function. In the view of callers, lines are
 * known only for the function that ran. */
function linesOf(box) {
    const lines = new Map();
    const fn = tree().fn[box];
    const isEnd = view.callers && tree().depth[box] === 1;
    const boxes = isEnd
        ? callers.ends.subarray(callers.from[box], callers.to[box])
        : view.callers ? [] : [box];
    const weight = isEnd ? weighStacks().self : weighStacks().total;
    for (const at of boxes)
        for (let s = calls.firstStack[at]; s !== NONE; s = calls.nextStack[s]) {
            const frame = model.stackFrame[s];
            const line = model.frameLine[frame];
            if (model.frameFn[frame] === fn && line > 0 && weight[s] > 0)
                lines.set(line, (lines.get(line) || 0) + weight[s]);
        }
    return lines;
}

/* "file.erl:12 (40), 15 (3)": the lines with the most samples. */
function placeOf(box) {
    if (box === ROOT)
        return "";
    const fn = tree().fn[box];
    const file = model.strings[model.fnFile[fn]];
    const lines = linesOf(box);
    const most = [...lines].sort((a, b) => b[1] - a[1]);
    const shown = most.slice(0, MOST_LINES).map(([line, count]) =>
        most.length > 1 ? `${line} (${number(count)})` : `${line}`);
    if (most.length > MOST_LINES)
        shown.push("\u2026");
    return file + (shown.length > 0 ? ":" + shown.join(", ") : "");
}

const ownWords = (box) => view.callers
    ? "" : `, ${number(tree().weightSelf[box])} of its own`;

function figuresOf(box) {
    const {weight, parent} = tree();
    const {first} = toldOf(box);
    const whole = weights.whole.weight;
    const rows = [
        model.unit === "count"
            ? [valueTitle(model), number(weight[box]) + ownWords(box)]
            : [valueTitle(model), valueText(weight[box], model)],
        ...(first > 0 ? [["CPU time", duration(first)]] : []),
        ["Of all", percentWithError(weight[box], whole) + " (95\u202f%)"],
    ];
    if (box !== ROOT && parent[box] !== ROOT)
        rows.push([view.callers ? "Of what it calls" : "Of its caller",
                   percent(weight[box], weight[parent[box]])]);
    return rows;
}

function growthText({growth, low, high}, now, base, changed) {
    const sure = !changed || (low <= 0 && high >= 0) ? "may be chance"
        : low > 0 ? "grew" : "shrank";
    if (base === 0 || now === 0)
        return `${now === 0 ? "none of it now" : "none of it in the base"}: ` +
            sure;
    return `${signed(100 * growth, 1)}\u202f%, ${signed(100 * low, 1)} to ` +
        `${signed(100 * high, 1)} (99.9\u202f%): ${sure}`;
}

/* The same for a comparison. Growth is relative to the work that did not
 * change. */
function changesOf(box) {
    const {parent} = tree();
    const {first, second} = toldOf(box);
    const {now, base} = wholeSamples();
    const {change, low, high} = changeOf(first, now, second, base);
    const grew = growthOf(first, model.nowSame, second, model.baseSame);
    const rows = [
        ["Base", `${percent(second, base)} (${number(second)} of ` +
            `${number(base)} samples)`],
        ["Now", `${percent(first, now)} (${number(first)} of ` +
            `${number(now)} samples)`],
        ["Change", `${signed(change)} points, ${signed(low)} to ` +
            `${signed(high)} (95\u202f%)`],
        ["Growth", growthText(grew, first, second, isChanged(box))],
    ];
    if (box !== ROOT && parent[box] !== ROOT) {
        const by = toldOf(parent[box]);
        rows.push([view.callers ? "Of what it calls" : "Of its caller",
                   `${percent(second, by.second)}, now ` +
                   percent(first, by.first)]);
    }
    return rows;
}

const told = (box) => model.compare ? changesOf(box) : figuresOf(box);

function fillTip(box) {
    tip.replaceChildren();
    make("b", nameOf(box), tip);
    if (box !== ROOT) {
        const place = placeOf(box);
        make("p", model.kinds[kindOf(box)] + (place ? ", " + place : ""), tip);
    }
    const list = make("dl", "", tip);
    for (const [label, value] of told(box)) {
        make("dt", label, list);
        make("dd", value, list);
    }
}

export function showTip(box, x, y) {
    fillTip(box);
    tip.hidden = false;
    const {width, height} = tip.getBoundingClientRect();
    const right = document.documentElement.clientWidth - width - 8;
    const below = y + 18;
    const above = y - height - 10;
    const fits = below + height < window.innerHeight || above < 0;
    tip.style.left = Math.max(8, Math.min(x + 12, right)) + "px";
    tip.style.top = (fits ? below : above) + "px";
}

export function hideTip() {
    tip.hidden = true;
}

/* --- the line below the graph -------------------------------------------- */

export function describe(box) {
    const line = element("status");
    line.replaceChildren();
    if (box === NONE)
        return;
    make("b", nameOf(box), line);
    const place = placeOf(box);
    const words = told(box).map(([label, value]) => `${label} ${value}`);
    make("span", [place, ...words].filter((word) => word).join(" \u00b7 "),
         line);
    if (box === ROOT)
        return;
    const button = make("button", "Callers and callees", line);
    button.type = "button";
    const fn = tree().fn[box];
    button.addEventListener("click", () => chooseFunction(fn, true));
}

/* --- the path to what is zoomed to ---------------------------------------- */

export function showPath() {
    const list = element("path");
    const path = pathOf(view.zoom);
    list.replaceChildren();
    element("graph-says").hidden = path.length > 1;
    if (path.length === 1)
        return;
    path.forEach((box, i) => {
        const isMiddle = i > 1 && i < path.length - 5;
        if (isMiddle) {
            if (i === 2)
                make("li", `\u2026 ${path.length - 7} more \u2026`, list);
            return;
        }
        const button = make("button", nameOf(box), make("li", "", list));
        button.type = "button";
        button.title = nameOf(box);
        if (i === path.length - 1)
            button.setAttribute("aria-current", "location");
        button.addEventListener("click", () => changed("zoom", box));
    });
}
