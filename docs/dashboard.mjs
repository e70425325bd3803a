// Photographs the page of cprof in Phoenix LiveDashboard, for docs/dashboard.md:
// test/dashboard.sh --run docs/dashboard.mjs (docs/pictures.sh does it).
import { close, launch, visit } from "../test/browser/support.mjs";

const password = "Basic " + Buffer.from("shop:secret").toString("base64");

await launch();
const page = await visit(`${process.env.CPROF_DASHBOARD}/cprof`, {
    viewport: { width: 1200, height: 1560 },
    extraHTTPHeaders: { Authorization: password },
});
await page.waitForSelector("#cprof-figures");
await page.click("#cprof-record-cpu");
await page.waitForSelector("#cprof-result-1");
await page.frameLocator("iframe").locator("html[data-ready]").waitFor({ state: "attached" });
await page.screenshot({ path: "docs/pictures/dashboard.png" });
await page.end();
await close();
