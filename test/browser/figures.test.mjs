// Figures on the page are spelled as in the other reports. This needs no browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = readFileSync(
    new URL("../../c_src/formats/html/figures.js", import.meta.url), "utf8");
const { valueText } = await import(
    "data:text/javascript," + encodeURIComponent(source));

const shown = (value, unit) =>
    valueText(value, { unit }).replace("\u202f", " ");

// Those of test/c/base_units.c.
test("bytes and times have three digits", () => {
    for (const [bytes, text] of [
        [0, "0 B"], [999, "999 B"], [1000, "0.98 KB"], [1536, "1.50 KB"],
        [95.53 * 1048576, "95.5 MB"], [1048576, "1.00 MB"], [1e18, "888 PB"],
    ])
        assert.equal(shown(bytes, "bytes"), text);
    for (const [ns, text] of [
        [0, "0 ns"], [999.4, "999 ns"], [999.6, "1.00 \u00b5s"],
        [9996, "10.0 \u00b5s"], [99960, "100 \u00b5s"],
        [999501, "1.00 ms"], [29e9, "29.0 s"], [1000e9, "1000 s"],
    ])
        assert.equal(shown(ns, "nanoseconds"), text);
});

// Parts of a microsecond or millisecond have been lost when it was recorded.
test("other units begin with their own", () => {
    assert.equal(shown(12345, "microseconds"), "12.3 ms");
    assert.equal(shown(7, "milliseconds"), "7 ms");
});
