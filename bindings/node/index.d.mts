// index.d.mts - types for `import`.
export * from './index.js';
