/**
 * index.js - finds the extension of this platform, and loads it.
 *
 *     const sqliteDistilbert = require('sqlite-distilbert');
 *     sqliteDistilbert.load(db);
 *
 * The library lies in a package of its own for each platform, an optional
 * dependency of this one: package managers take the one whose os, cpu and
 * libc fit.  Whatever can keep them from it ends here as an error that names
 * the package and the reasons there usually are.
 */
'use strict';

const NAME = 'sqlite-distilbert';
const SYSTEMS = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const SUFFIXES = { linux: 'so', darwin: 'dylib', win32: 'dll' };
const PLATFORMS = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'windows-x64',
  'darwin-x64',
  'darwin-arm64',
];

/** Is the C library of this Linux another one than glibc (Alpine's musl)? */
function isMusl() {
  const { report } = process;
  // Looks up names of hosts otherwise, which may take seconds.
  report.excludeNetwork = true;
  return !report.getReport().header.glibcVersionRuntime;
}

/** linux-x64, say: what a platform is called in the names of packages. */
function platformName() {
  const { platform, arch } = process;
  const libc = platform === 'linux' && isMusl() ? '-musl' : '';
  return `${SYSTEMS[platform] || platform}-${arch}${libc}`;
}

function missing(name, cause) {
  const lines = PLATFORMS.includes(name)
    ? [
        `${NAME}: the package ${NAME}-${name} is not installed. Usual reasons:`,
        '- npm ran with --omit=optional or --no-optional: run it without',
        '- node_modules, or a lockfile made on another system, was copied ' +
          'here: delete both, and install again',
        '- a bundler left it out: mark it, and this package, as external',
        `Or: npm install ${NAME}-${name}`,
      ]
    : [
        `${NAME}: there is no package for ${name}, only for ` +
          `${PLATFORMS.join(', ')}. Build distilbert from its sources, and ` +
          'give its path to db.loadExtension().',
      ];
  return new Error(lines.join('\n'), { cause });
}

/** The path of the extension, for whoever loads it. */
function getLoadablePath() {
  const name = platformName();
  const file = `distilbert.${SUFFIXES[process.platform]}`;
  try {
    return require.resolve(`${NAME}-${name}/${file}`);
  } catch (cause) {
    throw missing(name, cause);
  }
}

/**
 * Loads the extension into a connection of better-sqlite3, node:sqlite (made
 * with allowExtension: true) or sqlite3, whose loadExtension() calls back: for
 * that one it returns a promise.
 */
function load(db) {
  const path = getLoadablePath();
  if (typeof db.parallelize !== 'function') {
    db.loadExtension(path);
    return undefined;
  }
  return new Promise((resolve, reject) => {
    db.loadExtension(path, (error) => (error ? reject(error) : resolve()));
  });
}

module.exports = { getLoadablePath, load };
