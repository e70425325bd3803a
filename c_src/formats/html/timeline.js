/*
 * The timeline: a strip that shows how much ran in each bucket, higher and
 * warmer for more. Dragging a brush on it restricts everything else to a span
 * of time.
 */
import {changed} from "./change.js";
import {element, isPlain} from "./page.js";
import {NONE} from "./model.js";
import {isWholeTime, selection} from "./selection.js";
import {model, weights} from "./view.js";
import {colors, numbersOf} from "./colors.js";

const STRIP_HIGH = 44; /* CSS pixels */
const strip = element("strip");
const brush = {from: NONE, moved: false, frame: 0};

export const hasTimeline = () => model.bucketUs > 0 && model.buckets > 1;
export const secondsOf = (bucket) => bucket * model.bucketUs / 1e6;

export function setTimes(from, to) {
    const most = model.buckets;
    from = Math.max(0, Math.min(from, most - 1));
    to = Math.max(from + 1, Math.min(to, most));
    const whole = from === 0 && to === most;
    selection.from = from;
    selection.to = whole ? Infinity : to;
}

export const lastBucket = () => Math.min(selection.to, model.buckets);

/* A bucket may take several pixels, or several buckets may share one, and then
 * the highest of them can be seen. */
export function drawStrip() {
    if (!hasTimeline())
        return;
    const ratio = window.devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(strip.clientWidth * ratio));
    const high = Math.round(STRIP_HIGH * ratio);
    if (strip.width !== wide || strip.height !== high) {
        strip.width = wide;
        strip.height = high;
    }
    const paint = strip.getContext("2d");
    paint.clearRect(0, 0, wide, high);
    const most = weights.buckets.reduce((a, b) => Math.max(a, b), 1);
    const step = wide / model.buckets;
    const heat = numbersOf(colors.heat);
    for (let b = 0; b < model.buckets; b++)
        drawBucket(paint, b, weights.buckets[b] / most, {step, high, heat});
    drawBrush(paint, step, wide, high, ratio);
}

function drawBucket(paint, bucket, part, {step, high, heat}) {
    const x = Math.round(bucket * step);
    const end = Math.max(Math.round((bucket + 1) * step), x + 1);
    const tall = part > 0 ? Math.max(1, Math.round(part * (high - 2))) : 0;
    const [hue, saturation, lightness] = heat;
    paint.fillStyle = `hsl(${hue - 28 * part} ${saturation}% ` +
        `${lightness - 14 * part}%)`;
    paint.fillRect(x, high - tall, end - x - (step > 4 ? 1 : 0), tall);
}

function drawBrush(paint, step, wide, high, ratio) {
    if (isWholeTime())
        return;
    const from = Math.round(selection.from * step);
    const to = Math.round(lastBucket() * step);
    const edge = Math.max(2, Math.round(2 * ratio));
    paint.globalAlpha = 0.72;
    paint.fillStyle = colors.page;
    paint.fillRect(0, 0, from, high);
    paint.fillRect(to, 0, wide - to, high);
    paint.globalAlpha = 1;
    paint.fillStyle = colors.accent;
    paint.fillRect(from, 0, edge, high);
    paint.fillRect(to - edge, 0, edge, high);
}

export function showTimes() {
    element("timeline").hidden = !hasTimeline();
    if (!hasTimeline())
        return;
    const from = element("from");
    const to = element("to");
    from.step = to.step = secondsOf(1);
    from.max = to.max = secondsOf(model.buckets).toFixed(3);
    from.value = Number(secondsOf(selection.from).toFixed(6));
    to.value = Number(secondsOf(lastBucket()).toFixed(6));
    element("whole-time").disabled = isWholeTime();
    drawStrip();
}

/* --- choosing ------------------------------------------------------------ */

function bucketAt(event) {
    const area = strip.getBoundingClientRect();
    const part = (event.clientX - area.left) / Math.max(area.width, 1);
    return Math.max(0, Math.min(model.buckets - 1,
                                Math.floor(part * model.buckets)));
}

function onBrushStart(event) {
    brush.from = bucketAt(event);
    brush.moved = false;
    strip.setPointerCapture(event.pointerId);
}

function onBrushMove(event) {
    if (brush.from === NONE)
        return;
    const at = bucketAt(event);
    brush.moved = brush.moved || at !== brush.from;
    if (brush.moved) {
        setTimes(Math.min(at, brush.from), Math.max(at, brush.from) + 1);
        brushLater();
    }
}

/* Announces the change once per frame, however often the pointer moves. */
function brushLater() {
    if (brush.frame === 0)
        brush.frame = requestAnimationFrame(() => {
            brush.frame = 0;
            changed("brush");
        });
}

function onBrushEnd() {
    if (brush.from === NONE)
        return;
    if (!brush.moved)
        setTimes(0, model.buckets);
    brush.from = NONE;
    cancelAnimationFrame(brush.frame);
    brush.frame = 0;
    changed("selection");
}

/* Left and right move the span; with Shift, they move its end. If all time is
 * selected, they begin with the first tenth. */
function onStripKey(event) {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === "Escape" && !isWholeTime()) {
        event.preventDefault();
        event.stopPropagation();
        setTimes(0, model.buckets);
        changed("selection");
        return;
    }
    if (!by || !isPlain(event))
        return;
    event.preventDefault();
    const size = isWholeTime() ? Math.ceil(model.buckets / 10)
                               : lastBucket() - selection.from;
    const from = isWholeTime() ? 0 : selection.from;
    if (event.shiftKey)
        setTimes(from, from + Math.max(1, size + by));
    else if (from + by >= 0 && from + by + size <= model.buckets)
        setTimes(isWholeTime() ? from : from + by,
                 isWholeTime() ? from + size : from + by + size);
    changed("selection");
}

function onTimeInput() {
    const bucket = (id) => Number(element(id).value) * 1e6 / model.bucketUs;
    const from = bucket("from");
    const to = bucket("to");
    /* All buckets that overlap the span, as with --from and --to. */
    if (Number.isFinite(from) && Number.isFinite(to) && to > from)
        setTimes(Math.floor(from + 1e-6), Math.ceil(to - 1e-6));
    changed("selection");
}

export function listenToStrip() {
    strip.addEventListener("pointerdown", onBrushStart);
    strip.addEventListener("pointermove", onBrushMove);
    strip.addEventListener("pointerup", onBrushEnd);
    strip.addEventListener("pointercancel", onBrushEnd);
    strip.addEventListener("keydown", onStripKey);
    element("from").addEventListener("change", onTimeInput);
    element("to").addEventListener("change", onTimeInput);
    element("whole-time").addEventListener("click", () => {
        setTimes(0, model.buckets);
        changed("selection");
    });
}
