/*
 * Puts the parts together: what has to be shown again when something changed.
 */
import {onChange} from "./change.js";
import {element, make} from "./page.js";
import {makeModel, NONE, readData} from "./model.js";
import {bucketCount, selection, stackCounts} from "./selection.js";
import {ROOT} from "./calls.js";
import {model, rebuild, reweigh, useModel, view} from "./view.js";
import {readColors} from "./colors.js";
import {
    canvas, draw, extent, forgetRows, graph, redraw, showRoot
} from "./draw.js";
import {findMatches, patternOf, search, step} from "./search.js";
import {
    chooseFunction, functionButton, showNeighbours, showTable, sortTable,
    table
} from "./functions.js";
import {describe, hideTip, showPath} from "./tip.js";
import {drawStrip, listenToStrip, showTimes} from "./timeline.js";
import {
    fillKey, fillLegend, fillProcesses, fillStates, fillThreads,
    listenToSelectors, showLegend, showSelected, showSelection
} from "./selectors.js";
import {addressText, copyAddress, recall, remember} from "./address.js";
import {
    choose, flip, onClick, onGraphKey, onPageKey, onPoint, reset, turn,
    zoomTo
} from "./keys.js";

let tableLater = 0;
let searchLater = 0;

function showFunctionsSoon() {
    clearTimeout(tableLater);
    element("functions").setAttribute("aria-busy", "true");
    tableLater = setTimeout(() => {
        showTable();
        showNeighbours();
        element("functions").removeAttribute("aria-busy");
    }, 120);
}

function showView() {
    element("flip").setAttribute("aria-pressed", String(view.flame));
    element("turn").setAttribute("aria-pressed", String(view.callers));
    element("width").value = selection.width;
    element("graph-says").textContent = view.callers
        ? "The function that ran, then its callers. Width is the share of " +
          "samples; left to right is not time. Click to zoom."
        : "Width is the share of samples; left to right is not time. Click " +
          "to zoom.";
    element("reset").disabled = view.zoom === ROOT;
    showPath();
    showLegend();
    showSelection();
    showTimes();
}

/* Many times a second: no more than has to be seen while dragging. */
function brushed() {
    reweigh();
    forgetRows();
    showTimes();
    showSelected();
    draw();
}

/* "selection", "kinds", "view" */
function showAgain(what) {
    if (what === "selection")
        reweigh();
    else if (what === "kinds")
        rebuild();
    forgetRows();
    findMatches();
    describe(NONE);
    hideTip();
    showView();
    redraw();
    remember();
    if (what !== "view")
        showFunctionsSoon();
}

function onAddress() {
    if (location.hash.slice(1) === addressText())
        return;
    recall();
    showView();
    showRoot();
    redraw();
    showFunctionsSoon();
}

function searchNow() {
    clearTimeout(searchLater);
    if (view.pattern === element("pattern").value)
        return;
    search(element("pattern").value);
    redraw();
    showFunctionsSoon();
    remember();
}

function listenToSearch() {
    element("pattern").addEventListener("input", () => {
        clearTimeout(searchLater);
        searchLater = setTimeout(searchNow, 80);
    });
    element("search").addEventListener("submit", (event) => {
        event.preventDefault();
        searchNow();
        step(1);
    });
    element("next").addEventListener("click", () => step(1));
    element("previous").addEventListener("click", () => step(-1));
}

function listenToTable() {
    if (model.compare)
        return listenToRows();
    const more = make("button", "", element("functions-end"));
    more.id = "more";
    more.type = "button";
    more.hidden = true;
    more.addEventListener("click", () => {
        table.all = true;
        showTable();
    });
    for (const head of element("functions").querySelectorAll("th[data-by]")) {
        const button = make("button", head.textContent);
        head.replaceChildren(button);
        button.type = "button";
        button.dataset.sort = head.dataset.by;
        button.addEventListener("click", () => sortTable(head.dataset.by));
    }
}

/* The rows of a comparison's table came with the page. */
function listenToRows() {
    const byName = new Map(model.fnName.map((name, fn) => [name, fn]));
    for (const head of document.querySelectorAll("[data-function]")) {
        const fn = byName.get(head.textContent);
        if (fn === undefined)
            continue;
        head.textContent = "";
        functionButton(fn, head);
    }
}

function listenToGraph() {
    canvas.addEventListener("pointermove", onPoint);
    canvas.addEventListener("pointerleave", hideTip);
    canvas.addEventListener("click", onClick);
    graph.addEventListener("scroll", () => {
        hideTip();
        redraw();
    });
    graph.addEventListener("keydown", onGraphKey);
    document.addEventListener("keydown", onPageKey);
    new ResizeObserver(() => {
        redraw();
        drawStrip();
    }).observe(extent);
    window.addEventListener("hashchange", onAddress);
    matchMedia("(prefers-color-scheme: dark)")
        .addEventListener("change", () => {
            readColors();
            fillKey();
            redraw();
            drawStrip();
        });
}

function listenToButtons() {
    element("flip").addEventListener("click", flip);
    element("turn").addEventListener("click", turn);
    element("reset").addEventListener("click", reset);
    element("copy").addEventListener("click", copyAddress);
    element("close").addEventListener("click", () => chooseFunction(view.fn));
    element("find").addEventListener("click", () => {
        element("pattern").value = patternOf(model.fnName[view.fn]);
        searchNow();
        step(1);
        graph.scrollIntoView({block: "nearest"});
    });
}

function listenToChanges() {
    const others = {
        brush: brushed,
        function: remember,
        choice: choose,
        zoom: zoomTo,
    };
    onChange((what, box) => {
        if (others[what])
            others[what](box);
        else
            showAgain(what);
    });
}

function fillAll() {
    fillProcesses();
    fillStates();
    fillThreads();
    fillLegend();
    showView();
}

async function start() {
    const made = makeModel(await readData());
    made.buckets = bucketCount(made);
    made.stackCount = stackCounts(made);
    useModel(made);
    element("viewer").hidden = false;
    document.documentElement.classList.toggle("compare", model.compare);
    listenToChanges();
    readColors();
    recall();
    fillAll();
    listenToSearch();
    listenToSelectors();
    listenToStrip();
    listenToGraph();
    listenToTable();
    listenToButtons();
    showRoot();
    draw();
    showFunctionsSoon();
    document.documentElement.dataset.ready = performance.now().toFixed(0);
}

start().catch((error) => {
    const trouble = element("trouble");
    trouble.textContent = "The flame graph cannot be shown: " + error.message +
        ". The table below does not need it.";
    trouble.hidden = false;
});
