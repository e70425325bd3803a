// A recording whose application marks spans: the page selects them.
import { after, before, test } from "node:test";
import { strict as assert } from "node:assert";
import {
    assertNear, assertSameFunctions, close, cprof, dir, functionTable, launch,
    open, text, TIMEOUT, waitForText,
} from "./support.mjs";

const limit = { timeout: 2 * TIMEOUT };
const recording = `${dir}/spans.pb.gz`;
const file = `${dir}/spans.html`;
const report = (...filter) => JSON.parse(
    cprof("report", recording, "-f", "json", ...filter));

const orders = "[:shop, :page] /orders";
const cart = "[:shop, :page] /cart";
const query = "[:shop, :query]";
/* Each span burns a function of its own; the query is made in orders. */
const burns = {
    [orders]: ["in_orders", "in_query"], [cart]: ["in_cart"],
    [query]: ["in_query"],
};
const all = ["in_orders", "in_query", "in_cart", "in_no_span"];
const nameOf = (name) => `page_work:${name}/1`;

before(async () => {
    await launch();
    cprof("report", recording, "-o", file);
});
after(close);

const optionsOf = (page) => page.$$eval("#span option", (options) =>
    options.map(({ value }) => value));

/* The share of the selected samples whose stacks have that function. */
async function shareOf(page, name) {
    await page.fill("#pattern", `^${nameOf(name)}$`);
    await page.press("#pattern", "Enter");
    const matched = await waitForText(page, "matched", /%/);
    await page.fill("#pattern", "");
    await waitForText(page, "matched", /^$/);
    return Number(/([\d.]+)\s*%/.exec(matched)[1]);
}

/* The table is the report's. (That a sample is in the right span is tested by
 * test/live/spans_test.exs; here are few samples, of which one may be at the
 * border between two spans.) */
async function showsOnly(page, span, told) {
    const table = await functionTable(page);
    const sum = (names) => names.reduce((n, name) =>
        n + (table.get(nameOf(name))?.self || 0), 0);
    const foreign = sum(all.filter((name) => !burns[span].includes(name)));
    assert.ok(foreign <= sum(burns[span]) / 10, `${foreign} in ${span}`);
    assertSameFunctions(table, told);
}

/* By name: the samples in which that function was executing. */
function selfOf({ functions }) {
    const sums = new Map();
    for (const { name, self } of functions)
        sums.set(name, (sums.get(name) || 0) + self);
    return sums;
}

/* What the whole has, and no span. (cprof looks for spans a few times a second,
 * so samples before it has found the first are in none.) */
async function showsTheRest(page, whole) {
    const table = await functionTable(page);
    const inPages = selfOf(report("--span", "[:shop, :page]"));
    for (const [name, self] of selfOf(whole))
        assert.equal(table.get(name)?.self || 0,
                     self - (inPages.get(name) || 0), name);
    assert.ok(table.get(nameOf("in_no_span")).self > 0);
}

test("the selector has the spans, the one with most samples first", limit,
    async () => {
        const page = await open(file);
        const [everything, ...spans] = await optionsOf(page);
        assert.equal(everything, "");
        assert.deepEqual([...spans].sort(), [orders, cart, query, "-"].sort());
        assert.equal(spans.at(-1), "-");
        const counted = spans.slice(0, -1).map((span) =>
            report("--span", span).meta.counted);
        assert.deepEqual(counted, [...counted].sort((a, b) => b - a));
        await page.end();
    });

test("the graph is that of the chosen span, and of all again", limit,
    async () => {
        const page = await open(file);
        const whole = report();
        assertSameFunctions(await functionTable(page), whole);
        assert.equal(await text(page, "selected"), "");
        for (const span of [orders, query, cart]) {
            await page.selectOption("#span", span);
            const told = report("--span", span);
            assert.ok(told.meta.counted < whole.meta.counted);
            await showsOnly(page, span, told);
            const n = told.meta.counted.toLocaleString("en-US");
            const selected = await text(page, "selected");
            assert.match(selected, new RegExp(`^${n} samples? selected`));
            assertNear(Number(/, ([\d.]+)\s*% of all/.exec(selected)[1]),
                       100 * told.meta.counted / whole.meta.counted);
            const [first] = burns[span];
            const row = told.functions.find(({ name }) =>
                name === nameOf(first));
            assertNear(await shareOf(page, first), row.total_pct);
        }
        await page.selectOption("#span", "-");
        await showsTheRest(page, whole);
        await page.selectOption("#span", "");
        assertSameFunctions(await functionTable(page), whole);
        assert.equal(await text(page, "selected"), "");
        await page.selectOption("#span", cart);
        await showsOnly(page, cart, report("--span", cart));
        await page.click("#everything");
        assert.equal(await page.inputValue("#span"), "");
        assertSameFunctions(await functionTable(page), whole);
        await page.end();
    });

test("a link shows the span; an event's name means all of its spans", limit,
    async () => {
        const page = await open(file);
        await page.selectOption("#span", query);
        await page.waitForFunction(() => location.hash.includes("span="));
        const hash = await page.evaluate(() => location.hash.slice(1));
        await page.end();
        const other = await open(file, { hash });
        assert.equal(await other.inputValue("#span"), query);
        await showsOnly(other, query, report("--span", query));
        await other.evaluate(() => {
            location.hash = new URLSearchParams({ span: "[:shop, :page]" });
        });
        await other.waitForFunction(() =>
            document.getElementById("span").value === "[:shop, :page]");
        assertSameFunctions(await functionTable(other),
                            report("--span", "[:shop, :page]"));
        await other.end();
    });

test("spans and other selectors together", limit, async () => {
    const page = await open(file);
    await page.selectOption("#span", orders);
    await page.selectOption("#state", "running");
    assertSameFunctions(await functionTable(page),
                        report("--span", orders, "--state", "running"));
    await page.end();
});
