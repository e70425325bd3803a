// How fast the flame graph page is with STACKS (100,000) distinct stacks: time
// to first paint, and the longest time from an input to the next frame that
// shows it. CPU time of the page's thread, an input, tells the same on a machine
// that has other work. Run by `make bench-page`.
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import {
    close, cprof, dir, launch, open, settled, waitForText,
} from "../test/browser/support.mjs";

const STACKS = Number(process.env.STACKS || 100_000);
const RUNS = Number(process.env.RUNS || 3);

// --- a recording of that many stacks ----------------------------------------

function varint(out, value) {
    while (value >= 128) {
        out.push(value % 128 + 128);
        value = Math.floor(value / 128);
    }
    out.push(value);
}

function bytesField(out, field, bytes) {
    varint(out, field * 8 + 2);
    varint(out, bytes.length);
    for (const byte of bytes)
        out.push(byte);
}

function message(fields) {
    const out = [];
    for (const [field, value] of fields) {
        if (typeof value === "number") {
            varint(out, field * 8);
            varint(out, value);
        } else {
            bytesField(out, field, value);
        }
    }
    return out;
}

let seed = 12345;
function random(below) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
}

// Stacks that branch off one another at random depths, as programs' do.
function makeStacks(count, functions) {
    const seen = new Set();
    const stacks = [];
    while (stacks.length < count) {
        const like = stacks.length ? stacks[random(stacks.length)] : [];
        const kept = Math.min(like.length, 2 + random(30));
        const stack = like.slice(0, kept);
        const deep = Math.max(8, kept + 1 + random(6));
        while (stack.length < deep)
            stack.push(1 + Math.floor(functions * (random(1000) / 1000) ** 2));
        const key = stack.join();
        if (!seen.has(key)) {
            seen.add(key);
            stacks.push(stack);
        }
    }
    return stacks;
}

function writeRecording(path) {
    const FUNCTIONS = 4000;
    const strings = [""];
    const text = (word) => strings.push(word) - 1;
    const keys = ["process", "thread", "state", "bucket"].map(text);
    const states = ["running", "gc", "dirty-cpu"].map(text);
    const pids = [...Array(1000).keys()].map((i) => text(`<0.${i}.0>`));
    const threads = [...Array(8).keys()].map((i) => text(`${i}_scheduler`));
    const parts = [[1, message([[1, text("samples")], [2, text("count")]])]];
    const file = text("some_module.erl");
    for (let i = 1; i <= FUNCTIONS; i++) {
        const name = text(`module_${i % 300}:function_${i}/2`);
        parts.push([5, message([[1, i], [2, name], [4, file]])]);
        parts.push([4, message([[1, i], [4, message([[1, i], [2, i]])]])]);
    }
    for (const stack of makeStacks(STACKS, FUNCTIONS)) {
        const label = (key, field, value) =>
            [3, message([[1, key], [field, value]])];
        const ids = [];
        stack.slice().reverse().forEach((id) => varint(ids, id));
        parts.push([2, message([
            [1, ids], [2, [1 + random(3)]],
            label(keys[0], 2, pids[random(1000)]),
            label(keys[1], 2, threads[random(8)]),
            label(keys[2], 2, states[random(3)]),
            label(keys[3], 3, random(500)),
        ])]);
    }
    const comments = ["recording=1", "bucket_ns=20000000"]
        .map((words) => text("cprof." + words));
    for (const comment of comments)
        parts.push([13, [comment % 128 + 128, comment >> 7]]);
    parts.push([10, 10_000_000_000]);
    const out = [];
    for (const word of strings)
        out.push(Buffer.from(message([[6, Buffer.from(word)]])));
    for (const part of parts)
        out.push(Buffer.from(message([part])));
    writeFileSync(path, gzipSync(Buffer.concat(out)));
}

// --- measuring ---------------------------------------------------------------

// From an input to the frame that shows it, as the browser itself counts.
function watchInputs() {
    globalThis.slowest = 0;
    new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries())
            globalThis.slowest = Math.max(globalThis.slowest, duration);
    }).observe({ type: "event", durationThreshold: 16, buffered: true });
}

const MOVES = 30; /* of the pointer in one gesture */

// Milliseconds of CPU that the page's thread has used.
async function cpuOf(session) {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
}

async function measure(page, session, run) {
    await page.evaluate(() => { globalThis.slowest = 0; });
    const before = await cpuOf(session);
    const steps = (await run(page)) || 1;
    await settled(page);
    await page.waitForTimeout(300);
    return { frame: await page.evaluate(() => globalThis.slowest),
             cpu: (await cpuOf(session) - before) / steps };
}

async function drag(page) {
    const { x, y, width } = await page.locator("#strip").boundingBox();
    await page.mouse.move(x + width * 0.1, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.9, y + 20, { steps: MOVES });
    await page.mouse.up();
    return MOVES;
}

const clickAt = (row, part) => async (page) => {
    const { x, y, width } = await page.locator("#canvas").boundingBox();
    await page.mouse.click(x + width * part, y + 20 * row + 10);
};

const inputs = {
    "point at boxes": async (page) => {
        const { x, y } = await page.locator("#canvas").boundingBox();
        await page.mouse.move(x + 5, y + 5);
        await page.mouse.move(x + 900, y + 300, { steps: MOVES });
        return MOVES;
    },
    "zoom in": clickAt(3, 0.1),
    "zoom out": async (page) => void await page.keyboard.press("Escape"),
    "search, each letter": async (page) => {
        await page.fill("#pattern", "");
        await page.locator("#pattern").pressSequentially("function_12",
                                                         { delay: 100 });
        await waitForText(page, "matched", /matched/);
        return "function_12".length;
    },
    "next match": async (page) => {
        await page.locator("#graph").focus();
        for (let i = 0; i < 5; i++)
            await page.keyboard.press("n");
        return 5;
    },
    "brush over time": drag,
    "all the time again": async (page) => void await page.click("#whole-time"),
    "select a process": async (page) => void await page.selectOption("#process", "<0.7.0>"),
    "select everything": async (page) => void await page.click("#everything"),
    "callers": async (page) => void await page.click("#turn"),
    "zoom among callers": clickAt(1, 0.1),
    "brush, callers": drag,
    "back to calls": async (page) => {
        await page.click("#everything");
        await page.click("#turn");
        return 2;
    },
    "hide a kind": async (page) => void await page.click("#legend button"),
    "flip": async (page) => void await page.click("#flip"),
};

async function runOnce(file) {
    const page = await open(file, { init: watchInputs, ready: false });
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    await page.waitForSelector("html[data-ready]", { state: "attached" });
    const { ready } = await page.evaluate(() =>
        ({ ready: Number(document.documentElement.dataset.ready) }));
    const found = { "first paint": { frame: ready, cpu: await cpuOf(session) } };
    for (const [name, run] of Object.entries(inputs))
        found[name] = await measure(page, session, run);
    await page.end();
    return found;
}

const recording = `${dir}/many.pb.gz`;
const file = `${dir}/many.html`;
mkdirSync(dir, { recursive: true });
writeRecording(recording);
const began = performance.now();
cprof("report", recording, "-o", file);
console.log(`${STACKS} stacks: html of ${statSync(file).size} bytes ` +
            `written in ${Math.round(performance.now() - began)} ms`);
await launch();
const runs = [];
for (let i = 0; i < RUNS; i++)
    runs.push(await runOnce(file));
await close();
const span = (name, what) => {
    const all = runs.map((run) => Math.round(run[name][what]));
    return `${Math.min(...all)} .. ${Math.max(...all)}`;
};
console.log(`milliseconds, least and most of ${RUNS} runs
                          until it is seen   CPU, each input`);
for (const name of Object.keys(runs[0]))
    console.log(`  ${name.padEnd(26)}${span(name, "frame").padEnd(19)}` +
                span(name, "cpu"));
