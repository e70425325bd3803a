/*
 * What the rows of an event count: one of several values, such as samples and
 * CPU time, or blocked time and the number of waits. The chosen value is the
 * weight of a row.
 */
import {changed} from "./change.js";
import {element, make} from "./page.js";
import {stackCounts} from "./selection.js";
import {countSamples, valueTitle} from "./figures.js";
import {model} from "./view.js";

/* The first one has no name in the address. */
export const valueInAddress = () =>
    model.value === model.values[0].value ? "" : model.value;

/* An unknown name stands for the first value. */
export function useValue(of, name) {
    const found = of.values.find(({value}) => value === name);
    Object.assign(of, found || of.values[0]);
    of.rowCpu = of.values.find(({value}) => value === "cpu")?.rowCount;
    of.stackCount = stackCounts(of);
}

/* The caller builds the boxes again. */
export function showValue(name) {
    useValue(model, name);
    countSamples(model.perSample);
}

export function fillValues() {
    const select = element("value");
    select.replaceChildren();
    for (const of of model.values) {
        const option = make("option", valueTitle(of), select);
        option.value = of.value;
    }
    element("value-label").hidden = model.values.length < 2;
    select.value = model.value;
}

export function listenToValues() {
    element("value").addEventListener("change", () => {
        showValue(element("value").value);
        changed("value");
    });
}
