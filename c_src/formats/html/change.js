/*
 * The one event of the page: what changed. Whoever changes something announces
 * it here; start.js shows again what depends on it.
 *
 *   "selection"  other rows are chosen
 *   "kinds"      other kinds of code are hidden
 *   "view"       the same is shown in another way
 *   "brush"      the selection, while it is being dragged
 *   "search"     another pattern is searched for
 *   "function"   another function's callers and callees are listed
 *   "choice"     a box was chosen: it is to be seen and marked
 *   "zoom"       a box was chosen: the graph is to begin with it
 */
let listener = () => {};

export function onChange(run) {
    listener = run;
}

export function changed(what, box) {
    listener(what, box);
}
