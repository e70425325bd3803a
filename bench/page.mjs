// How fast the flame graph page is with STACKS (100,000) distinct stacks: time
// to first paint, and the longest time from an input to the next frame that
// shows it. Run by `make bench-page`.
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
    globalThis.longestTask = 0;
    new PerformanceObserver((list) => {
        for (const { duration, processingEnd, processingStart } of
             list.getEntries()) {
            globalThis.slowest = Math.max(globalThis.slowest, duration);
            globalThis.longestTask = Math.max(globalThis.longestTask,
                                              processingEnd - processingStart);
        }
    }).observe({ type: "event", durationThreshold: 16, buffered: true });
}

async function measure(page, run) {
    await page.evaluate(() => { globalThis.slowest = 0; });
    await run();
    await settled(page);
    await page.waitForTimeout(400);
    return page.evaluate(() => globalThis.slowest);
}

async function drag(page) {
    const { x, y, width } = await page.locator("#strip").boundingBox();
    await page.mouse.move(x + width * 0.1, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.9, y + 20, { steps: 30 });
    await page.mouse.up();
}

const clickAt = (row, part) => async (page) => {
    const { x, y, width } = await page.locator("#canvas").boundingBox();
    await page.mouse.click(x + width * part, y + 20 * row + 10);
};

const inputs = {
    "point at boxes": async (page) => {
        const { x, y } = await page.locator("#canvas").boundingBox();
        await page.mouse.move(x + 5, y + 5);
        await page.mouse.move(x + 900, y + 300, { steps: 30 });
    },
    "zoom in": clickAt(3, 0.1),
    "zoom out": (page) => page.keyboard.press("Escape"),
    "search, each letter": async (page) => {
        await page.fill("#pattern", "");
        await page.locator("#pattern").pressSequentially("function_12",
                                                         { delay: 100 });
        await waitForText(page, "matched", /matched/);
    },
    "next match": async (page) => {
        await page.locator("#graph").focus();
        for (let i = 0; i < 5; i++)
            await page.keyboard.press("n");
    },
    "brush over time": drag,
    "all the time again": (page) => page.click("#whole-time"),
    "select a process": (page) => page.selectOption("#process", "<0.7.0>"),
    "select everything": (page) => page.click("#everything"),
    "callers": (page) => page.click("#turn"),
    "zoom among callers": clickAt(1, 0.1),
    "brush, callers": drag,
    "back to calls": async (page) => {
        await page.click("#everything");
        await page.click("#turn");
    },
    "hide a kind": (page) => page.click("#legend button"),
    "flip": (page) => page.click("#flip"),
};

async function runOnce(file) {
    const page = await open(file, { init: watchInputs });
    const found = await page.evaluate(() => ({
        "first paint of the graph": Number(document.documentElement.dataset.ready),
        "drawing alone": Number(document.documentElement.dataset.frame),
    }));
    for (const [name, run] of Object.entries(inputs))
        found[name] = await measure(page, () => run(page));
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
console.log(`milliseconds, least and most of ${RUNS} runs:`);
for (const name of Object.keys(runs[0])) {
    const all = runs.map((run) => Math.round(run[name]));
    console.log(`  ${name.padEnd(26)} ${Math.min(...all)} .. ${Math.max(...all)}`);
}
