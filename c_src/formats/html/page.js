/*
 * Helpers for the document's elements and for keys.
 */
export const element = (id) => document.getElementById(id);

export function make(tag, text, parent) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (parent)
        parent.append(made);
    return made;
}

export function sayTrouble(error) {
    const trouble = element("trouble");
    trouble.textContent = "The flame graph cannot be shown: " + error.message +
        ". The table below does not need it.";
    trouble.hidden = false;
}

export function isPlain(event) {
    return !event.ctrlKey && !event.metaKey && !event.altKey;
}
