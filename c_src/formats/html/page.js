/*
 * Helpers for the document's elements and for events of keys.
 */
export const element = (id) => document.getElementById(id);

export function make(tag, text, parent) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (parent)
        parent.append(made);
    return made;
}

export function isPlain(event) {
    return !event.ctrlKey && !event.metaKey && !event.altKey;
}
