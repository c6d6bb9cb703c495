/** What a teacher has hidden for the class. */

const hidden = new CSSStyleSheet();

/**
 * Hide parts and controls, those made later too.
 * @param {string[]} names a part's name, or a field's path or its last word
 */
export function hide(names) {
  const rules = names.map((name) => {
    const wanted = CSS.escape(name);
    return `[data-part="${wanted}"], [data-field="${wanted}"], [data-field$=".${wanted}"] { display: none !important; }`;
  });
  hidden.replaceSync(rules.join("\n"));
  document.adoptedStyleSheets = [hidden];
}
