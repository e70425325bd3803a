/*
 * The flame graph's viewer: reads the page's data once, merges it into a tree
 * of boxes held in typed arrays, and draws what can be seen of it.
 *
 *   data.stacks (function + line)  ->  tree (one box per function and parent)
 *   view = what is zoomed to, chosen, searched for, highlighted
 *   draw(tree, view) -> canvas
 *
 * Names come from the observed node: they reach the page by textContent only.
 */
"use strict";

(() => {
    const ROOT = 0;
    const NONE = -1;
    const ROW = 19; /* CSS pixels */
    const FONT_SIZE = 12;
    const FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
    const LEAST_WIDTH = 0.5; /* CSS pixels a box must have to be drawn */
    const SHADES = 5;
    const MOST_LINES = 4; /* source lines named in the tooltip */

    const element = (id) => document.getElementById(id);
    const data = JSON.parse(element("profile-data").textContent);

    /* --- the tree -------------------------------------------------------- */

    /* Siblings of the same function become one box. boxOf[stack] is its box;
     * first/next list the stacks of a box, for their lines. */
    function mergeStacks({stacks, frames, functions}) {
        const n = stacks.parent.length;
        const width = functions.name.length;
        const boxOf = new Int32Array(n);
        const next = new Int32Array(n).fill(NONE);
        const parent = [NONE];
        const fn = [NONE];
        const first = [NONE];
        const known = new Map();
        for (let i = 0; i < n; i++) {
            const above = stacks.parent[i];
            const under = above === NONE ? ROOT : boxOf[above];
            const f = frames.function[stacks.frame[i]];
            const key = under * width + f;
            let box = known.get(key);
            if (box === undefined) {
                box = parent.length;
                known.set(key, box);
                parent.push(under);
                fn.push(f);
                first.push(NONE);
            }
            boxOf[i] = box;
            next[i] = first[box];
            first[box] = i;
        }
        return {
            count: parent.length,
            boxOf,
            next,
            parent: Int32Array.from(parent),
            fn: Int32Array.from(fn),
            first: Int32Array.from(first),
        };
    }

    /* Adds every value to its parent's: children come after their parents. */
    function sumUp(values, parent) {
        for (let i = values.length - 1; i >= 0; i--)
            if (parent[i] !== NONE)
                values[parent[i]] += values[i];
        return values;
    }

    function addFigures(tree, {stacks}) {
        const n = stacks.parent.length;
        tree.self = new Float64Array(tree.count);
        tree.cpu = new Float64Array(tree.count);
        for (let i = 0; i < n; i++) {
            tree.self[tree.boxOf[i]] += stacks.self[i];
            tree.cpu[tree.boxOf[i]] += stacks.cpu[i];
        }
        tree.total = sumUp(Float64Array.from(tree.self), tree.parent);
        sumUp(tree.cpu, tree.parent);
        tree.stackTotal = sumUp(Float64Array.from(stacks.self), stacks.parent);
        tree.shown = tree.total[ROOT];
        tree.total[ROOT] = data.counted; /* some may have no stack */
    }

    function addDepths(tree) {
        tree.depth = new Int32Array(tree.count);
        for (let i = 1; i < tree.count; i++)
            tree.depth[i] = tree.depth[tree.parent[i]] + 1;
    }

    /* children[start[box] .. start[box + 1]) are a box's, largest first. */
    function addChildren(tree) {
        const {count, parent, total, fn} = tree;
        const start = new Int32Array(count + 1);
        for (let i = 1; i < count; i++)
            start[parent[i] + 1]++;
        for (let i = 0; i < count; i++)
            start[i + 1] += start[i];
        const fill = start.slice(0, count);
        const children = new Int32Array(Math.max(count - 1, 0));
        for (let i = 1; i < count; i++)
            children[fill[parent[i]]++] = i;
        for (let i = 0; i < count; i++)
            if (start[i + 1] - start[i] > 1)
                children.subarray(start[i], start[i + 1])
                    .sort((a, b) => total[b] - total[a] || fn[a] - fn[b]);
        tree.start = start;
        tree.children = children;
    }

    /* left[box]: samples to the left of it, in the whole graph. */
    function addPositions(tree) {
        tree.left = new Float64Array(tree.count);
        for (let i = 0; i < tree.count; i++) {
            let at = tree.left[i];
            for (let c = tree.start[i]; c < tree.start[i + 1]; c++) {
                tree.left[tree.children[c]] = at;
                at += tree.total[tree.children[c]];
            }
        }
    }

    function buildTree() {
        const tree = mergeStacks(data);
        addFigures(tree, data);
        addDepths(tree);
        addChildren(tree);
        addPositions(tree);
        return tree;
    }

    const tree = buildTree();

    const nameOf = (box) => box === ROOT
        ? "all" : data.strings[data.functions.name[tree.fn[box]]];
    const kindOf = (box) => box === ROOT
        ? NONE : data.functions.kind[tree.fn[box]];

    /* --- what is shown --------------------------------------------------- */

    const view = {
        zoom: ROOT,
        chosen: NONE,         /* by the keyboard or by a search */
        flame: false,         /* roots at the bottom */
        kinds: new Set(),     /* highlighted; empty: all */
        pattern: null,        /* RegExp or null */
        matching: null,       /* Uint8Array by function, or null */
        matches: [],          /* outermost matching boxes, largest first */
        current: NONE,        /* index into matches */
    };

    const graph = element("graph");
    const extent = element("extent");
    const canvas = element("canvas");
    const context = canvas.getContext("2d", {alpha: false});

    let rowsKnown = {zoom: NONE, wide: 0, rows: 0};

    /* As many as have a box that is wide enough to be drawn. */
    function rowsShown() {
        const wide = extent.clientWidth;
        if (rowsKnown.zoom !== view.zoom || rowsKnown.wide !== wide)
            rowsKnown = {zoom: view.zoom, wide, rows: countRows(wide)};
        return rowsKnown.rows;
    }

    function countRows(wide) {
        let deepest = 0;
        forEachVisible(wide, (box) => {
            deepest = Math.max(deepest, tree.depth[box]);
        });
        return deepest + 1;
    }

    /* What is zoomed to and all below it that is wide enough. Children are
     * sorted by width: the first that is too narrow ends its row. */
    function forEachVisible(wide, run) {
        const least = range().width * LEAST_WIDTH / Math.max(wide, 1);
        const open = [view.zoom];
        while (open.length > 0) {
            const box = open.pop();
            run(box);
            for (let c = tree.start[box]; c < tree.start[box + 1]; c++) {
                const child = tree.children[c];
                if (tree.total[child] < least)
                    break;
                open.push(child);
            }
        }
    }

    const rowOf = (depth) => view.flame ? rowsShown() - 1 - depth : depth;

    /* Half-open range in samples that the graph's width stands for. */
    function range() {
        const left = tree.left[view.zoom];
        return {left, width: Math.max(tree.total[view.zoom], 1)};
    }

    function isAncestorOrSelf(box, of) {
        while (tree.depth[of] > tree.depth[box])
            of = tree.parent[of];
        return of === box;
    }

    /* --- colours --------------------------------------------------------- */

    let colors;

    function readColors() {
        const style = getComputedStyle(document.documentElement);
        const value = (name) => style.getPropertyValue(name).trim();
        colors = {
            page: value("--page"),
            text: value("--box-text"),
            muted: value("--box-muted"),
            mutedText: value("--box-muted-text"),
            root: value("--box-root"),
            edge: value("--box-edge"),
            kinds: data.kinds.map((kind) => shadesOf(value("--" + kind))),
        };
    }

    /* Neighbours of one kind are told apart by a little lightness. */
    function shadesOf(hueSaturationLightness) {
        const [hue, saturation, lightness] =
            hueSaturationLightness.split(/\s+/).map(parseFloat);
        return Array.from({length: SHADES}, (_, i) => {
            const l = lightness + (i - (SHADES - 1) / 2) * 2.5;
            return `hsl(${hue} ${saturation}% ${l}%)`;
        });
    }

    function shadeOf(box) {
        return (Math.imul(tree.fn[box] + 1, 0x9e3779b1) >>> 8) % SHADES;
    }

    function isMuted(box) {
        if (box === ROOT)
            return false;
        if (view.kinds.size > 0 && !view.kinds.has(kindOf(box)))
            return true;
        return view.matching !== null && view.matching[tree.fn[box]] === 0;
    }

    function colorOf(box, muted) {
        if (muted)
            return colors.muted;
        return box === ROOT ? colors.root
                            : colors.kinds[kindOf(box)][shadeOf(box)];
    }

    /* --- drawing, in device pixels --------------------------------------- */

    let scheduled = false;
    let letterWidth = 7;

    function redraw() {
        if (!scheduled) {
            scheduled = true;
            requestAnimationFrame(draw);
        }
    }

    /* The canvas is as large as the window onto the graph, not as the graph,
     * which may be thousands of rows high. */
    function fitCanvas() {
        const ratio = window.devicePixelRatio || 1;
        const content = rowsShown() * ROW;
        const most = Math.max(240, Math.round(window.innerHeight * 0.72));
        const height = Math.min(content, most);
        graph.style.height = height + 2 + "px";
        extent.style.height = content + "px";
        canvas.style.height = height + "px";
        const wide = Math.round(extent.clientWidth * ratio);
        const high = Math.round(height * ratio);
        if (canvas.width !== wide || canvas.height !== high) {
            canvas.width = wide;
            canvas.height = high;
        }
        return ratio;
    }

    function startDrawing(ratio) {
        context.fillStyle = colors.page;
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.font = `${Math.round(FONT_SIZE * ratio)}px ${FONT}`;
        context.textBaseline = "middle";
        letterWidth = context.measureText("0000000000").width / 10;
    }

    function draw() {
        scheduled = false;
        const ratio = fitCanvas();
        startDrawing(ratio);
        const {left, width} = range();
        const frame = {
            ratio,
            left,
            scale: canvas.width / width,
            row: ROW * ratio,
            top: graph.scrollTop * ratio,
        };
        drawAncestors(frame);
        drawBelow(frame);
        if (view.chosen !== NONE)
            drawChosen(frame);
    }

    function drawAncestors(frame) {
        let box = view.zoom;
        while (box !== ROOT) {
            box = tree.parent[box];
            drawBox(frame, box, 0, canvas.width, true);
        }
    }

    function drawBelow(frame) {
        forEachVisible(canvas.width / frame.ratio, (box) => {
            const {x, end} = edges(frame, box);
            drawBox(frame, box, x, end, false);
        });
    }

    function edges(frame, box) {
        const from = tree.left[box] - frame.left;
        return {
            x: Math.round(from * frame.scale),
            end: Math.round((from + tree.total[box]) * frame.scale),
        };
    }

    function rowEdges(frame, box) {
        const row = rowOf(tree.depth[box]);
        return {
            y: Math.round(row * frame.row - frame.top),
            bottom: Math.round((row + 1) * frame.row - frame.top),
        };
    }

    function drawBox(frame, box, x, end, isAncestor) {
        const {y, bottom} = rowEdges(frame, box);
        if (bottom <= 0 || y >= canvas.height)
            return;
        const muted = isMuted(box);
        const wide = Math.max(end - x - (end - x > 3 ? 1 : 0), 1);
        context.globalAlpha = isAncestor && !muted ? 0.55 : 1;
        context.fillStyle = colorOf(box, muted);
        context.fillRect(x, y, wide, bottom - y - 1);
        drawName(box, x, wide, (y + bottom - 1) / 2, muted);
        context.globalAlpha = 1;
    }

    function drawName(box, x, wide, middle, muted) {
        const letters = Math.floor((wide - letterWidth) / letterWidth);
        if (letters < 3)
            return;
        const name = nameOf(box);
        const text = name.length <= letters
            ? name : name.slice(0, letters - 1) + "\u2026";
        context.fillStyle = muted ? colors.mutedText : colors.text;
        context.fillText(text, Math.round(x + letterWidth / 2),
                         Math.round(middle));
    }

    function drawChosen(frame) {
        const ancestor = tree.depth[view.chosen] < tree.depth[view.zoom];
        if (!isAncestorOrSelf(ancestor ? view.chosen : view.zoom,
                              ancestor ? view.zoom : view.chosen))
            return;
        const {y, bottom} = rowEdges(frame, view.chosen);
        const {x, end} = ancestor ? {x: 0, end: canvas.width}
                                  : edges(frame, view.chosen);
        const line = Math.max(2, Math.round(2 * frame.ratio));
        context.strokeStyle = colors.edge;
        context.lineWidth = line;
        context.strokeRect(x + line / 2, y + line / 2,
                           Math.max(end - x - line - 1, line),
                           bottom - y - line - 1);
    }

    /* --- figures as text ------------------------------------------------- */

    function percent(part, whole) {
        const value = whole > 0 ? 100 * part / whole : 0;
        return value.toFixed(value < 10 ? 2 : 1) + "\u202f%";
    }

    const number = (n) => n.toLocaleString("en-US");

    function duration(microseconds) {
        if (microseconds >= 1e6)
            return (microseconds / 1e6).toFixed(2) + "\u202fs";
        return (microseconds / 1e3).toFixed(1) + "\u202fms";
    }

    /* "file.erl:12, 15, ..." with the lines that have most samples first. */
    function placeOf(box) {
        const file = data.strings[data.functions.file[tree.fn[box]]];
        const lines = new Map();
        for (let s = tree.first[box]; s !== NONE; s = tree.next[s]) {
            const line = data.frames.line[data.stacks.frame[s]];
            if (line > 0)
                lines.set(line, (lines.get(line) || 0) + tree.stackTotal[s]);
        }
        const most = [...lines].sort((a, b) => b[1] - a[1]);
        const shown = most.slice(0, MOST_LINES).map(([line, count]) =>
            most.length > 1 ? `${line} (${number(count)})` : `${line}`);
        if (most.length > MOST_LINES)
            shown.push("\u2026");
        return file + (shown.length > 0 ? ":" + shown.join(", ") : "");
    }

    function figuresOf(box) {
        const total = tree.total[box];
        const rows = [
            ["Samples", `${number(total)}, ${number(tree.self[box])} of its own`],
            ["CPU time", duration(tree.cpu[box])],
            ["Of all", percent(total, data.counted)],
        ];
        if (box !== ROOT)
            rows.push(["Of its caller",
                       percent(total, tree.total[tree.parent[box]])]);
        return rows;
    }

    /* --- tooltip and status ---------------------------------------------- */

    const tip = element("tip");

    function make(tag, text, parent) {
        const made = document.createElement(tag);
        made.textContent = text;
        parent.append(made);
        return made;
    }

    function fillTip(box) {
        tip.replaceChildren();
        make("b", nameOf(box), tip);
        if (box !== ROOT) {
            make("p", placeOf(box), tip);
            make("p", data.kinds[kindOf(box)], tip);
        }
        const list = make("dl", "", tip);
        for (const [label, value] of figuresOf(box)) {
            make("dt", label, list);
            make("dd", value, list);
        }
    }

    function showTip(box, x, y) {
        fillTip(box);
        tip.hidden = false;
        const {width, height} = tip.getBoundingClientRect();
        const right = document.documentElement.clientWidth - width - 8;
        const below = y + 18;
        const above = y - height - 10;
        const fits = below + height < window.innerHeight || above < 0;
        tip.style.left = Math.max(8, Math.min(x + 12, right)) + "px";
        tip.style.top = (fits ? below : above) + "px";
    }

    function hideTip() {
        tip.hidden = true;
    }

    function describe(box) {
        const text = box === NONE ? "" : [
            nameOf(box),
            box === ROOT ? "" : placeOf(box),
            `${number(tree.total[box])} samples`,
            percent(tree.total[box], data.counted) + " of all",
        ].filter((part) => part !== "").join(" \u00b7 ");
        element("status").textContent = text;
    }

    /* --- zooming --------------------------------------------------------- */

    function pathOf(box) {
        const path = [];
        for (; box !== NONE; box = tree.parent[box])
            path.unshift(box);
        return path;
    }

    function addCrumb(list, box) {
        const button = make("button", nameOf(box), make("li", "", list));
        button.type = "button";
        button.title = nameOf(box);
        if (box === view.zoom)
            button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => zoomTo(box));
    }

    /* Long paths show where they begin and where they end. */
    function showPath() {
        const list = element("path");
        const path = pathOf(view.zoom);
        list.replaceChildren();
        path.forEach((box, i) => {
            if (path.length <= 8 || i < 2 || i >= path.length - 5)
                addCrumb(list, box);
            else if (i === 2)
                make("li", `\u2026 ${path.length - 7} more \u2026`, list);
        });
    }

    function showRow(depth) {
        const top = rowOf(depth) * ROW;
        if (top < graph.scrollTop)
            graph.scrollTop = top - 2 * ROW;
        else if (top + ROW > graph.scrollTop + graph.clientHeight)
            graph.scrollTop = top - graph.clientHeight + 3 * ROW;
    }

    function zoomTo(box) {
        view.zoom = box;
        element("reset").disabled = box === ROOT;
        showPath();
        hideTip();
        fitCanvas();
        showRow(tree.depth[box]);
        redraw();
    }

    function flip() {
        view.flame = !view.flame;
        element("flip").setAttribute("aria-pressed", String(view.flame));
        fitCanvas();
        graph.scrollTop = view.flame ? extent.clientHeight : 0;
        redraw();
    }

    /* Makes a box visible and marks it. */
    function choose(box) {
        view.chosen = box;
        const ancestor = isAncestorOrSelf(box, view.zoom);
        if (!ancestor && !isAncestorOrSelf(view.zoom, box))
            zoomTo(ROOT);
        const share = tree.total[box] / range().width;
        if (!ancestor && share * extent.clientWidth < 4)
            zoomTo(wideParent(box));
        showRow(tree.depth[box]);
        describe(box);
        redraw();
    }

    /* The outermost ancestor under which the box is wide enough to be seen. */
    function wideParent(box) {
        const most = tree.total[box] * extent.clientWidth / 16;
        let parent = tree.parent[box];
        while (parent !== ROOT && tree.total[tree.parent[parent]] <= most)
            parent = tree.parent[parent];
        return parent;
    }

    /* --- pointing -------------------------------------------------------- */

    /* The box at a point of the window, or NONE. */
    function boxAt(event) {
        const area = canvas.getBoundingClientRect();
        const y = event.clientY - area.top + graph.scrollTop;
        const depth = rowOf(Math.floor(y / ROW));
        if (depth < 0 || depth >= rowsShown())
            return NONE;
        if (depth <= tree.depth[view.zoom])
            return pathOf(view.zoom)[depth];
        const {left, width} = range();
        const sample = left + (event.clientX - area.left) / area.width * width;
        return descend(view.zoom, depth, sample);
    }

    function descend(box, depth, sample) {
        while (box !== NONE && tree.depth[box] < depth)
            box = childAt(box, sample);
        return box;
    }

    /* Children lie side by side from left to right: binary search. */
    function childAt(box, sample) {
        let low = tree.start[box];
        let high = tree.start[box + 1];
        while (low < high) {
            const middle = (low + high) >> 1;
            const child = tree.children[middle];
            if (sample < tree.left[child])
                high = middle;
            else if (sample >= tree.left[child] + tree.total[child])
                low = middle + 1;
            else
                return child;
        }
        return NONE;
    }

    function onPoint(event) {
        const box = boxAt(event);
        if (box === NONE)
            hideTip();
        else
            showTip(box, event.clientX, event.clientY);
        canvas.style.cursor = box === NONE ? "default" : "pointer";
    }

    function onClick(event) {
        const box = boxAt(event);
        if (box === NONE)
            return;
        view.chosen = NONE;
        zoomTo(box);
        describe(box);
    }

    /* --- keys ------------------------------------------------------------ */

    function sibling(box, step) {
        if (box === ROOT)
            return box;
        const parent = tree.parent[box];
        const at = tree.children.indexOf(box, tree.start[parent]) + step;
        return at >= tree.start[parent] && at < tree.start[parent + 1]
            ? tree.children[at] : box;
    }

    function largestChild(box) {
        return tree.start[box] < tree.start[box + 1]
            ? tree.children[tree.start[box]] : box;
    }

    function parentOf(box) {
        return box === ROOT ? ROOT : tree.parent[box];
    }

    const graphKeys = {
        ArrowLeft: (box) => choose(sibling(box, -1)),
        ArrowRight: (box) => choose(sibling(box, 1)),
        ArrowDown: (box) =>
            choose(view.flame ? parentOf(box) : largestChild(box)),
        ArrowUp: (box) =>
            choose(view.flame ? largestChild(box) : parentOf(box)),
        Enter: (box) => zoomTo(box),
    };

    const pageKeys = {
        Escape: () => reset(),
        "0": () => reset(),
        n: () => step(1),
        N: () => step(-1),
        f: () => flip(),
        "/": () => element("pattern").focus(),
    };

    function reset() {
        view.chosen = NONE;
        describe(NONE);
        zoomTo(ROOT);
    }

    function isPlain(event) {
        return !event.ctrlKey && !event.metaKey && !event.altKey;
    }

    function onGraphKey(event) {
        const run = graphKeys[event.key];
        if (!run || !isPlain(event))
            return;
        event.preventDefault();
        run(view.chosen === NONE ? view.zoom : view.chosen);
    }

    function onPageKey(event) {
        const typing = event.target === element("pattern");
        const run = pageKeys[event.key];
        if (!run || !isPlain(event) || (typing && event.key !== "Escape"))
            return;
        event.preventDefault();
        if (typing)
            graph.focus();
        run();
    }

    /* --- search ---------------------------------------------------------- */

    function compile(text) {
        const input = element("pattern");
        input.removeAttribute("aria-invalid");
        if (text === "")
            return null;
        try {
            return new RegExp(text, "i");
        } catch {
            input.setAttribute("aria-invalid", "true");
            return undefined;
        }
    }

    function matchFunctions(pattern) {
        return Uint8Array.from(data.functions.name,
                               (name) => +pattern.test(data.strings[name]));
    }

    /* The outermost matching box of every stack: a stack counts once. */
    function outermost(matching) {
        const covered = new Uint8Array(tree.count);
        const found = [];
        for (let i = 1; i < tree.count; i++) {
            const above = covered[tree.parent[i]];
            covered[i] = above | matching[tree.fn[i]];
            if (covered[i] && !above)
                found.push(i);
        }
        return found.sort((a, b) => tree.total[b] - tree.total[a]);
    }

    function search() {
        const pattern = compile(element("pattern").value);
        if (pattern === undefined) {
            element("matched").textContent = "not a regular expression";
            return;
        }
        view.matching = pattern && matchFunctions(pattern);
        view.matches = view.matching ? outermost(view.matching) : [];
        view.current = NONE;
        view.chosen = NONE;
        showMatched();
        redraw();
    }

    function showMatched() {
        const none = view.matches.length === 0;
        element("previous").disabled = element("next").disabled = none;
        const sum = view.matches.reduce((n, box) => n + tree.total[box], 0);
        const at = view.current === NONE
            ? number(view.matches.length)
            : `${number(view.current + 1)}/${number(view.matches.length)}`;
        element("matched").textContent = view.matching === null
            ? "" : `matched ${percent(sum, data.counted)} \u00b7 ${at}`;
    }

    function step(by) {
        const n = view.matches.length;
        if (n === 0)
            return;
        view.current = view.current === NONE
            ? (by > 0 ? 0 : n - 1) : (view.current + by + n) % n;
        showMatched();
        choose(view.matches[view.current]);
    }

    /* --- legend ---------------------------------------------------------- */

    function selfByKind() {
        const sums = new Float64Array(data.kinds.length);
        for (let i = 1; i < tree.count; i++)
            sums[kindOf(i)] += tree.self[i];
        return sums;
    }

    function toggleKind(button, kind) {
        if (!view.kinds.delete(kind))
            view.kinds.add(kind);
        button.setAttribute("aria-pressed", String(view.kinds.has(kind)));
        redraw();
    }

    function addKind(legend, kind, samples) {
        const button = make("button", "", legend);
        button.type = "button";
        button.setAttribute("aria-pressed", "false");
        button.title = "Highlight; the figure is the share of its own samples";
        const swatch = make("i", "", button);
        swatch.style.background = `hsl(var(--${data.kinds[kind]}))`;
        button.append(data.kinds[kind]);
        make("span", percent(samples, data.counted), button);
        button.addEventListener("click", () => toggleKind(button, kind));
    }

    function showLegend() {
        const present = new Set(data.functions.kind);
        selfByKind().forEach((samples, kind) => {
            if (present.has(kind))
                addKind(element("legend"), kind, samples);
        });
    }

    /* --- start ----------------------------------------------------------- */

    function listen() {
        let waiting = 0;
        element("pattern").addEventListener("input", () => {
            clearTimeout(waiting);
            waiting = setTimeout(search, 80);
        });
        element("search").addEventListener("submit", (event) => {
            event.preventDefault();
            step(1);
        });
        element("next").addEventListener("click", () => step(1));
        element("previous").addEventListener("click", () => step(-1));
        element("flip").addEventListener("click", flip);
        element("reset").addEventListener("click", reset);
        canvas.addEventListener("pointermove", onPoint);
        canvas.addEventListener("pointerleave", hideTip);
        canvas.addEventListener("click", onClick);
        graph.addEventListener("scroll", () => {
            hideTip();
            redraw();
        });
        graph.addEventListener("keydown", onGraphKey);
        document.addEventListener("keydown", onPageKey);
        window.addEventListener("resize", redraw);
        matchMedia("(prefers-color-scheme: dark)")
            .addEventListener("change", () => {
                readColors();
                redraw();
            });
    }

    element("viewer").hidden = false;
    readColors();
    showLegend();
    showPath();
    listen();
    draw();
})();
