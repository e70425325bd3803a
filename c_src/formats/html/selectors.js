/*
 * The selectors of process, state, span and thread, and the legend that hides
 * kinds of code.
 */
import {changed} from "./change.js";
import {element, make} from "./page.js";
import {NONE} from "./model.js";
import {isEverything, selection} from "./selection.js";
import {number, percent, valueName, valueText} from "./figures.js";
import {calls, model, view, weights} from "./view.js";
import {redraw} from "./draw.js";

const MOST_PROCESSES = 500; /* listed one by one; others by initial call */

function sumRowsBy(ids, size) {
    const sums = new Float64Array(size + 1);
    for (let i = 0; i < ids.length; i++)
        sums[ids[i] + 1] += model.rowCount[i];
    return sums;
}

const shareOf = (samples) => percent(samples, model.counted);

function addOption(parent, value, text) {
    const option = make("option", text, parent);
    option.value = value;
}

function addGroup(select, label) {
    const group = document.createElement("optgroup");
    group.label = label;
    select.append(group);
    return group;
}

/* --- processes ----------------------------------------------------------- */

function textsOf(process) {
    const {pid, name, label, initial_call: call} = model.processes;
    const text = (list) => model.strings[list[process]];
    return {pid: text(pid), name: text(name), label: text(label),
            call: text(call)};
}

function processText(process) {
    const {pid, name, label, call} = textsOf(process);
    const members = model.processes.members[process];
    const many = members > 1 ? `${number(members)} processes` : "";
    return [name || label || pid || many, name || label ? pid : "", call]
        .filter((text) => text).join("  ");
}

/* Initial calls of more than one process: [call, samples, processes]. */
function sharedCalls(sums) {
    const calls = new Map();
    for (let i = 0; i < sums.length - 1; i++) {
        const {call} = textsOf(i);
        const [samples, count] = calls.get(call) || [0, 0];
        if (call)
            calls.set(call, [samples + sums[i + 1],
                             count + model.processes.members[i]]);
    }
    return [...calls].map(([call, [samples, count]]) => [call, samples, count])
        .filter(([, , count]) => count > 1).sort((a, b) => b[1] - a[1]);
}

export function fillProcesses() {
    const select = element("process");
    select.replaceChildren();
    const sums = sumRowsBy(model.rowProcess, model.processes.pid.length);
    const order = Array.from(sums.keys()).slice(1).map((id) => id - 1)
        .sort((a, b) => sums[b + 1] - sums[a + 1]);
    addOption(select, "", `All processes (${number(order.length)})`);
    const shared = sharedCalls(sums);
    const groups = shared.length > 0 && addGroup(select, "By initial call");
    for (const [call, samples, count] of shared)
        addOption(groups, call,
                  `${shareOf(samples)}  ${call}  (${number(count)})`);
    const single = addGroup(select, order.length > MOST_PROCESSES
        ? `The ${MOST_PROCESSES} with most samples` : "Processes");
    for (const process of order.slice(0, MOST_PROCESSES)) {
        const {pid, name, label, call} = textsOf(process);
        addOption(single, pid || name || label || call,
                  `${shareOf(sums[process + 1])}  ${processText(process)}`);
    }
    if (sums[0] > 0)
        addOption(select, "-", `${shareOf(sums[0])}  no Erlang process`);
    element("process-label").hidden = order.length === 0;
}

/* --- states and threads -------------------------------------------------- */

export function fillStates() {
    const select = element("state");
    select.replaceChildren();
    const sums = sumRowsBy(model.rowState, model.states.length);
    addOption(select, "", "All states");
    model.states.forEach((state, i) => {
        if (sums[i + 1] > 0)
            addOption(select, state, `${shareOf(sums[i + 1])}  ${state}`);
    });
    element("state-label").hidden = select.options.length < 3;
}

/* By name: the samples in such a span, also in others within it. */
function sumSpans() {
    const sums = sumRowsBy(model.rowSpan, model.spanName.length);
    const byName = new Map();
    model.spanName.forEach((_, i) => {
        const names = new Set();
        for (let span = i; span !== NONE; span = model.spanParent[span])
            names.add(model.spanName[span]);
        for (const name of names)
            byName.set(name, (byName.get(name) || 0) + sums[i + 1]);
    });
    return {byName, none: sums[0]};
}

export function fillSpans() {
    const select = element("span");
    select.replaceChildren();
    const {byName, none} = sumSpans();
    addOption(select, "", `All spans (${number(byName.size)})`);
    for (const [name, sum] of [...byName].sort((a, b) => b[1] - a[1]))
        addOption(select, name, `${shareOf(sum)}  ${name}`);
    if (none > 0)
        addOption(select, "-", `${shareOf(none)}  in no span`);
    element("span-label").hidden = byName.size === 0;
}

export function fillThreads() {
    const select = element("thread");
    select.replaceChildren();
    const names = model.threads.name;
    const sums = sumRowsBy(model.rowThread, names.length);
    const byName = new Map();
    names.forEach((id, i) => {
        const name = model.strings[id];
        byName.set(name, (byName.get(name) || 0) + sums[i + 1]);
    });
    addOption(select, "", `All threads (${number(byName.size)})`);
    const order = [...byName.keys()].sort((a, b) =>
        parseInt(a, 10) - parseInt(b, 10) || (a < b ? -1 : 1));
    for (const name of order)
        addOption(select, name, `${shareOf(byName.get(name))}  ${name}`);
    element("thread-label").hidden = byName.size < 2;
}

export function showSelection() {
    for (const name of ["process", "state", "span", "thread"]) {
        const select = element(name);
        const value = selection[name];
        if (value && ![...select.options].some((o) => o.value === value))
            addOption(select, value, value); /* from a link, not in the list */
        select.value = value;
        select.classList.toggle("set", value !== "");
    }
    showSelected();
}

export function showSelected() {
    element("everything").hidden = isEverything();
    const part = weights.whole.weight;
    element("selected").textContent = isEverything() || model.compare ? ""
        : `${valueText(part, model)} selected, ` +
          `${percent(part, model.counted)} of all`;
}

function selectEverything() {
    Object.assign(selection, {process: "", state: "", span: "", thread: "",
                              from: 0, to: Infinity});
    changed("selection");
}

export function listenToSelectors() {
    for (const name of ["process", "state", "span", "thread"])
        element(name).addEventListener("change", () => {
            selection[name] = element(name).value;
            changed("selection");
        });
    element("everything").addEventListener("click", selectEverything);
    element("width-label").hidden = !model.compare;
    element("width").addEventListener("change", () => {
        selection.width = element("width").value;
        changed("selection");
    });
}

/* --- legend -------------------------------------------------------------- */

function selfByKind() {
    const sums = new Float64Array(model.kinds.length);
    const all = model.stackCount;
    for (let s = 0; s < all.length; s++)
        sums[model.fnKind[model.frameFn[model.stackFrame[s]]]] += all[s];
    return sums;
}

function pointAtKind(kind) {
    view.pointed = kind;
    redraw();
}

function toggleKind(kind) {
    if (!view.hidden.delete(kind))
        view.hidden.add(kind);
    changed("kinds");
}

function addKind(kind, samples) {
    const button = make("button", "", element("legend"));
    button.type = "button";
    button.dataset.kind = model.kinds[kind];
    button.title = "Click to hide this kind of code: its time then counts for " +
        `its callers. The figure is its share of ${valueName(model)}.`;
    const swatch = make("i", "", button);
    swatch.hidden = model.compare;
    if (!model.compare)
        swatch.style.background = `hsl(var(--${model.kinds[kind]}))`;
    make("b", model.kinds[kind], button);
    if (samples > 0) /* not for BIFs, whose samples are in C functions */
        make("span", shareOf(samples), button);
    button.addEventListener("click", () => toggleKind(kind));
    button.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "mouse" && !view.hidden.has(kind))
            pointAtKind(kind);
    });
    button.addEventListener("pointerleave", () => pointAtKind(NONE));
}

/* In a comparison, colours show growth. */
export function fillKey() {
    const key = element("key");
    key.hidden = !model.compare;
    if (!model.compare)
        return;
    const swatches = [...colors.shrank.slice(1).reverse(), ...colors.grew];
    key.replaceChildren();
    make("span", "halved", key);
    for (const color of swatches)
        make("i", "", key).style.background = color;
    make("span", "doubled; grey: no significant change", key);
}

export function fillLegend() {
    fillKey();
    element("legend").replaceChildren();
    const present = new Set(model.fnKind);
    selfByKind().forEach((samples, kind) => {
        if (present.has(kind))
            addKind(kind, samples);
    });
}

export function showLegend() {
    for (const button of element("legend").querySelectorAll("[data-kind]")) {
        const kind = model.kinds.indexOf(button.dataset.kind);
        button.setAttribute("aria-pressed", String(!view.hidden.has(kind)));
    }
}
