/*
 * The events of the recording, and the switch between them. Each has a model of
 * its own, which is read when it is first shown. What is searched for, selected
 * and hidden stays, as far as the other event has it.
 */
import {changed} from "./change.js";
import {sayTrouble} from "./page.js";
import {makeModel, NONE, readData} from "./model.js";
import {
    bucketCount, isWholeTime, keepSelection, selection
} from "./selection.js";
import {countSamples} from "./figures.js";
import {
    boxByFunctions, functionsTo, model, rebuild, useModel, view
} from "./view.js";
import {searchAgain} from "./search.js";
import {useValue} from "./values.js";
import {setTimes} from "./timeline.js";

const models = new Map();  /* by event; "": the only one */
let shown = "";
let wanted = "";           /* the last one that was chosen */

const choices = () => [...document.querySelectorAll("#events input")];
const names = () => choices().map((choice) => choice.value);

/* "": the first one, which the address need not name. */
export const eventText = () => shown === names()[0] ? "" : shown;

async function readModel(event) {
    const suffix = names().indexOf(event) > 0 ? "-" + event : "";
    const made = makeModel(await readData(suffix));
    made.buckets = bucketCount(made);
    useValue(made, "");
    return made;
}

function modelOf(event) {
    if (!models.has(event))
        models.set(event, readModel(event));
    return models.get(event);
}

function useEvent(event, made) {
    shown = event;
    useModel(made);
    countSamples(made.perSample);
    for (const choice of choices())
        choice.checked = choice.value === event;
    for (const part of document.querySelectorAll("[data-event]"))
        part.hidden = event !== "" && part.dataset.event !== event;
}

/* Uses the event that the address names, or else the first. The caller recalls
 * the rest of the address, and draws everything again. */
export async function recallEvent() {
    const asked = new URLSearchParams(location.hash.slice(1)).get("event");
    const event = names().includes(asked) ? asked : names()[0] || "";
    wanted = event;
    useEvent(event, await modelOf(event));
}

/* --- the switch ----------------------------------------------------------- */

/* The other event has other ids, so functions are kept by their names. */
const functionNames = (fns) => fns.map((fn) => model.fnName[fn]);
const functionNamed = (name) => model.fnName.indexOf(name);

async function showEvent(event) {
    wanted = event;
    const made = await modelOf(event);
    if (wanted !== event || shown === event)
        return; /* another one was chosen meanwhile */
    const zoom = functionNames(functionsTo(view.zoom));
    const [fn] = functionNames(view.fn === NONE ? [] : [view.fn]);
    useEvent(event, made);
    keepSelection(model);
    if (!isWholeTime())
        setTimes(selection.from, selection.to);
    rebuild();
    view.zoom = boxByFunctions(zoom.map(functionNamed));
    view.fn = fn === undefined ? NONE : functionNamed(fn);
    searchAgain(view.pattern);
    changed("event");
}

export function nextEvent() {
    const all = names();
    if (all.length > 1)
        showEvent(all[(all.indexOf(shown) + 1) % all.length]).catch(sayTrouble);
}

export function listenToEvents() {
    for (const choice of choices())
        choice.addEventListener("change", () => {
            showEvent(choice.value).catch(sayTrouble);
        });
    for (const part of document.querySelectorAll(".without-script"))
        part.remove();
}
