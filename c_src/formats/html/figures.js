/*
 * Figures as text, and how certain they are.
 */
const Z95 = 1.959964;
const Z999 = 3.290527;

export function percent(part, whole) {
    const value = whole > 0 ? 100 * part / whole : 0;
    return value.toFixed(Math.abs(value) < 10 ? 2 : 1) + "\u202f%";
}

/* 1234567 as "1,234,567". The first call of toLocaleString would take long. */
export const number = (n) =>
    String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");

export function duration(microseconds) {
    if (microseconds >= 1e6)
        return (microseconds / 1e6).toFixed(2) + "\u202fs";
    return (microseconds / 1e3).toFixed(1) + "\u202fms";
}

/* What the rows count, in a sentence. */
export const valueName = ({value}) =>
    ({cpu: "CPU time", wall: "process time", blocked: "blocked time"})[value] ||
    value || "samples";

export function valueTitle(model) {
    const name = valueName(model);
    return name[0].toUpperCase() + name.slice(1);
}

/* Three digits, and of the smallest unit no parts, as in base/units.c. */
function scaled(value, [[...names], step]) {
    let smallest = true;
    for (; names.length > 1 && value >= 999.5; names.shift()) {
        value /= step;
        smallest = false;
    }
    const digits = smallest ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return `${value.toFixed(digits)}\u202f${names[0]}`;
}

/* A value of the rows in their unit: "1,318 samples", "1.25 MB". */
export function valueText(value, {value: name, unit}) {
    const steps = {
        bytes: [["B", "KB", "MB", "GB", "TB", "PB"], 1024],
        nanoseconds: [["ns", "\u00b5s", "ms", "s"], 1000],
        microseconds: [["\u00b5s", "ms", "s"], 1000],
        milliseconds: [["ms", "s"], 1000],
    }[unit];
    if (!steps) {
        const one = name === "samples" && Math.round(value) === 1;
        return `${number(value)} ${one ? "sample" : name || "samples"}`;
    }
    return scaled(value, steps);
}

/* How much of a value stands for one sample; the error depends on the number of
 * samples. */
let perSample = 1;

export function countSamples(valuePerSample) {
    perSample = valuePerSample;
}

/* Half the width (0 to 1) of the Wilson interval for part out of whole, as in
 * profile/summary.c. */
function errorOf(part, whole, z = Z95) {
    if (whole <= 0)
        return 0;
    const p = part / whole;
    const n = whole / perSample;
    const spread = p * (1 - p) / n + z * z / (4 * n * n);
    return z * Math.sqrt(Math.max(spread, 0)) / (1 + z * z / n);
}

export const errorText = (part, whole) =>
    (100 * errorOf(part, whole)).toFixed(2);

export const percentWithError = (part, whole) =>
    `${percent(part, whole)} \u00b1 ${errorText(part, whole)}`;

/* The bounds of the Wilson interval. */
function bounds(part, whole, z = Z95) {
    const middle = (part + z * z / 2) / (whole + z * z);
    const half = errorOf(part, whole, z);
    return {low: Math.max(middle - half, 0), high: Math.min(middle + half, 1)};
}

/* The change of a share and its 95 % interval, in points (Newcombe's interval
 * for the difference of two proportions). */
export function changeOf(now, nowWhole, base, baseWhole) {
    if (nowWhole <= 0 || baseWhole <= 0)
        return {change: 0, low: 0, high: 0};
    const p = now / nowWhole;
    const q = base / baseWhole;
    const {low: pl, high: pu} = bounds(now, nowWhole);
    const {low: ql, high: qu} = bounds(base, baseWhole);
    return {
        change: 100 * (p - q),
        low: 100 * (p - q - Math.hypot(p - pl, qu - q)),
        high: 100 * (p - q + Math.hypot(pu - p, q - ql)),
    };
}

/* How much more there is now, relative to the work that did not change (0.2
 * means 20 %), and its 99.9 % interval. A graph has many boxes, so several 95 %
 * intervals would be wrong. The interval is that of the share of now in the
 * samples of both sides, converted to odds. */
export function growthOf(now, nowSame, base, baseSame) {
    const odds = (part) => part < 1
        ? part / (1 - part) * baseSame / nowSame - 1 : Infinity;
    if (now + base === 0 || nowSame === 0 || baseSame === 0)
        return {growth: 0, low: -1, high: Infinity};
    const {low, high} = bounds(now, now + base, Z999);
    return {growth: odds(now / (now + base)), low: odds(low),
            high: odds(high)};
}

export function signed(points, digits = 2) {
    const sign = points < 0 ? "\u2212" : "+";
    return sign + Math.abs(points).toFixed(digits);
}
