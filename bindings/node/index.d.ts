// index.d.ts - types for require(); connections are described by what load()
// needs of them, so that no driver must be installed.

/** A connection of sqlite3 (node-sqlite3), which calls back. */
export interface CallbackDatabase {
  loadExtension(
    path: string,
    callback?: (error: Error | null) => void,
  ): unknown;
  parallelize(callback?: () => void): void;
}

/** A connection of better-sqlite3, or of node:sqlite with allowExtension. */
export interface Database {
  loadExtension(path: string): unknown;
}

/** The path of the extension; throws if its package is not installed. */
export function getLoadablePath(): string;

/** Loads the extension into a connection. */
export function load(db: CallbackDatabase): Promise<void>;
export function load(db: Database): void;
