// The page shows what the reports say, however it is searched and selected.
import { after, before, test } from "node:test";
import { strict as assert } from "node:assert";
import { gunzipSync, gzipSync } from "node:zlib";
import {
    assertNear, assertSameFunctions, close, functionTable, launch, open, read,
    report, settled, size, stacks, text, TIMEOUT, waitForText, writePage,
} from "./support.mjs";

const limit = { timeout: 2 * TIMEOUT };
let file;

before(async () => {
    await launch();
    file = writePage("page.html");
});
after(close);

const percentIn = (words) => Number(/([\d.]+)\s*%/.exec(words)[1]);

// Enter searches at once and goes to the first match.
async function find(page, pattern) {
    await page.fill("#pattern", pattern);
    await page.press("#pattern", "Enter");
    await waitForText(page, "matched", / 1\/\d+$/);
}

test("the table has all functions of the report", limit, async () => {
    const page = await open(file);
    assertSameFunctions(await functionTable(page), report());
    await page.end();
});

test("the table begins as the text report does", limit, async () => {
    const page = await open(file);
    await settled(page);
    const shown = await page.$$eval("#functions tbody tr", (all) =>
        all.slice(0, 8).map((row) => row.cells[7].textContent));
    const hot = report().functions.filter(({ own }) => own > 0)
        .sort((a, b) => b.own - a.own || b.total - a.total);
    const own = new Map(hot.map((f) => [f.name, f.own]));
    assert.deepEqual(shown.map((name) => own.get(name)),
                     hot.slice(0, 8).map((f) => f.own));
    const title = await page.title();
    assert.match(title, /^CPU profile.*, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    await page.end();
});

test("matched percent is the report's total", limit, async () => {
    const page = await open(file);
    const { functions } = report();
    const named = (f) => functions.filter(({ name }) => name === f).length;
    const largest = functions.filter(({ name }) => named(name) === 1)
        .sort((a, b) => b.total - a.total).slice(0, 6);
    for (const { name, total_pct } of largest) {
        await find(page, "^" + name.replace(/\W/g, "\\$&") + "$");
        assertNear(percentIn(await text(page, "matched")), total_pct);
    }
    // Several functions of one stack: it counts once.
    await find(page, "^page_work:|^lists:");
    const all = stacks();
    const counted = all.reduce((sum, [, n]) => sum + n, 0);
    const matching = all.filter(([frames]) =>
        frames.some((frame) => /^page_work:|^lists:/.test(frame)))
        .reduce((sum, [, n]) => sum + n, 0);
    assertNear(percentIn(await text(page, "matched")),
               100 * matching / counted);
    await page.fill("#pattern", "(");
    await waitForText(page, "matched", /not a regular expression/);
    await page.end();
});

test("next and previous go from match to match", limit, async () => {
    const page = await open(file);
    await page.fill("#pattern", "^lists:");
    await waitForText(page, "matched", / \d+$/);
    const n = Number(/(\d+)$/.exec(await text(page, "matched"))[1]);
    assert.ok(n > 1);
    await page.click("#next");
    await waitForText(page, "matched", new RegExp(` 1/${n}$`));
    assert.match(await text(page, "status"), /^lists:/);
    await page.click("#previous");
    await waitForText(page, "matched", new RegExp(` ${n}/${n}$`));
    await page.locator("#graph").focus();
    await page.keyboard.press("n");
    await waitForText(page, "matched", new RegExp(` 1/${n}$`));
    await page.keyboard.press("Shift+N");
    await waitForText(page, "matched", new RegExp(` ${n}/${n}$`));
    await page.end();
});

for (const [select, option, most] of [["process", "--process", 4],
                                      ["state", "--state", 4],
                                      ["thread", "--thread", 3]])
    test(`a ${select} as ${option}`, limit, async () => {
        const page = await open(file);
        const values = await page.$$eval(`#${select} option`, (all) =>
            all.map((item) => item.value).filter((v) => v && v !== "-"));
        assert.ok(values.length >= 2, values.join());
        for (const value of values.slice(0, most)) {
            await page.selectOption("#" + select, value);
            const told = report(option, value);
            assertSameFunctions(await functionTable(page), told);
            const n = told.meta.counted.toLocaleString("en-US");
            assert.match(await text(page, "selected"),
                         new RegExp(`^${n} samples? selected`));
        }
        await page.click("#everything");
        assertSameFunctions(await functionTable(page), report());
        await page.end();
    });

test("two selectors together", limit, async () => {
    const page = await open(file);
    const call = "page_work:sorter/1";
    await page.selectOption("#process", call);
    await page.selectOption("#state", "running");
    assertSameFunctions(await functionTable(page),
                        report("--process", call, "--state", "running"));
    await page.end();
});

const span = async (page) => [await page.inputValue("#from"),
                              await page.inputValue("#to")];

test("a span of time as --from and --to", limit, async () => {
    const page = await open(file);
    const before = await functionTable(page);
    await page.locator("#strip").scrollIntoViewIfNeeded();
    const strip = await page.locator("#strip").boundingBox();
    const y = strip.y + strip.height / 2;
    await page.mouse.move(strip.x + strip.width * 0.55, y);
    await page.mouse.down();
    await page.mouse.move(strip.x + strip.width * 0.7, y, { steps: 4 });
    await page.mouse.move(strip.x + strip.width * 0.9, y, { steps: 4 });
    await page.mouse.up();
    const [from, to] = await span(page);
    assert.ok(from > 0 && to > from);
    assertSameFunctions(await functionTable(page),
                        report("--from", from, "--to", to));
    await page.fill("#from", "0.4");
    await page.fill("#to", "1.2");
    await page.keyboard.press("Tab");
    // In whole slices of time, which are longer in a long recording.
    const typed = await span(page);
    assert.ok(Math.abs(typed[0] - 0.4) < 0.2);
    assert.ok(Math.abs(typed[1] - 1.2) < 0.2);
    assertSameFunctions(await functionTable(page),
                        report("--from", typed[0], "--to", typed[1]));
    await page.locator("#strip").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowLeft");
    const moved = await span(page);
    assert.notDeepEqual(moved, typed);
    assertSameFunctions(await functionTable(page),
                        report("--from", moved[0], "--to", moved[1]));
    await page.keyboard.press("Escape");
    assert.deepEqual(await functionTable(page), before);
    await page.end();
});

test("hidden kinds are their callers'", limit, async () => {
    const page = await open(file);
    const told = report();
    await page.click("#legend [data-kind=native]");
    await page.click("#legend [data-kind=gc]");
    const table = await functionTable(page);
    const kindOf = new Map(told.functions.map((f) => [f.name, f.kind]));
    let self = 0;
    for (const [name, row] of table) {
        assert.ok(!["native", "gc"].includes(kindOf.get(name)), name);
        self += row.self;
    }
    const hidden = stacks().filter(([frames]) => frames.every((frame) =>
        ["native", "gc"].includes(kindOf.get(frame)) ||
        frame === "[no stack]"))
        .reduce((sum, [, n]) => sum + n, 0);
    assert.equal(self + hidden, told.meta.counted);
    const pack = told.functions.find((f) =>
        f.name === "erlang:term_to_binary/1");
    assertNear(table.get(pack.name).total, pack.total_pct);
    assert.ok(table.get(pack.name).self > pack.self);
    await page.click("#legend [data-kind=native]");
    await page.click("#legend [data-kind=gc]");
    assertSameFunctions(await functionTable(page), told);
    await page.end();
});

test("callers: the function that ran comes first", limit, async () => {
    const page = await open(file);
    await page.click("#turn");
    await page.locator("#graph").focus();
    await page.keyboard.press("ArrowDown");
    const [top] = report().functions.slice().sort((a, b) => b.self - a.self);
    const status = await text(page, "status");
    assert.ok(status.startsWith(top.name), status);
    assert.match(status, new RegExp(
        `Samples ${top.self.toLocaleString("en-US")} `));
    await page.end();
});

test("callers and callees of a function", limit, async () => {
    const page = await open(file);
    const of = "page_work:packer/0";
    await functionTable(page);
    await page.click(`#functions .function:text-is("${of}")`);
    const listed = await page.$$eval("#callees-list li", (all) =>
        all.map((item) => [item.querySelector("button").textContent,
                           parseFloat(item.querySelector("span").textContent)]));
    const all = stacks();
    const counted = all.reduce((sum, [, n]) => sum + n, 0);
    const truth = new Map();
    for (const [frames, n] of all) {
        const called = new Set(frames.filter((f, i) => frames[i - 1] === of));
        for (const f of called)
            truth.set(f, (truth.get(f) || 0) + n);
    }
    assert.deepEqual(listed.map(([name]) => name).sort(),
                     [...truth.keys()].sort());
    for (const [name, percent] of listed)
        assertNear(percent, 100 * truth.get(name) / counted);
    assert.match(await text(page, "callers-list"), /it is the first function/);
    await page.click("#find");
    await waitForText(page, "matched", /1\/\d+$/);
    await page.click("#close");
    assert.ok(await page.locator("#neighbours").isHidden());
    await page.end();
});

test("the file is little more than its data, gzipped", () => {
    const page = read(file);
    const [, bytes, packed] =
        /data-bytes="(\d+)">([^<]*)<\/script>/.exec(page);
    assert.ok(packed.length <= 1.24 * Number(bytes) + 2);
    assert.ok(size(file) <= 1.3 * Number(bytes) + size(file) - packed.length);
    // What gzip is given is not waste: packing it again gains nothing.
    const raw = gunzipSync(Buffer.from(decode(packed, Number(bytes))));
    assert.ok(gzipSync(raw).length >= 0.95 * Number(bytes));
});

// As model.js does, from the description in html_parts.h.
function decode(packed, length) {
    const bytes = new Uint8Array(length);
    const signs = [...Array(94).keys()].map((i) => String.fromCharCode(i + 33))
        .filter((sign) => !"&<>".includes(sign)).join("");
    let held = 0, bits = 0, at = 0;
    for (let i = 0; i < packed.length; i += 2) {
        held += (signs.indexOf(packed[i]) * 91 +
                 signs.indexOf(packed[i + 1])) * 2 ** bits;
        for (bits += 13; bits >= 8 && at < length; bits -= 8) {
            bytes[at++] = held % 256;
            held = Math.floor(held / 256);
        }
    }
    return bytes;
}
