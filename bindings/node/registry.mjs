/**
 * registry.mjs FOLDER COMMAND... - runs a command with npm's registry set to
 * one that has the packages of FOLDER, as pack.mjs left them, and nothing else.
 * For the tests: what npm picks when people install by name.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder, command, ...args] = process.argv.slice(2);
const names = new Set(readdirSync(join(folder, 'packages')));

/** What a registry says of a package: its only version. */
function describe(name, base) {
  const json = readFileSync(join(folder, 'packages', name, 'package.json'));
  const description = JSON.parse(json);
  const { version } = description;
  const file = `${name}-${version}.tgz`;
  const hash = createHash('sha512').update(readFileSync(join(folder, file)));
  const dist = {
    tarball: `${base}/-/${file}`,
    integrity: `sha512-${hash.digest('base64')}`,
  };
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...description, dist } },
  };
}

function answer(url, base) {
  const name = url.slice(1);
  if (names.has(name)) return JSON.stringify(describe(name, base));
  const file = /^\/-\/([\w.-]+\.tgz)$/.exec(url);
  return file && readFileSync(join(folder, file[1]));
}

const server = createServer((request, response) => {
  const body = answer(request.url, `http://${request.headers.host}`);
  response.writeHead(body ? 200 : 404).end(body || '{}');
});
server.listen(0, '127.0.0.1', () => {
  const registry = `http://127.0.0.1:${server.address().port}/`;
  const env = { ...process.env, npm_config_registry: registry };
  spawn(command, args, { env, stdio: 'inherit' }).on('exit', (code) => {
    server.close();
    process.exit(code ?? 1);
  });
});
