/** Words of the views. */
export const views = {};
