/**
 * pack.mjs OUT PLATFORM=FILE... - makes the packages for npm.
 *
 *     node bindings/node/pack.mjs build/npm linux-x86_64=build/release/distilbert.so
 *
 * OUT gets a tarball of each platform, and one of the package that people
 * install, which depends on all platforms, whether they are made here or not:
 * its number and theirs are the file VERSION.  A tarball is what `npm pack`
 * makes of a folder under OUT/packages: the same bytes each time.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// What we call a platform: its package's name, os, cpu and C library.
const PLATFORMS = {
  'linux-x86_64': ['linux-x64', 'linux', 'x64', 'glibc'],
  'linux-aarch64': ['linux-arm64', 'linux', 'arm64', 'glibc'],
  'musl-x86_64': ['linux-x64-musl', 'linux', 'x64', 'musl'],
  'musl-aarch64': ['linux-arm64-musl', 'linux', 'arm64', 'musl'],
  'windows-x86_64': ['windows-x64', 'win32', 'x64'],
  'macos-x86_64': ['darwin-x64', 'darwin', 'x64'],
  'macos-arm64': ['darwin-arm64', 'darwin', 'arm64'],
};

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const version = readFileSync(join(root, 'VERSION'), 'utf8').trim();
const main = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
const packageName = ([name]) => `${main.name}-${name}`;

/** Makes a package of a folder; modes do not depend on the umask. */
function pack(out, description, files) {
  const folder = join(out, 'packages', description.name);
  mkdirSync(folder, { recursive: true });
  const all = [...files, join(root, 'LICENSE'), join(root, 'NOTICE')];
  for (const file of all) {
    const copy = join(folder, basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o644);
  }
  const json = `${JSON.stringify(description, null, 2)}\n`;
  writeFileSync(join(folder, 'package.json'), json, { mode: 0o644 });
  // On Windows npm is a script, which needs a shell.
  const args = ['pack', '--silent', '--pack-destination', out, folder];
  const shell = process.platform === 'win32';
  process.stdout.write(execFileSync('npm', args, { encoding: 'utf8', shell }));
}

function packPlatform(out, platform, library) {
  const [name, os, cpu, libc] = PLATFORMS[platform];
  const file = basename(library);
  const folder = join(out, 'packages', packageName([name]));
  mkdirSync(folder, { recursive: true });
  const readme = join(folder, 'README.md');
  writeFileSync(readme, `The library of \`${main.name}\` for ${name}; ` +
    `install \`${main.name}\`, which takes what fits.\n`, { mode: 0o644 });
  pack(out, {
    name: packageName([name]),
    version,
    description: `${main.name} for ${name}`,
    license: main.license,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    exports: { [`./${file}`]: `./${file}` },
    files: [file, 'NOTICE'],
    preferUnplugged: true, // yarn: a library must be a file of its own
  }, [library]);
}

function packMain(out) {
  const names = Object.values(PLATFORMS).map(packageName);
  pack(out, {
    ...main,
    version,
    optionalDependencies: Object.fromEntries(names.map((n) => [n, version])),
  }, ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts', 'README.md']
    .map((file) => join(here, file)));
}

const [out, ...platforms] = process.argv.slice(2);
const known = Object.keys(PLATFORMS).join(', ');
for (const given of platforms) {
  if (!PLATFORMS[given.split('=')[0]]) {
    console.error(`pack.mjs: ${given}: not PLATFORM=FILE, of ${known}`);
    process.exit(1);
  }
}
rmSync(resolve(out), { recursive: true, force: true });
mkdirSync(resolve(out), { recursive: true });
for (const given of platforms) {
  packPlatform(resolve(out), ...given.split('='));
}
packMain(resolve(out));
