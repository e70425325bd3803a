/*
 * Colours of boxes: by kind of code or, in a comparison, by growth.
 */
import {NONE} from "./model.js";
import {growthOf} from "./figures.js";
import {ROOT} from "./calls.js";
import {isChanged, kindOf, model, toldOf, tree, view} from "./view.js";

const SHADES = 5;
const STEPS = 6; /* of growth, in each direction */

export let colors;

export function readColors() {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    colors = {
        page: value("--page"),
        text: value("--box-text"),
        muted: value("--box-muted"),
        mutedText: value("--box-muted-text"),
        root: value("--box-root"),
        edge: value("--box-edge"),
        heat: value("--heat"),
        accent: value("--accent"),
        line: value("--line"),
        kinds: model.kinds.map((kind) => shadesOf(value("--" + kind))),
        grew: stepsOf(value("--grew"), value("--same")),
        shrank: stepsOf(value("--shrank"), value("--same")),
    };
}

export const numbersOf = (text) => text.split(/\s+/).map(parseFloat);

/* Slightly different lightness distinguishes neighbours of one kind. */
function shadesOf(hueSaturationLightness) {
    const [hue, saturation, lightness] = numbersOf(hueSaturationLightness);
    return Array.from({length: SHADES}, (_, i) => {
        const l = lightness + (i - (SHADES - 1) / 2) * 2.2;
        return `hsl(${hue} ${saturation}% ${l}%)`;
    });
}

/* Steps from a neutral colour to the full one. */
function stepsOf(full, none) {
    const [hue, saturation, lightness] = numbersOf(full);
    const [, noSaturation, noLightness] = numbersOf(none);
    return Array.from({length: STEPS + 1}, (_, i) => {
        const part = i / STEPS;
        const mix = (from, to) => from + (to - from) * part;
        return i === 0
            ? `hsl(${none})`
            : `hsl(${hue} ${mix(noSaturation + 25, saturation)}% ` +
              `${mix(noLightness, lightness)}%)`;
    });
}

function shadeOf(fn) {
    return (Math.imul(fn + 1, 0x9e3779b1) >>> 8) % SHADES;
}

export function isMuted(box) {
    if (box === ROOT)
        return false;
    if (view.pointed !== NONE && kindOf(box) !== view.pointed)
        return true;
    return view.matching !== null && view.matching[tree().fn[box]] === 0;
}

/* The colour is full if the box doubled or halved. It is neutral if chance may
 * explain the change, in the box or in the whole comparison, or if it is below
 * 5 %, as in the table. */
const LEAST_GROWTH = 0.05;

function changeColor(box) {
    const {first, second} = toldOf(box);
    const {growth, low, high} =
        growthOf(first, model.nowSame, second, model.baseSame);
    if (!isChanged(box) || (low <= 0 && high >= 0) ||
        Math.abs(growth) < LEAST_GROWTH)
        return colors.grew[0];
    const doublings = Math.abs(Math.log2(1 + growth)); /* may be infinite */
    const step = Math.max(1, Math.min(STEPS, Math.ceil(doublings * STEPS)));
    return (growth > 0 ? colors.grew : colors.shrank)[step];
}

export function colorOf(box, muted) {
    if (muted)
        return colors.muted;
    if (box === ROOT)
        return colors.root;
    if (model.compare)
        return changeColor(box);
    return colors.kinds[kindOf(box)][shadeOf(tree().fn[box])];
}
