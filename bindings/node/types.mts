// types.mts - compiled by the tests with `import`: each driver is accepted,
// and what is no connection is not.
import Database from 'better-sqlite3';
import { DatabaseSync } from 'node:sqlite';
import sqlite3 from 'sqlite3';
import { getLoadablePath, load } from 'sqlite-distilbert';

export const path: string = getLoadablePath();
load(new Database(path));
load(new DatabaseSync(path, { allowExtension: true }));
export const done: Promise<void> = load(new sqlite3.Database(path));
// @ts-expect-error: a path is not a connection
load(path);
