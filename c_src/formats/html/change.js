/*
 * Every change of what the page shows is announced here, and start.js updates
 * what depends on it.
 *
 *   "selection"  other rows are selected
 *   "kinds"      other kinds of code are hidden
 *   "view"       the same data is shown in another way
 *   "brush"      the selection changes while it is dragged
 *   "search"     another pattern is searched for
 *   "function"   the callers and callees of another function are listed
 *   "event"      another event of the recording is shown
 *   "value"      another of the event's values is the weight
 *   "choice"     a box was chosen, and must be made visible and marked
 *   "zoom"       a box was chosen, and the graph must begin with it
 */
let listener = () => {};

export function onChange(run) {
    listener = run;
}

export function changed(what, box) {
    listener(what, box);
}
