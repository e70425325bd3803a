/*
 * Joins the parts: decides what is drawn again when something has changed.
 */
import {onChange} from "./change.js";
import {element, sayTrouble} from "./page.js";
import {NONE} from "./model.js";
import {selection} from "./selection.js";
import {valueName} from "./figures.js";
import {ROOT} from "./calls.js";
import {model, rebuild, reweigh, view} from "./view.js";
import {readColors} from "./colors.js";
import {draw, extent, forgetRows, redraw, showRoot} from "./draw.js";
import {findMatches, listenToSearch} from "./search.js";
import {listenToFunctions, showFunctionsSoon} from "./functions.js";
import {describe, hideTip, showPath} from "./tip.js";
import {drawStrip, listenToStrip, showTimes} from "./timeline.js";
import {
    fillKey, fillLegend, fillProcesses, fillSpans, fillStates, fillThreads,
    listenToSelectors, showLegend, showSelected, showSelection
} from "./selectors.js";
import {fillValues, listenToValues} from "./values.js";
import {listenToEvents, recallEvent} from "./events.js";
import {
    addressText, copyAddress, hasAddress, recall, remember
} from "./address.js";
import {choose, listenToMoves, zoomTo} from "./moves.js";
import {listenToKeys} from "./keys.js";
import {listenToPointer} from "./pointer.js";

function showView() {
    element("flip").setAttribute("aria-pressed", String(view.flame));
    element("turn").setAttribute("aria-pressed", String(view.callers));
    element("width").value = selection.width;
    element("graph-says").textContent =
        (view.callers ? "The function that ran, then its callers. " : "") +
        `Width is the share of ${valueName(model)}; the order from left to ` +
        "right is not time. Click to zoom.";
    element("reset").disabled = view.zoom === ROOT;
    showPath();
    showLegend();
    showSelection();
    showTimes();
}

function fillSelectors() {
    fillValues();
    fillProcesses();
    fillStates();
    fillSpans();
    fillThreads();
    fillLegend();
}

/* Runs many times a second, so it updates only what users see while they drag.
 */
function brushed() {
    reweigh();
    forgetRows();
    showTimes();
    showSelected();
    draw();
}

/* what: "selection", "kinds", "value", "event" or "view" */
function showAgain(what) {
    if (what === "selection")
        reweigh();
    else if (what === "kinds" || what === "value")
        rebuild();
    if (what === "event" || what === "value")
        fillSelectors();
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

function searched() {
    redraw();
    showFunctionsSoon();
    remember();
}

async function onAddress() {
    if (location.hash.slice(1) === addressText())
        return;
    await recallEvent();
    recall();
    fillSelectors();
    showView();
    showRoot();
    redraw();
    showFunctionsSoon();
}

/* Events outside the page that change how it is shown. */
function listenToSurroundings() {
    new ResizeObserver(() => {
        redraw();
        drawStrip();
    }).observe(extent);
    window.addEventListener("hashchange",
                            () => onAddress().catch(sayTrouble));
    matchMedia("(prefers-color-scheme: dark)")
        .addEventListener("change", () => {
            readColors();
            fillKey();
            redraw();
            drawStrip();
        });
}

function listenToChanges() {
    const others = {
        brush: brushed,
        search: searched,
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

async function start() {
    await recallEvent();
    element("viewer").hidden = false;
    document.documentElement.classList.toggle("compare", model.compare);
    listenToChanges();
    readColors();
    recall();
    fillSelectors();
    showView();
    listenToEvents();
    listenToValues();
    listenToSearch();
    listenToSelectors();
    listenToStrip();
    listenToFunctions();
    listenToMoves();
    listenToKeys();
    listenToPointer();
    listenToSurroundings();
    element("copy").hidden = !hasAddress;
    element("copy").addEventListener("click", copyAddress);
    showRoot();
    draw();
    showFunctionsSoon();
    document.documentElement.dataset.ready = performance.now().toFixed(0);
}

start().catch(sayTrouble);
