// A recording of CPU time and process time: one page with a switch.
import { after, before, test } from "node:test";
import { strict as assert } from "node:assert";
import {
    assertNear, assertSameFunctions, close, cprof, dir, functionTable, launch,
    open, settled, text, TIMEOUT, waitForText,
} from "./support.mjs";

const limit = { timeout: 2 * TIMEOUT };
const recording = `${dir}/both.pb.gz`;
const file = `${dir}/events.html`;
const report = (event, ...filter) => JSON.parse(
    cprof("report", recording, "-f", "json", "--event", event, ...filter));

before(async () => {
    await launch();
    cprof("report", recording, "-o", file);
});
after(close);

const titles = { cpu: "CPU time", wall: "Process time" };
const shown = (page) => page.locator("#events input:checked").inputValue();
const path = (page) => page.$$eval("#path button", (all) =>
    all.map((button) => button.textContent));
const hash = (page) => page.evaluate(() => location.hash);

async function shows(page, event) {
    await page.waitForFunction((wanted) =>
        [...document.querySelectorAll("[data-event]")].every((part) =>
            part.hidden === (part.dataset.event !== wanted)), event);
    assert.equal(await shown(page), event);
}

async function switchTo(page, event) {
    await page.click(`#events label:has-text("${titles[event]}")`);
    await shows(page, event);
}

test("each event is what its report says", limit, async () => {
    const page = await open(file);
    assert.match(await page.title(), /^CPU and process time profile/);
    for (const event of ["cpu", "wall", "cpu"]) {
        await switchTo(page, event);
        const told = report(event);
        assertSameFunctions(await functionTable(page), told);
        const states = await page.$$eval("#state option", (all) =>
            all.map(({ value }) => value).filter((value) => value));
        assert.deepEqual(states, Object.entries(told.states)
            .filter(([state, n]) => n > 0 && state !== "idle" &&
                    state !== "scheduler").map(([state]) => state));
        await page.locator(`[data-event=${event}] summary`).click();
        assert.match(await page.locator(`[data-event=${event}]`).textContent(),
                     event === "cpu" ? /cpu-clock/ : /process-table, wall/);
        await page.locator(`[data-event=${event}] summary`).click();
    }
    await page.end();
});

test("process time has no parts in C, GC or the kernel", limit, async () => {
    const page = await open(file);
    const heads = () => page.$$eval("#functions thead th", (all) => all
        .filter((head) => head.checkVisibility())
        .map(({ textContent }) => textContent));
    const figures = () => page.$$eval("#functions tbody tr", ([row]) =>
        [...row.cells].filter((cell) => cell.checkVisibility()).length);
    const parts = ["In C", "GC", "Kernel"];
    await settled(page);
    const all = await heads();
    assert.deepEqual(all.filter((head) => parts.includes(head)), parts);
    assert.equal(await figures(), all.length);
    await switchTo(page, "wall");
    await settled(page);
    assert.deepEqual(await heads(),
                     all.filter((head) => !parts.includes(head)));
    assert.equal(await figures(), all.length - 3);
    await switchTo(page, "cpu");
    await settled(page);
    assert.deepEqual(await heads(), all);
    await page.end();
});

test("who is waited for is in the graph", limit, async () => {
    const page = await open(file, { hash: "event=wall" });
    await shows(page, "wall");
    const told = report("wall");
    assert.equal(await page.locator("[data-event=wall] .notes li").first()
        .textContent(), told.waits_cause.sentence);
    const [till] = told.waits.filter(({ name }) => name === "page_till");
    await page.fill("#pattern", "^\\[waits for page_till\\]$");
    await page.press("#pattern", "Enter");
    await waitForText(page, "matched", / 1\/\d+$/);
    assertNear(Number(/([\d.]+)\s*%/.exec(await text(page, "matched"))[1]),
               100 * till.waited_ns / told.meta.counted);
    assert.match(await text(page, "status"), /Process time [\d.]+\s(s|ms)/);
    await page.end();
});

test("search and selection stay", limit, async () => {
    const page = await open(file);
    await page.fill("#pattern", "^gen_server:call/2$");
    await waitForText(page, "matched", / \d+$/);
    const call = "page_work:buyer/0";
    await page.selectOption("#process", call);
    const before = await text(page, "matched");
    await switchTo(page, "wall");
    assert.equal(await page.inputValue("#pattern"), "^gen_server:call/2$");
    assert.equal(await page.inputValue("#process"), call);
    await settled(page);
    assert.notEqual(await text(page, "matched"), before);
    await page.fill("#pattern", "");
    await waitForText(page, "matched", /^$/);
    assertSameFunctions(await functionTable(page),
                        report("wall", "--process", call));
    await switchTo(page, "cpu");
    assertSameFunctions(await functionTable(page),
                        report("cpu", "--process", call));
    await page.end();
});

test("what the other event does not have is not selected", limit, async () => {
    const page = await open(file, { hash: "event=wall" });
    await shows(page, "wall");
    await page.selectOption("#state", "blocked");
    await switchTo(page, "cpu");
    assert.equal(await page.inputValue("#state"), "");
    assertSameFunctions(await functionTable(page), report("cpu"));
    await page.end();
});

test("a span of time stays", limit, async () => {
    const page = await open(file);
    await page.fill("#from", "0.4");
    await page.fill("#to", "1.2");
    await page.keyboard.press("Tab");
    await switchTo(page, "wall");
    assert.equal(await page.inputValue("#from"), "0.4");
    assert.equal(await page.inputValue("#to"), "1.2");
    assertSameFunctions(await functionTable(page),
                        report("wall", "--from", 0.4, "--to", 1.2));
    await page.end();
});

test("zoom and function stay where both have them", limit, async () => {
    const page = await open(file);
    await page.fill("#pattern", "^page_work:buyer/0$");
    await page.press("#pattern", "Enter");
    await waitForText(page, "matched", / 1\/\d+$/);
    await page.locator("#graph").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("s");
    assert.equal((await path(page)).at(-1), "page_work:buyer/0");
    await switchTo(page, "wall");
    assert.equal((await path(page)).at(-1), "page_work:buyer/0");
    await settled(page);
    assert.equal(await text(page, "of-name"), "page_work:buyer/0");
    const called = await text(page, "callees-list");
    assert.match(called, /gen_server:call\/2/);
    await page.end();
});

test("the keyboard switches, too", limit, async () => {
    const page = await open(file);
    await page.locator("#graph").focus();
    await page.keyboard.press("e");
    await shows(page, "wall");
    await page.keyboard.press("e");
    await shows(page, "cpu");
    await page.locator("#events input:checked").focus();
    await page.keyboard.press("ArrowRight");
    await shows(page, "wall");
    await page.keyboard.press("c"); /* the page's keys work from there */
    assert.equal(await page.getAttribute("#turn", "aria-pressed"), "true");
    await page.end();
});

test("a link shows the event", limit, async () => {
    const page = await open(file);
    await switchTo(page, "wall");
    await page.waitForFunction(() => location.hash === "#event=wall");
    await page.click("#turn");
    await page.waitForFunction(() => /view=callers/.test(location.hash));
    const other = await open(file, { hash: (await hash(page)).slice(1) });
    await shows(other, "wall");
    assert.equal(await other.getAttribute("#turn", "aria-pressed"), "true");
    assertSameFunctions(await functionTable(other), report("wall"));
    await other.end();
    await page.evaluate(() => { location.hash = "state=running"; });
    await shows(page, "cpu");
    assertSameFunctions(await functionTable(page),
                        report("cpu", "--state", "running"));
    await page.evaluate(() => { location.hash = "event=nonsense"; });
    await shows(page, "cpu");
    await page.end();
});

test("quick switching ends with the last choice", limit, async () => {
    const page = await open(file);
    await page.evaluate(() => {
        for (const value of ["wall", "cpu", "wall", "cpu", "wall"])
            document.querySelector(`#events [value=${value}]`).click();
    });
    await shows(page, "wall");
    assertSameFunctions(await functionTable(page), report("wall"));
    await page.end();
});

// Function -> CPU time of the stacks with it, in percent of all.
function cpuTotals() {
    const { shared, profiles } = JSON.parse(cprof(
        "report", recording, "-f", "speedscope", "--event", "cpu",
        "--weights", "cpu"));
    const totals = new Map();
    let all = 0;
    const [{ samples, weights }] = profiles;
    samples.forEach((stack, i) => {
        const names = new Set(stack.map((id) => shared.frames[id].name));
        if (/^\[(idle|scheduler)\]/.test([...names][0]))
            return;
        all += weights[i];
        for (const name of names)
            totals.set(name, (totals.get(name) || 0) + weights[i]);
    });
    return new Map([...totals].map(([name, n]) => [name, 100 * n / all]));
}

test("each value of an event can be the weight", limit, async () => {
    const page = await open(file);
    const values = () => page.$$eval("#value option", (all) =>
        all.map(({ value }) => value));
    assert.deepEqual(await values(), ["samples", "cpu"]);
    await page.selectOption("#value", "cpu");
    await page.waitForFunction(() => location.hash === "#value=cpu");
    assert.match(await text(page, "graph-says"), /share of CPU time;/);
    const table = await functionTable(page);
    const expected = cpuTotals();
    for (const name of ["page_work:buyer/0", "page_work:sorter/1"])
        assertNear(table.get(name).total, expected.get(name));
    await page.selectOption("#process", "page_work:buyer/0");
    assert.match(await text(page, "selected"), /^[\d.]+\s(ms|s) selected/);
    await page.locator("#graph").focus();
    await page.keyboard.press("ArrowDown");
    assert.match(await text(page, "status"), /CPU time [\d.]+\s(s|ms)/);
    await switchTo(page, "wall");
    assert.deepEqual(await values(), ["wall", "samples"]);
    assert.equal(await page.inputValue("#value"), "wall");
    await page.selectOption("#value", "samples");
    await settled(page);
    assert.match(await text(page, "selected"), /^[\d,]+ samples? selected/);
    await switchTo(page, "cpu"); /* each event keeps its own */
    assert.equal(await page.inputValue("#value"), "cpu");
    await page.click("#everything");
    await page.selectOption("#value", "samples");
    assertSameFunctions(await functionTable(page), report("cpu"));
    await page.end();
});

test("a link shows the value", limit, async () => {
    const page = await open(file, { hash: "event=wall&value=samples" });
    await shows(page, "wall");
    assert.equal(await page.inputValue("#value"), "samples");
    await page.evaluate(() => { location.hash = "event=wall&value=blocked"; });
    await page.waitForFunction(() =>
        document.getElementById("value").value === "wall");
    assertSameFunctions(await functionTable(page), report("wall"));
    await page.end();
});

test("without a script there is a table of each", limit, async () => {
    const page = await open(file, { javaScriptEnabled: false, ready: false });
    assert.equal(await page.locator("table:visible").count(), 2);
    for (const event of ["cpu", "wall"]) {
        const [hot] = report(event).functions.filter(({ own }) => own > 0)
            .sort((a, b) => b.own - a.own || b.total - a.total);
        const first = page.locator("table").nth(event === "cpu" ? 0 : 1)
            .locator("tbody tr").first().locator("th");
        assert.equal(await first.textContent(), hot.name);
        assert.ok(await page.locator(`[data-event=${event}]`).isVisible());
    }
    assert.ok(await page.locator("#events").isHidden());
    await page.end();
});
