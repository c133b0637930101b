// index.mjs - the same for `import`: one copy of the code, in index.js.
import distilbert from './index.js';

export const { getLoadablePath, load } = distilbert;
