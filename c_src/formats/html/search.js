/*
 * Search by a regular expression. A stack counts once, for its outermost match,
 * however many of its functions match.
 */
import {changed} from "./change.js";
import {element} from "./page.js";
import {NONE} from "./model.js";
import {number, percent} from "./figures.js";
import {weighTold} from "./calls.js";
import {calls, model, tree, view, weights, wholeSamples} from "./view.js";
import {countRows} from "./draw.js";

function compile(text) {
    const input = element("pattern");
    input.removeAttribute("aria-invalid");
    if (text === "")
        return null;
    try {
        return new RegExp(text, "i");
    } catch {
        input.setAttribute("aria-invalid", "true");
        return undefined;
    }
}

function search(text) {
    const pattern = compile(text);
    view.pattern = text;
    if (pattern === undefined) {
        element("matched").textContent = "not a regular expression";
        return;
    }
    view.matching = pattern &&
        Uint8Array.from(model.fnName, (name) => +pattern.test(name));
    view.chosen = NONE;
    findMatches();
}

/* In a comparison, a box may have weight 0 because only the other side has it.
 */
function isThere(shown, box) {
    return shown.weight[box] > 0 || (model.compare && shown === calls);
}

/* The outermost matching boxes in the opened part of a graph. */
function outermost(shown) {
    const covered = new Uint8Array(shown.size);
    const found = [];
    for (let i = 1; i < shown.size; i++) {
        const above = covered[shown.parent[i]];
        covered[i] = above | view.matching[shown.fn[i]];
        if (covered[i] && !above && isThere(shown, i))
            found.push(i);
    }
    return found.sort((a, b) => shown.weight[b] - shown.weight[a]);
}

/* The sums over boxes of the graph of calls; none may be within another. */
export function sumBoxes(boxes) {
    if (model.compare && !calls.told)
        weighTold(calls, model, weights.whole);
    const sum = (column) => boxes.reduce((n, box) => n + column[box], 0);
    return {
        weight: sum(calls.weight),
        first: model.compare ? sum(calls.first) : 0,
        second: model.compare ? sum(calls.second) : 0,
    };
}

export function findMatches() {
    view.current = NONE;
    view.matches = [];
    view.matched = {weight: 0, first: 0, second: 0};
    if (view.matching) {
        const boxes = outermost(calls);
        view.matched = sumBoxes(boxes);
        if (view.callers)
            countRows(); /* opens the visible boxes */
        view.matches = view.callers ? outermost(tree()) : boxes;
    }
    showMatched();
}

function matchedText() {
    const {weight, first, second} = view.matched;
    if (!model.compare)
        return "matched " + percent(weight, weights.whole.weight);
    const {now, base} = wholeSamples();
    return `matched ${percent(second, base)}, now ${percent(first, now)}`;
}

function showMatched() {
    const none = view.matches.length === 0;
    element("previous").disabled = element("next").disabled = none;
    const at = view.current === NONE
        ? number(view.matches.length)
        : `${number(view.current + 1)}/${number(view.matches.length)}`;
    element("matched").textContent = view.matching === null
        ? "" : `${matchedText()} \u00b7 ${at}`;
}

export function step(by) {
    const n = view.matches.length;
    if (n === 0)
        return;
    view.current = view.current === NONE
        ? (by > 0 ? 0 : n - 1) : (view.current + by + n) % n;
    showMatched();
    changed("choice", view.matches[view.current]);
}

/* --- the field ------------------------------------------------------------ */

let searchLater = 0;

/* Searches for the text of the field, unless it has not changed. */
function searchNow() {
    clearTimeout(searchLater);
    if (view.pattern === element("pattern").value)
        return;
    search(element("pattern").value);
    changed("search");
}

/* Sets the search from the address. The caller draws everything again. */
export function searchAgain(text) {
    element("pattern").value = text;
    search(text);
}

/* A pattern that matches only the whole name. */
const patternOf = (name) =>
    "^" + name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "$";

export function searchForFunction(fn) {
    element("pattern").value = patternOf(model.fnName[fn]);
    searchNow();
    step(1);
}

export function listenToSearch() {
    element("pattern").addEventListener("input", () => {
        clearTimeout(searchLater);
        searchLater = setTimeout(searchNow, 80);
    });
    element("search").addEventListener("submit", (event) => {
        event.preventDefault();
        searchNow();
        step(1);
    });
    element("next").addEventListener("click", () => step(1));
    element("previous").addEventListener("click", () => step(-1));
}
