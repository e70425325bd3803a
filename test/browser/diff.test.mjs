// The page of a comparison says and shows what `cprof diff` says.
import { after, before, test } from "node:test";
import { strict as assert } from "node:assert";
import {
    close, cprof, dir, launch, open, settled, text, TIMEOUT, waitForText,
} from "./support.mjs";

const limit = { timeout: 2 * TIMEOUT };
// Without what a node does to start, which differs from run to run.
const sides = [`${dir}/base.pb.gz`, `${dir}/now.pb.gz`,
               "--focus", "page_work:compared_loop"];
const file = `${dir}/diff.html`;
let told;

before(async () => {
    await launch();
    cprof("diff", ...sides, "-o", file);
    told = JSON.parse(cprof("diff", ...sides, "-f", "json"));
});
after(close);

const shares = (name) => told.functions.find((f) => f.name === name);
const own = (name) => shares(name).own;

test("the table has the verdicts, the lists what is gone and new", limit,
     async () => {
    const page = await open(file);
    const rows = await page.$$eval("#functions tbody tr", (all) =>
        all.map((row) => [...row.cells].map((cell) => cell.textContent)));
    for (const name of ["slowed", "only_before", "only_now", "steady"]) {
        const row = rows.find((cells) => cells[5] === `page_work:${name}/1`);
        const f = own(row[5]);
        assert.equal(row[0], f.base_pct.toFixed(2));
        assert.equal(row[1], f.now_pct.toFixed(2));
        assert.equal(row[4], f.verdict === "same" ? "" : f.verdict);
    }
    const names = (id) => page.$$eval(`#${id} tbody th`, (all) =>
        all.map((cell) => cell.textContent));
    assert.ok((await names("gone")).includes("page_work:only_before/1"));
    assert.ok((await names("new")).includes("page_work:only_now/1"));
    assert.ok(!(await names("new")).includes("page_work:steady/1"));
    const sentence = await page.locator(".about summary").textContent();
    assert.match(sentence, /page_work:slowed\/1 grew by/);
    await page.end();
});

// Goes to the only match and reads the middle of its box.
async function colorOf(page, name) {
    await page.fill("#pattern", `^page_work:${name}/1$`);
    await page.press("#pattern", "Enter");
    await waitForText(page, "matched", / 1\/\d+$/);
    await page.keyboard.press("Tab");
    const status = await text(page, "status");
    await page.locator("#graph").focus();
    await page.keyboard.press("Enter");
    await settled(page);
    const row = (await page.locator("#path button").count()) - 1;
    await page.locator("#canvas").scrollIntoViewIfNeeded();
    const { x, y, width } = await page.locator("#canvas").boundingBox();
    const scrolled = await page.$eval("#graph", (graph) => graph.scrollTop);
    const clip = { x: x + width * 0.8, y: y + row * 20 + 4 - scrolled,
                   width: 4, height: 4 };
    const png = (await page.screenshot({ clip })).toString("base64");
    const pixel = await page.evaluate(async (data) => {
        const image = await createImageBitmap(
            new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]));
        const canvas = new OffscreenCanvas(4, 4);
        const paint = canvas.getContext("2d");
        paint.drawImage(image, 0, 0);
        return [...paint.getImageData(1, 1, 1, 1).data];
    }, png);
    return { status, red: pixel[0] - pixel[2] };
}

test("red grew, blue shrank, grey is as it was", limit, async () => {
    const page = await open(file, { hash: "width=both" });
    const slowed = await colorOf(page, "slowed");
    assert.ok(slowed.red > 40, JSON.stringify(slowed));
    assert.match(slowed.status, /: grew/);
    // A box is the function with what runs in it, such as the runtime.
    const f = shares("page_work:slowed/1").total;
    assert.ok(slowed.status.includes(`Base ${f.base_pct.toFixed(1)}`),
              slowed.status);
    const now = await colorOf(page, "only_now");
    assert.ok(now.red > 40, JSON.stringify(now));
    assert.match(now.status, /none of it in the base/);
    const gone = await colorOf(page, "only_before");
    assert.ok(gone.red < -40, JSON.stringify(gone));
    assert.match(gone.status, /none of it now/);
    const steady = await colorOf(page, "steady");
    assert.ok(Math.abs(steady.red) < 25, JSON.stringify(steady));
    await page.end();
});

test("width by either side; no time line; links", limit, async () => {
    const page = await open(file);
    assert.ok(await page.locator("#timeline").isHidden());
    await page.fill("#pattern", "only_before");
    await waitForText(page, "matched", /now 0\.00/);
    await page.click("#next");
    await page.selectOption("#width", "base");
    await page.fill("#pattern", "^page_work:only_before/1$");
    await page.press("#pattern", "Enter");
    await waitForText(page, "matched", / 1\/\d+$/);
    const matched = await text(page, "matched");
    const { base_pct } = shares("page_work:only_before/1").total;
    assert.ok(Math.abs(parseFloat(/[\d.]+/.exec(matched)[0]) - base_pct) < 0.06,
              `${matched} ${base_pct}`);
    await page.waitForFunction(() => location.hash.includes("width=base"));
    const again = await open(file, { hash: new URL(page.url()).hash.slice(1) });
    assert.equal(await again.inputValue("#width"), "base");
    assert.match(await text(again, "matched"), /^matched/);
    await page.click("#gone .function >> nth=0");
    assert.match(await text(page, "of-figures"), /→/);
    await again.end();
    await page.end();
});
