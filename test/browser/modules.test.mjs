// The page's modules: they are joined into one script, so each must come after
// those that it imports from, and no two may have the same name.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../c_src/formats/html/", import.meta.url);
const makefile = readFileSync(new URL("../../Makefile", folder), "utf8");
const order = /PAGE_MODULES := ((?:.*\\\n)*.*)/.exec(makefile)[1]
    .split(/[\s\\]+/).filter((name) => name);

function moduleOf(name) {
    const text = readFileSync(new URL(name + ".js", folder), "utf8")
        .replace(/\/\*[^]*?\*\//g, "");
    const imports = [...text.matchAll(
        /^import \{([^}]*)\} from "\.\/(\w+)\.js";$/gm)]
        .map(([, names, from]) => ({
            from,
            names: names.split(",").map((one) => one.trim()),
        }));
    const tops = [...text.matchAll(
        /^(export )?(?:async function|function|const|let) (\w+)/gm)]
        .map(([, exported, top]) => ({ name: top, exported: !!exported }));
    const code = text.replace(/^import[^;]*;$/gm, "")
        .replace(/"(?:[^"\\]|\\.)*"/g, '""');
    return { name, imports, tops, code };
}

const modules = order.map(moduleOf);
const exporters = new Map(modules.flatMap(({ name, tops }) =>
    tops.filter(({ exported }) => exported).map((top) => [top.name, name])));
const uses = (code, name) =>
    new RegExp(`(?<![\\w.$])${name}(?![\\w$])`).test(code);

test("every file is joined", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".js"));
    assert.deepEqual(files.map((file) => file.slice(0, -3)).sort(),
                     [...order].sort());
});

test("a module comes after those that it imports from", () => {
    for (const { name, imports } of modules)
        for (const { from, names } of imports) {
            assert.ok(order.indexOf(from) < order.indexOf(name),
                      `${name} imports from ${from}`);
            for (const one of names)
                assert.equal(exporters.get(one), from, `${name}: ${one}`);
        }
});

test("what is imported is used, what is exported is imported", () => {
    for (const { name, imports, code } of modules)
        for (const one of imports.flatMap(({ names }) => names))
            assert.ok(uses(code, one), `${name} does not use ${one}`);
    const imported = new Set(modules.flatMap(({ imports }) =>
        imports.flatMap(({ names }) => names)));
    for (const [one, name] of exporters)
        assert.ok(imported.has(one), `nobody imports ${one} of ${name}`);
});

test("no name stands for two things at the top", () => {
    const names = modules.flatMap(({ tops }) => tops.map((top) => top.name));
    assert.deepEqual(names.filter((one, i) => names.indexOf(one) !== i), []);
});

// A name that is neither imported nor declared anywhere in the module.
test("what another module exports is imported where it is used", () => {
    for (const { name, imports, tops, code } of modules) {
        const known = new Set([...imports.flatMap(({ names }) => names),
                               ...tops.map((top) => top.name)]);
        for (const one of exporters.keys()) {
            const declared = new RegExp(
                `(?:const|let|function) (?:\\{[^}]*)?${one}\\b|` +
                `[({,]\\s*(?:\\w+: )?${one}\\s*(?:[,)}]|\\) =>)`).test(code);
            assert.ok(known.has(one) || declared ||
                      !new RegExp(`(?<![\\w.$])${one}\\(`).test(code),
                      `${name} calls ${one} and does not import it`);
        }
    }
});
