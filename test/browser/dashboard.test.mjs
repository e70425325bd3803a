// The page of cprof in Phoenix LiveDashboard, used as people use it. It runs from
// test/dashboard.sh, which says where the dashboard is.
import { after, before, test } from "node:test";
import { strict as assert } from "node:assert";
import { close, cprof, dir, launch, TIMEOUT, visit } from "./support.mjs";

const dashboard = process.env.CPROF_DASHBOARD;
const skip = !dashboard && "test/dashboard.sh runs it";
const limit = { timeout: 3 * TIMEOUT, skip };
const password = "Basic " + Buffer.from("shop:secret").toString("base64");
const access = { extraHTTPHeaders: { Authorization: password } };

before(async () => {
    if (!skip)
        await launch();
});
after(async () => {
    if (!skip)
        await close();
});

async function openPage() {
    const page = await visit(`${dashboard}/cprof`, access);
    await page.waitForSelector("#cprof-figures");
    return page;
}

async function record(page, event, seconds) {
    await page.selectOption("#cprof-seconds", String(seconds));
    await page.click(`#cprof-record-${event}`);
}

const cells = (page, table) => page.$$eval(`${table} tbody tr`, (rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
const about = (rows, name) => rows.find((row) => row.join().includes(name));
const failure = (page) => page.locator("#cprof-failure").textContent();

async function picture(page, name) {
    if (process.env.CPROF_SCREENSHOTS)
        await page.screenshot({
            path: `${process.env.CPROF_SCREENSHOTS}/${name}.png`,
            fullPage: true,
        });
}

// The flame graph page in its frame, ready to be used.
async function flameGraph(page) {
    const frame = page.frameLocator("iframe.cprof-flame-graph");
    await frame.locator("html[data-ready]").waitFor({ state: "attached" });
    return frame;
}

test("only who may see the dashboard sees the page", limit, async () => {
    assert.equal((await fetch(`${dashboard}/cprof`)).status, 401);
    const { status } = await fetch(`${dashboard}/cprof`, { headers: { Authorization: password } });
    assert.equal(status, 200);
});

test("the figures are shown, and come again", limit, async () => {
    const page = await openPage();
    const [normal] = await cells(page, "#cprof-schedulers");
    assert.equal(normal[0], "normal");
    assert.match(normal[2], /^\d+\.\d$/);
    const letters = about(await cells(page, "#cprof-mailboxes"), "DashboardShop.Letters");
    assert.equal(letters[0], "5,000");
    const [most] = await cells(page, "#cprof-waited");
    assert.match(most[2], /DashboardShop\.Till/);
    assert.ok(Number(most[0]) > 5, most[0]);
    assert.match(await page.locator("#cprof-memory").textContent(), / in RAM: /);
    const [attached] = await cells(page, "#cprof-spans");
    assert.match(attached[0], /^[1-9][\d,]*$/);
    assert.deepEqual(attached.slice(1), ["0", "[:shop, :sale]", "cprof-spans"]);
    await picture(page, "figures");

    const read = () => page.locator("#cprof-figures > p").textContent();
    const first = await read();
    await page.selectOption("#refresh-interval-select", "1");
    await page.waitForFunction((text) =>
        document.querySelector("#cprof-figures > p").textContent !== text, first);
    await page.end();
});

test("a process of a table opens what the dashboard says of it", limit, async () => {
    const page = await openPage();
    await page.click("#cprof-mailboxes tr:has-text('DashboardShop.Letters')");
    await page.waitForSelector("#modal");
    assert.match(await page.locator("#modal").textContent(), /DashboardShop\.Letters/);
    await page.end();
});

test("a recording of CPU time, and its flame graph", limit, async () => {
    const page = await openPage();
    await record(page, "cpu", 5);
    await page.waitForSelector("#cprof-job:has-text('of 5 s')");
    assert.ok(await page.locator("#cprof-record-wall").isDisabled());
    await picture(page, "recording");
    await page.waitForSelector("#cprof-result-1");
    const [hottest] = await cells(page, "#cprof-result-1");
    assert.match(hottest[3], /^DashboardShop\.Prices\.price\/2|^Enum\./);
    assert.match(await page.locator("#cprof-result-1 h5").textContent(),
                 /^CPU time, recorded for 5\.\d s from [\d:]+ UTC: [\d,]+ samples by engine \w+$/);
    const [sale] = await cells(page, ".cprof-spans");
    assert.equal(sale.at(-1), "[:shop, :sale] basket");
    assert.match(sale[1], /^[1-9][\d,]*$/);
    for (const time of sale.slice(2, 5))
        assert.match(time, /^[\d.]+ (ms|s)$/);

    const frame = await flameGraph(page);
    assert.match(await frame.locator("h1").textContent(), /^CPU profile/);
    assert.ok(await frame.locator("#copy").isHidden());
    await frame.locator("#pattern").fill("^DashboardShop\\.Prices");
    await frame.locator("#pattern").press("Enter");
    await frame.locator("#matched:has-text('%')").waitFor();
    assert.match(await frame.locator("#matched").textContent(), /[1-9]/);
    await frame.locator("#turn").click();
    await frame.locator("#canvas").click({ position: { x: 40, y: 30 } });
    await picture(page, "cpu");

    // What is open stays open when the figures come again.
    await page.click("#cprof-result-1 summary");
    await page.selectOption("#refresh-interval-select", "1");
    const read = page.locator("#cprof-figures > p");
    const before = await read.textContent();
    await page.waitForFunction((text) =>
        document.querySelector("#cprof-figures > p").textContent !== text, before);
    assert.ok(await page.locator("#cprof-result-1 pre").isVisible());
    assert.match(await page.locator("#cprof-result-1 pre").textContent(), /DashboardShop/);
    assert.equal(await frame.locator("#pattern").inputValue(), "^DashboardShop\\.Prices");
    await page.end();
});

test("a recording of process time says who is waited for, and is saved", limit, async () => {
    const page = await openPage();
    await record(page, "wall", 60);
    await page.waitForSelector("#cprof-job:has-text('4 of 60 s')");
    await page.click("#cprof-stop");
    await page.waitForSelector("#cprof-result-1");
    assert.match(await page.locator(".cprof-sentence").textContent(),
                 /processes wait for DashboardShop\.Till/);
    const [sale] = await cells(page, ".cprof-spans");
    assert.equal(sale.at(-2), "[:shop, :sale] basket");
    assert.match(sale.at(-1), /^[\d.]+ % \[waits for DashboardShop\.Till\]$/);
    await flameGraph(page);
    await picture(page, "wall");

    const [download] = await Promise.all([page.waitForEvent("download"), page.click(".cprof-save")]);
    assert.match(download.suggestedFilename(), /^cprof-wall-\d{8}T\d{6}Z\.pb\.gz$/);
    const file = `${dir}/${download.suggestedFilename()}`;
    await download.saveAs(file);
    assert.match(cprof("report", file), /DashboardShop\.Till/);
    await page.end();
});

test("one recording at a time; leaving the page ends it", limit, async () => {
    const [one, other] = [await openPage(), await openPage()];
    await record(one, "cpu", 60);
    await one.waitForSelector("#cprof-job:has-text('of 60 s')");
    await record(other, "wall", 2);
    await other.waitForSelector("#cprof-failure");
    assert.match(await failure(other), /^Another recording runs on this node/);
    await picture(other, "refused");

    await one.click("nav a:has-text('Home')");
    await one.waitForSelector("#system-info-card");
    // The recording ends with the page, a moment later.
    do {
        await other.click("#cprof-record-cpu");
        await other.waitForSelector("#cprof-record-cpu:enabled:not(.phx-click-loading)");
    } while (!await other.locator("#cprof-result-1").isVisible());
    await one.end();
    await other.end();
});
