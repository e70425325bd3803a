// The page is used: zoom, keys, links, small screens, hostile names.
import { after, before, test } from "node:test";
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import {
    close, dir, functionTable, launch, open, read, report, settled, text,
    TIMEOUT, waitForText, writePage,
} from "./support.mjs";

const limit = { timeout: 2 * TIMEOUT };
let file;

before(async () => {
    await launch();
    file = writePage("use.html");
});
after(close);

const path = (page) => page.$$eval("#path button", (all) =>
    all.map((button) => button.textContent));

// Clicks into the row of that depth, at a part of its width.
async function clickBox(page, row, part) {
    const area = await page.locator("#canvas").boundingBox();
    await page.mouse.click(area.x + area.width * part, area.y + 20 * row + 10);
}

test("a click zooms, the path and the button lead back", limit, async () => {
    const page = await open(file);
    assert.deepEqual(await path(page), []);
    await clickBox(page, 1, 0.01);
    const [all, root] = await path(page);
    assert.equal(all, "all");
    assert.ok((await text(page, "status")).startsWith(root));
    await clickBox(page, 2, 0.01);
    assert.equal((await path(page)).length, 3);
    await page.click(`#path button:text-is("${root}")`);
    assert.deepEqual(await path(page), ["all", root]);
    await page.click("#reset");
    assert.deepEqual(await path(page), []);
    assert.ok(await page.locator("#reset").isDisabled());
    await page.end();
});

test("the tip tells samples, shares and their error", limit, async () => {
    const page = await open(file);
    const area = await page.locator("#canvas").boundingBox();
    await page.mouse.move(area.x + 20, area.y + 30);
    const tip = await text(page, "tip");
    assert.match(tip, /Samples[\d,]+/);
    assert.match(tip, /CPU time[\d.]+\s(s|ms)/);
    assert.match(tip, /Of all[\d.]+\s% ± [\d.]+ \(95\s%\)/);
    const name = await page.locator("#tip b").textContent();
    const row = report().functions.find((f) => f.name === name);
    const error = Number(/± ([\d.]+)/.exec(tip)[1]);
    assert.ok(Math.abs(error - row.total_error_pct) < 0.6,
              `${error} ${row.total_error_pct}`);
    await page.mouse.move(5, 5);
    assert.ok(await page.locator("#tip").isHidden());
    await page.end();
});

test("keys move, zoom, turn and search", limit, async () => {
    const page = await open(file);
    const pressed = (id) => page.getAttribute("#" + id, "aria-pressed");
    await page.locator("#graph").focus();
    await page.keyboard.press("ArrowDown");
    const first = await text(page, "status");
    await page.keyboard.press("ArrowRight");
    const second = await text(page, "status");
    assert.notEqual(first, second);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await text(page, "status"), first);
    await page.keyboard.press("Enter");
    assert.equal((await path(page)).length, 2);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal((await path(page)).length, 3);
    await page.keyboard.press("Backspace");
    assert.equal((await path(page)).length, 2);
    await page.keyboard.press("Escape");
    assert.deepEqual(await path(page), []);
    await page.keyboard.press("f");
    assert.equal(await pressed("flip"), "true");
    await page.keyboard.press("ArrowUp");
    assert.equal(await text(page, "status"), first);
    await page.keyboard.press("c");
    assert.equal(await pressed("turn"), "true");
    await page.keyboard.press("/");
    await page.keyboard.type("lists");
    assert.equal(await page.inputValue("#pattern"), "lists");
    await page.keyboard.press("Enter");
    await waitForText(page, "matched", /matched .* 1\/\d+$/);
    await page.end();
});

test("the canvas is as sharp as the screen", limit, async () => {
    for (const deviceScaleFactor of [1, 2, 3]) {
        const page = await open(file, { deviceScaleFactor });
        const { wide, shown } = await page.$eval("#canvas", (canvas) =>
            ({ wide: canvas.width, shown: canvas.clientWidth }));
        assert.equal(wide, Math.round(shown * deviceScaleFactor));
        await page.end();
    }
});

test("colours tell kinds and matches", limit, async () => {
    const page = await open(file);
    const inRow = async (row) => {
        const { x, y } = await page.locator("#canvas").boundingBox();
        const clip = { x: Math.ceil(x) + 1, y: Math.ceil(y) + row * 20 + 2,
                       width: 3, height: 3 };
        return (await page.screenshot({ clip })).toString("base64");
    };
    const kind = await inRow(1);
    await page.fill("#pattern", "no function is called so");
    await waitForText(page, "matched", /matched 0\.00/);
    await settled(page);
    const muted = await inRow(1);
    assert.notEqual(muted, kind);
    await page.fill("#pattern", "");
    await waitForText(page, "matched", /^$/);
    await settled(page);
    assert.equal(await inRow(1), kind);
    await page.end();
});

test("a link shows the same again", limit, async () => {
    const page = await open(file, { permissions: ["clipboard-read",
                                                  "clipboard-write"] });
    await page.selectOption("#process", "page_work:sorter/1");
    const end = Number(await page.inputValue("#to"));
    await page.fill("#from", "0.2");
    await page.fill("#to", (0.9 * end).toFixed(1));
    await page.keyboard.press("Tab");
    await page.fill("#pattern", "rem|sort");
    await waitForText(page, "matched", /matched/);
    await page.click("#turn");
    await page.click("#flip");
    await page.click("#legend [data-kind=gc]");
    await settled(page);
    await page.locator("#graph").focus();
    for (const key of ["ArrowUp", "ArrowUp", "Enter"])
        await page.keyboard.press(key);
    await settled(page);
    await page.click("#functions .function >> nth=0");
    await page.click("#copy");
    await waitForText(page, "said", /Link copied/);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(link.startsWith("file:") && link.includes("#"));
    const what = async (of) => ({
        path: await path(of),
        table: [...await functionTable(of)],
        matched: (await text(of, "matched")),
        selected: await text(of, "selected"),
        of: await text(of, "of-name"),
        callers: await of.getAttribute("#turn", "aria-pressed"),
        flame: await of.getAttribute("#flip", "aria-pressed"),
        gc: await of.getAttribute("[data-kind=gc]", "aria-pressed"),
        process: await of.inputValue("#process"),
        from: await of.inputValue("#from"),
        pattern: await of.inputValue("#pattern"),
    });
    const shown = await what(page);
    assert.equal(shown.path.length, 3);
    assert.match(shown.matched, /^matched [\d.]+\s% · [1-9]/);
    const again = await open(file, { hash: new URL(link).hash.slice(1) });
    assert.deepEqual(await what(again), shown);
    await again.reload();
    await again.waitForSelector("html[data-ready]", { state: "attached" });
    assert.deepEqual(await what(again), shown);
    await again.end();
    await page.end();
});

test("an address that nobody made shows the page", limit, async () => {
    for (const hash of ["zoom=99999999&function=-1&from=x&to=7&hide=all",
                        "view=callers&zoom=1.2.3.x", "search=(&process=%00",
                        "%E0%A4%A", "state=%3Cscript%3E"]) {
        const page = await open(file, { hash });
        assert.ok(await page.locator("#graph").isVisible());
        await page.end();
    }
});

test("hostile names are text", limit, async () => {
    const page = await open(file);
    const name = "'<!--<script>':'\"><img src=x onerror=alert(2)>'/1";
    const process = "'</script><script>alert(1)</script>'";
    const { functions } = report();
    assert.ok(functions.some((f) => f.name === name),
              functions.map((f) => f.name).join(" "));
    await page.click(`#functions .function:text-is(${JSON.stringify(name)})`);
    assert.equal(await text(page, "of-name"), name);
    await page.click("#find");
    await waitForText(page, "matched", /1\/\d+$/);
    const options = await page.locator("#process option").allTextContents();
    assert.ok(options.some((o) => o.includes(process.slice(1, -1))),
              options.join("\n"));
    assert.equal(await page.locator("img, iframe, object").count(), 0);
    assert.equal(await page.locator("script").count(), 1);
    await page.end();
});

test("readable on a phone, nothing sticks out", limit, async () => {
    for (const colorScheme of ["light", "dark"]) {
        const page = await open(file, {
            viewport: { width: 390, height: 844 }, deviceScaleFactor: 3,
            hasTouch: true, isMobile: true, colorScheme });
        const wide = await page.evaluate(() =>
            document.scrollingElement.scrollWidth);
        assert.ok(wide <= 390, `${wide} pixels`);
        await page.locator("#canvas").tap({ position: { x: 20, y: 30 } });
        assert.equal((await path(page)).length, 2);
        await page.end();
    }
});

test("without script, or in an old browser, there is the table", limit,
     async () => {
    const plain = await open(file, { javaScriptEnabled: false, ready: false });
    assert.ok(await plain.locator("#functions tbody tr").count() > 5);
    assert.ok(await plain.locator("#viewer").isHidden());
    await plain.end();
    const old = await open(file, { ready: false, init: () => {
        delete globalThis.DecompressionStream;
    } });
    await waitForText(old, "trouble", /cannot unpack the data/);
    assert.ok(await old.locator("#functions tbody tr").count() > 5);
    await old.end();
});

// As a dashboard shows it (docs/dashboard.md).
test("it works in a frame of another page, where it has no address", limit, async () => {
    const host = `${dir}/host.html`;
    const inner = read(file).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    writeFileSync(host, `<!doctype html><meta charset="utf-8"><title>host</title>
<iframe sandbox="allow-scripts allow-forms" width="1200" height="850" srcdoc="${inner}"></iframe>`);
    const page = await open(host, { ready: false });
    const frame = page.frameLocator("iframe");
    await frame.locator("html[data-ready]").waitFor({ state: "attached" });
    await frame.locator("#pattern").fill("page_work");
    await frame.locator("#pattern").press("Enter");
    await frame.locator("#turn").click();
    assert.equal(await frame.locator("#turn").getAttribute("aria-pressed"), "true");
    assert.ok(await frame.locator("#copy").isHidden());
    // Longer than it takes until a page writes its address.
    await page.waitForTimeout(600);
    await page.end();
});
