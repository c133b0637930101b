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
  chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync,
  writeFileSync,
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

/**
 * Makes a package of files, each [its name there, where it lies], with the
 * licences all have; modes do not depend on the umask.
 */
function pack(out, description, files) {
  const folder = join(out, 'packages', description.name);
  mkdirSync(folder, { recursive: true });
  const texts = ['LICENSE', 'NOTICE'].map((name) => [name, join(root, name)]);
  for (const [name, file] of [...texts, ...files]) {
    copyFileSync(file, join(folder, name));
    chmodSync(join(folder, name), 0o644);
  }
  const whole = { ...description, files: [...files.map(([name]) => name), 'NOTICE'] };
  const json = `${JSON.stringify(whole, null, 2)}\n`;
  writeFileSync(join(folder, 'package.json'), json, { mode: 0o644 });
  // On Windows npm is a script, which needs a shell.
  const args = ['pack', '--silent', '--pack-destination', out, folder];
  const shell = process.platform === 'win32';
  process.stdout.write(execFileSync('npm', args, { encoding: 'utf8', shell }));
}

/** What is linked into a file of build/platforms, whose sources lie there. */
function linkedLicences(library) {
  const sources = join(dirname(library), '../source');
  return [
    ['LICENSE-cJSON.txt', join(sources, 'cjson/LICENSE')],
    ['LICENSE-utf8proc.md', join(sources, 'utf8proc/LICENSE.md')],
  ].filter(([, file]) => existsSync(file));
}

function packPlatform(out, platform, library) {
  const [name, os, cpu, libc] = PLATFORMS[platform];
  const file = basename(library);
  pack(out, {
    name: packageName([name]),
    version,
    description: `The library of ${main.name} for ${name}; install ` +
      `${main.name}, which takes what fits`,
    license: main.license,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    exports: { [`./${file}`]: `./${file}` },
    preferUnplugged: true, // yarn: a library must be a file of its own
  }, [
    [file, library],
    ['MODELS.md', join(root, 'models/README.md')],
    ...linkedLicences(library),
  ]);
}

function packMain(out) {
  const names = Object.values(PLATFORMS).map(packageName);
  const ours = ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts', 'README.md'];
  pack(out, {
    ...main,
    version,
    optionalDependencies: Object.fromEntries(names.map((n) => [n, version])),
  }, ours.map((file) => [file, join(here, file)]));
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
