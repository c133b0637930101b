// types.cts - the same through require().
import Database = require('better-sqlite3');
import distilbert = require('sqlite-distilbert');

const path: string = distilbert.getLoadablePath();
distilbert.load(new Database(path));
// @ts-expect-error: a path is not a connection
distilbert.load(path);
