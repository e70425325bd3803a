// Photographs the pages that docs/pictures.sh made.
import { close, dir, launch, open, settled } from "../test/browser/support.mjs";

const size = { viewport: { width: 1200, height: 760 }, deviceScaleFactor: 1.5 };

async function picture(name, hash, prepare = async () => {}) {
    const page = await open(`${dir}/${name}.html`, { ...size, hash });
    await settled(page);
    await prepare(page);
    await settled(page);
    await page.screenshot({ path: `docs/pictures/${name}.png` });
    await page.end();
}

// Where the pointer shows what is told of a box.
const pointAt = (row, part) => async (page) => {
    const { x, y, width } = await page.locator("#canvas").boundingBox();
    await page.mouse.move(x + width * part, y + 20 * row + 12);
};

await launch();
await picture("flamegraph", "", pointAt(6, 0.2));
await picture("diff", "width=both", pointAt(6, 0.2));
await close();
