/*
 * Keeps what is shown in the page's address, after the `#`, so that a link
 * shows the same: event, value, search, selection, hidden kinds, view, zoom.
 */
import {element, make} from "./page.js";
import {NONE} from "./model.js";
import {isWholeTime, selection} from "./selection.js";
import {ROOT} from "./calls.js";
import {
    boxByFunctions, calls, functionsTo, model, rebuild, view
} from "./view.js";
import {forgetRows} from "./draw.js";
import {findMatches, searchAgain} from "./search.js";
import {hasTimeline, lastBucket, secondsOf, setTimes} from "./timeline.js";
import {showValue, valueInAddress} from "./values.js";
import {eventText} from "./events.js";

const REMEMBER_AFTER = 200; /* ms; browsers limit how often it may change */
const MOST_DEPTH = 300;     /* of a zoom in the graph of callers */

/* A page in a frame of another one (srcdoc) has no address of its own. */
export const hasAddress = location.protocol !== "about:";

let remembering = 0;

function zoomText() {
    if (view.zoom === ROOT)
        return "";
    if (!view.callers)
        return String(view.zoom);
    return functionsTo(view.zoom).slice(0, MOST_DEPTH).join(".");
}

export function addressText() {
    const words = new URLSearchParams();
    const say = (name, value) => value !== "" && words.set(name, value);
    say("event", eventText());
    say("value", valueInAddress());
    say("view", view.callers ? "callers" : "");
    say("flame", view.flame ? "1" : "");
    say("hide", [...view.hidden].map((kind) => model.kinds[kind]).join(","));
    say("search", view.pattern);
    for (const name of ["process", "state", "span", "thread"])
        say(name, selection[name]);
    if (!isWholeTime()) {
        say("from", String(secondsOf(selection.from)));
        say("to", String(secondsOf(lastBucket())));
    }
    say("width", selection.width === "now" ? "" : selection.width);
    say("function", view.fn === NONE ? "" : String(view.fn));
    say("zoom", zoomText());
    return words.toString();
}

function rememberNow() {
    clearTimeout(remembering);
    const text = addressText();
    if (text !== location.hash.slice(1))
        history.replaceState(null, "", text ? "#" + text
                                            : location.pathname +
                                              location.search);
}

export function remember() {
    if (!hasAddress)
        return;
    clearTimeout(remembering);
    remembering = setTimeout(rememberNow, REMEMBER_AFTER);
}

/* --- and back ------------------------------------------------------------ */

function wholeNumber(text, below) {
    const value = Number(text);
    return Number.isInteger(value) && value >= 0 && value < below ? value
                                                                  : NONE;
}

function recallTimes(words) {
    const bucket = (text) =>
        Math.round(Number(text) * 1e6 / model.bucketUs);
    selection.from = 0;
    selection.to = Infinity;
    if (hasTimeline() && words.has("from") && words.has("to") &&
        bucket(words.get("to")) > bucket(words.get("from")))
        setTimes(bucket(words.get("from")), bucket(words.get("to")));
}

function recallZoom(text) {
    view.zoom = ROOT;
    if (view.callers)
        view.zoom = boxByFunctions(text.split(".").filter((id) => id)
            .map(Number));
    else if (wholeNumber(text, calls.size) > ROOT)
        view.zoom = wholeNumber(text, calls.size);
}

/* Anybody can write an address, so unknown values in it are ignored. */
export function recall() {
    const words = new URLSearchParams(location.hash.slice(1));
    const word = (name) => words.get(name) || "";
    view.callers = word("view") === "callers";
    view.flame = word("flame") === "1";
    view.hidden = new Set(word("hide").split(",")
        .map((name) => model.kinds.indexOf(name)).filter((kind) => kind >= 0));
    for (const name of ["process", "state", "span", "thread"])
        selection[name] = word(name);
    const sides = ["now", "base", "both"];
    selection.width = sides.includes(word("width")) ? word("width") : "now";
    recallTimes(words);
    showValue(word("value"));
    view.fn = words.has("function")
        ? wholeNumber(word("function"), model.fnName.length) : NONE;
    rebuild();
    searchAgain(word("search"));
    recallZoom(word("zoom"));
    forgetRows();
    findMatches();
}

export async function copyAddress() {
    rememberNow();
    let copied = false;
    try {
        await navigator.clipboard.writeText(location.href);
        copied = true;
    } catch {
        const text = make("textarea", location.href, document.body);
        text.select();
        copied = document.execCommand("copy");
        text.remove();
    }
    element("said").textContent = copied
        ? "Link copied" : "The link is in the address bar";
    setTimeout(() => { element("said").textContent = ""; }, 2500);
}
