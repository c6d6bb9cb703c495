/** What every term on the page means. Keys are those of the controls. */
export const glossary = {};
