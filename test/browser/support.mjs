// A page in a real Chromium, and what `cprof report` says of the same recording.
import { execFileSync } from "node:child_process";
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = new URL("../../", import.meta.url).pathname;
export const dir = process.env.CPROF_PAGES;
export const recording = `${dir}/page.pb.gz`;
export const TIMEOUT = 60_000;

let browser;

export async function launch() {
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        timeout: 120_000,
    });
}

export const close = () => browser.close();

export function cprof(...args) {
    return execFileSync(`${root}priv/cprof`, args.map(String),
                        { encoding: "utf8", maxBuffer: 1 << 28 });
}

export function writePage(file, ...filter) {
    const page = `${dir}/${file}`;
    cprof("report", recording, "-o", page, ...filter);
    return page;
}

export const report = (...filter) =>
    JSON.parse(cprof("report", recording, "-f", "json", ...filter));

// Stacks as [["root", ..., "leaf"], samples], without what is not counted.
export function stacks(...filter) {
    return cprof("report", recording, "-f", "collapsed", ...filter)
        .trim().split("\n").filter((line) => !/^\[(idle|scheduler)\] /.test(line))
        .map((line) => {
            const space = line.lastIndexOf(" ");
            return [line.slice(0, space).split(";"),
                    Number(line.slice(space + 1))];
        });
}

// A page; whatever it says, pops up, or asks of elsewhere is kept as a fault.
async function watched({ init, ...options }, mayAsk) {
    const context = await browser.newContext(
        { viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const faults = [];
    page.setDefaultTimeout(TIMEOUT);
    page.on("console", (message) => faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("dialog", (dialog) => {
        faults.push(`dialog ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on("request", (request) => {
        if (!mayAsk(request.url()))
            faults.push(`request ${request.url()}`);
    });
    if (init)
        await page.addInitScript(init);
    page.end = async () => {
        await context.close();
        assert.deepEqual(faults, []);
    };
    return page;
}

// Opens a file, which asks nothing of the network.
export async function open(file, { hash = "", ready = true, ...options } = {}) {
    const page = await watched(options, (url) => /^(file|data|blob):/.test(url));
    await page.goto(pathToFileURL(file).href + (hash && "#" + hash));
    if (ready)
        await page.waitForSelector("html[data-ready]", { state: "attached" });
    return page;
}

// Opens a page of a server, which asks nothing of others.
export async function visit(url, options = {}) {
    const { origin } = new URL(url);
    const page = await watched(options, (asked) => /^(data|blob|about):/.test(asked) ||
        new URL(asked).origin === origin);
    await page.goto(url);
    return page;
}

export const text = (page, id) => page.locator("#" + id).textContent();

export async function waitForText(page, id, pattern) {
    await page.waitForFunction(
        ([name, source]) => new RegExp(source)
            .test(document.getElementById(name).textContent),
        [id, pattern.source]);
    return text(page, id);
}

const figure = (words) => Number(words.replace(/[^0-9.]/g, ""));

// The table of functions: name -> {self, own_pct, total_pct}, several of one
// name added.
export async function functionTable(page) {
    await settled(page);
    if (await page.locator("#more").isVisible())
        await page.click("#more");
    const rows = await page.$$eval("#functions tbody tr", (all) =>
        all.map((row) => [...row.cells].map(
            (cell) => cell.dataset.value ?? cell.textContent)));
    const table = new Map();
    for (const [own, , , , , total, self, name] of rows) {
        const row = table.get(name) || { self: 0, own: 0, total: 0, rows: 0 };
        row.self += figure(self);
        row.own += figure(own);
        row.total += figure(total);
        row.rows++;
        table.set(name, row);
    }
    return table;
}

// The table follows a change a little later.
export async function settled(page) {
    await page.waitForSelector("#functions:not([aria-busy])");
    await page.evaluate(() => new Promise(requestAnimationFrame));
}

// As shown: two places below ten, else one.
const near = (a, b) => Math.abs(a - b) <= (b < 10 ? 0.0051 : 0.051);

export function assertSameFunctions(table, told) {
    const expected = new Map();
    for (const { name, self, own_pct, total, total_pct } of told.functions) {
        if (total === 0)
            continue;
        const row = expected.get(name) ||
            { self: 0, own: 0, total: 0, rows: 0 };
        row.self += self;
        row.own += own_pct;
        row.total += total_pct;
        row.rows++;
        expected.set(name, row);
    }
    assert.deepEqual([...table.keys()].sort(), [...expected.keys()].sort());
    for (const [name, row] of expected) {
        assert.equal(table.get(name).self, row.self, name);
        for (const what of row.rows === 1 ? ["own", "total"] : [])
            assert.ok(near(table.get(name)[what], row[what]),
                      `${name}: ${what} ${table.get(name)[what]} ${row[what]}`);
    }
}

export function assertNear(actual, expected) {
    assert.ok(near(actual, expected), `${actual} is not ${expected}`);
}

export const size = (file) => readFileSync(file).length;
export const read = (file) => readFileSync(file, "utf8");
