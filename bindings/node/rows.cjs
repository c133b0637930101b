/**
 * rows.cjs DRIVER FILE - prints the rows of each statement in FILE, as the
 * sqlite3 shell does in .mode quote, through one driver.  For the tests.
 */
'use strict';
const { readFileSync } = require('node:fs');
const { load } = require('sqlite-distilbert');

/** How each driver opens, and how it gives rows as arrays of values. */
const DRIVERS = {
  'better-sqlite3': () => {
    const db = new (require('better-sqlite3'))(':memory:');
    load(db);
    return (sql) => {
      const statement = db.prepare(sql);
      return statement.reader ? statement.raw().all() : statement.run() && [];
    };
  },
  'node:sqlite': () => {
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(':memory:', { allowExtension: true });
    load(db);
    return (sql) => db.prepare(sql).all().map(Object.values);
  },
  sqlite3: async () => {
    const db = new (require('sqlite3').Database)(':memory:');
    await load(db);
    return (sql) => new Promise((resolve, reject) => {
      db.all(sql, (error, rows) => error ? reject(error)
        : resolve(rows.map(Object.values)));
    });
  },
};

function quoted(value) {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value instanceof Uint8Array)
    return `X'${Buffer.from(value).toString('hex')}'`;
  return String(value);
}

async function main([driver, file]) {
  const all = await DRIVERS[driver]();
  for (const sql of readFileSync(file, 'utf8').split('\n')) {
    if (!sql || sql.startsWith('--')) continue;
    try {
      const rows = await all(sql);
      for (const row of rows) console.log(row.map(quoted).join(','));
    } catch (error) {
      console.log('error:', error.message.replace(/^SQLITE_ERROR: /, ''));
    }
  }
}

main(process.argv.slice(2));
