/*
 * Colours: by kind of code, or, of a comparison, by how a share changed.
 */
const SHADES = 5;
const STEPS = 6; /* of growth, each way */

let colors;

function readColors() {
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

const numbersOf = (text) => text.split(/\s+/).map(parseFloat);

/* Neighbours of one kind are told apart by a little lightness. */
function shadesOf(hueSaturationLightness) {
    const [hue, saturation, lightness] = numbersOf(hueSaturationLightness);
    return Array.from({length: SHADES}, (_, i) => {
        const l = lightness + (i - (SHADES - 1) / 2) * 2.2;
        return `hsl(${hue} ${saturation}% ${l}%)`;
    });
}

/* From a colour that says nothing to the full one. */
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

function isMuted(box) {
    if (box === ROOT)
        return false;
    if (view.pointed !== NONE && kindOf(box) !== view.pointed)
        return true;
    return view.matching !== null && view.matching[tree().fn[box]] === 0;
}

/* Full colour at a change of five points or of the box's half. */
function changeColor(box) {
    const {now, base} = wholeSamples();
    const {first, second} = toldOf(box);
    const {change, low, high} = changeOf(first, now, second, base);
    if (low <= 0 && high >= 0)
        return colors.grew[0];
    const share = 100 * Math.max(first / now, second / base);
    const part = Math.max(Math.abs(change) / 5, Math.abs(change) / share * 0.8);
    const step = Math.max(1, Math.min(STEPS, Math.ceil(part * STEPS)));
    return (change > 0 ? colors.grew : colors.shrank)[step];
}

function colorOf(box, muted) {
    if (muted)
        return colors.muted;
    if (box === ROOT)
        return colors.root;
    if (model.compare)
        return changeColor(box);
    return colors.kinds[kindOf(box)][shadeOf(tree().fn[box])];
}
