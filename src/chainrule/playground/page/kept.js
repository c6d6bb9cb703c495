/** A few wishes of the reader (colours, keys), kept in this browser where it lets us. */

const PREFIX = "chainrule.playground.";

export function kept(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Private windows may refuse; the wish then lasts as long as the page.
  }
}
