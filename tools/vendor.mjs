// SPDX-License-Identifier: Apache-2.0
// Bundle the dashboard's few libraries into one committed module, so that neither the build nor a
// package needs Node; and name all modules in index.html.
//   node tools/vendor.mjs            write static/vendor/, static/js/lib.js, static/index.html
//   node tools/vendor.mjs --check    fail when the committed files are not what the lock file gives
// The libraries come from tools/web (npm ci --ignore-scripts); WEB_TOOLS names another such folder.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const tools = resolve(process.env.WEB_TOOLS ?? join(root, 'tools/web'));
const { build } = createRequire(join(tools, 'package.json'))('esbuild');
const libraries = ['preact', 'htm', '@preact/signals-core'];

const entry = `
export { render, Fragment } from 'preact';
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
export { batch, computed, effect, signal } from '@preact/signals-core';
import { h } from 'preact';
import htm from 'htm';
export const html = htm.bind(h);
`;

function packageOf(name) {
    return JSON.parse(readFileSync(join(tools, 'node_modules', name, 'package.json'), 'utf8'));
}

function licences() {
    const parts = libraries.map((name) => {
        const { version, license } = packageOf(name);
        const folder = join(tools, 'node_modules', name);
        const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
        return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    });
    return 'What the files in this folder are made of, and the licences they came under.\n\n'
        + parts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function bundle() {
    const names = libraries.map((name) => `${name} ${packageOf(name).version}`).join(', ');
    const result = await build({
        stdin: { contents: entry, resolveDir: tools },
        bundle: true, format: 'esm', minify: true, target: 'es2022', write: false, legalComments: 'none',
        banner: { js: `/* ${names}; see LICENSES.txt */` },
    });
    return result.outputFiles[0].text;
}

// The one module that names the bundle.
function lib(name) {
    return readFileSync(join(root, 'static/js/lib.js'), 'utf8').replace(/vendor\/preact\.[0-9a-f]+\.js/, `vendor/${name}`);
}

// The page preloads every module, so that none waits for another one's import.
function page(name) {
    const modules = readdirSync(join(root, 'static/js'), { recursive: true }).filter((f) => f.endsWith('.js') && f !== 'theme.js')
        .map((f) => `js/${f}`).sort();
    const links = [`vendor/${name}`, ...modules].map((f) => `<link rel="modulepreload" href="/static/${f}">\n`).join('');
    return readFileSync(join(root, 'static/index.html'), 'utf8')
        .replace(/(<!-- modules -->\n)[^]*(<!-- \/modules -->)/, `$1${links}$2`);
}

const text = await bundle();
const name = `preact.${createHash('sha256').update(text).digest('hex').slice(0, 10)}.js`;
const vendor = join(root, 'static/vendor');
const wanted = new Map([
    [join(vendor, name), text],
    [join(vendor, 'LICENSES.txt'), licences()],
    [join(root, 'static/js/lib.js'), lib(name)],
    [join(root, 'static/index.html'), page(name)],
]);

const stale = existsSync(vendor)
    ? readdirSync(vendor).filter((f) => f !== name && f !== 'LICENSES.txt').map((f) => join(vendor, f)) : [];

if (process.argv.includes('--check')) {
    const wrong = [...wanted].filter(([path, want]) => !existsSync(path) || readFileSync(path, 'utf8') !== want)
        .map(([path]) => path).concat(stale);
    for (const path of wrong)
        console.error(`${path} is not what tools/vendor.mjs makes`);
    process.exit(wrong.length ? 1 : 0);
}
mkdirSync(vendor, { recursive: true });
for (const path of stale)
    unlinkSync(path);
for (const [path, want] of wanted)
    writeFileSync(path, want);
console.log(`static/vendor/${name}: ${text.length} bytes`);
