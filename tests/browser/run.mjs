// SPDX-License-Identifier: Apache-2.0
// Walk through the dashboard of a running server as a person would, in light and in dark, and fail on
// any console message of a problem, any CSP violation, any failed request, any axe finding.
//   node tests/browser/run.mjs BASE_URL API_KEY [JOB_ID]
// SHOTS: folder for screenshots. CHROMIUM: the browser. WEB_TOOLS: where tools/web's node_modules are.
// BUY=1: also submit a job through the form, and cancel it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [base, key, givenJob] = process.argv.slice(2);
if (!base || !key) {
    console.error('usage: run.mjs BASE_URL API_KEY [JOB_ID]');
    process.exit(2);
}
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const need = createRequire(join(resolve(process.env.WEB_TOOLS ?? join(root, 'tools/web')), 'package.json'));
const { chromium } = need('playwright-core');
const axeSource = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.SHOTS;
if (shots)
    mkdirSync(shots, { recursive: true });

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-dev-shm-usage'];
const findings = [];
let steps = 0;

function find(where, what) {
    findings.push(`${where}: ${what}`);
    console.error(`  ✗ ${where}: ${what}`);
}

// Whatever goes wrong on a page is noted under the step at which it did.
function watch(page, at) {
    page.on('console', (m) => { if (['error', 'warning', 'assert'].includes(m.type()) && !(at.broken && /Failed to load resource/.test(m.text()))) find(at.step, `console ${m.type()}: ${m.text()}`); });
    page.on('pageerror', (e) => find(at.step, `exception: ${e.message}`));
    page.on('requestfailed', (r) => {
        // A page that is left drops its own waiting requests; that is no failure.
        if (r.failure()?.errorText !== 'net::ERR_ABORTED' && !at.broken)
            find(at.step, `request failed: ${r.method()} ${r.url()} ${r.failure()?.errorText}`);
    });
    page.on('response', (r) => { if (r.status() >= 400 && !at.broken) find(at.step, `${r.status()} for ${r.request().method()} ${r.url()}`); });
    page.on('request', (r) => { if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) find(at.step, `request to elsewhere: ${r.url()}`); });
}

const observeCsp = () => {
    globalThis.cspViolations = [];
    document.addEventListener('securitypolicyviolation', (e) => globalThis.cspViolations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
};

async function axe(page, where) {
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'],
    }));
    for (const v of violations)
        find(where, `axe ${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join(' | ')}`);
}

// Layout faults that axe does not look for.
async function layout(page, where) {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0)
        find(where, `the page is ${wide} px wider than the window`);
    const heads = await page.locator('h1').count();
    if (heads !== 1)
        find(where, `${heads} headings of level 1`);
    const small = await page.evaluate(() => [...document.querySelectorAll('button, input, select, summary, nav a')].filter((e) => {
        const r = e.getBoundingClientRect();
        return r.width && r.height && (r.width < 24 || r.height < 24) && !(e.type === 'checkbox' && e.closest('label'));
    }).map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 30)}`));
    for (const s of small)
        find(where, `target under 24 px: ${s}`);
}

const calm = (page) => page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.skeleton') && !document.querySelector('[aria-busy="true"]'), null, { timeout: 15000 });

async function look(page, at, name) {
    await calm(page).catch(() => find(at.step, 'the page stays unfinished'));
    await page.waitForTimeout(150);
    if (shots)
        await page.screenshot({ path: join(shots, `${at.theme}-${name}.png`), fullPage: true });
    await layout(page, at.step);
    await axe(page, at.step);
    for (const v of await page.evaluate(() => globalThis.cspViolations.splice(0)))
        find(at.step, `CSP: ${v}`);
    const alerts = await page.locator('.problem').allInnerTexts();
    for (const text of alerts)
        find(at.step, `the page shows a problem: ${text.replaceAll('\n', ' ')}`);
    steps++;
    console.log(`  ✓ ${at.step}`);
}

async function visit(page, at, name, path) {
    at.step = `${at.theme} ${name}`;
    await page.goto(base + path, { waitUntil: 'load' });
    await look(page, at, name);
}

async function signIn(page, at) {
    at.step = `${at.theme} sign-in by keyboard`;
    await page.goto(`${base}/signin?next=%2Fjobs`, { waitUntil: 'load' });
    await page.getByLabel('API key or token').focus();
    await page.keyboard.type(key);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${base}/jobs`, { timeout: 10000 });
    await look(page, at, 'jobs');
}

// Why the price of an offer moved, when the account has one.
async function prices(page, at) {
    const buttons = page.getByRole('button', { name: /^Prices/ });
    if (!await buttons.count())
        return;
    at.step = `${at.theme} prices of an offer`;
    await buttons.first().click();
    await page.getByText('placed at').waitFor({ timeout: 10000 });
    await look(page, at, 'prices');
}

// The first thing Tab reaches is the way past the navigation, and focus can be seen.
async function keyboard(page, at) {
    at.step = `${at.theme} keyboard`;
    await page.goto(base, { waitUntil: 'load' });
    await calm(page);
    await page.keyboard.press('Tab');
    const first = await page.evaluate(() => document.activeElement.textContent);
    if (first !== 'Skip to content')
        find(at.step, `the first stop is "${first}"`);
    for (let i = 0; i < 8; i++) {
        await page.keyboard.press('Tab');
        const seen = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        if (seen === 'none')
            find(at.step, `stop ${i + 2} shows no focus`);
    }
}

// The market page follows the stream, draws prices in every step, and can be stopped and gone on with.
async function market(page, at) {
    at.step = `${at.theme} market live`;
    await page.goto(`${base}/market?pool=cpu`, { waitUntil: 'load' });
    await calm(page);
    await page.locator('.badge.on').waitFor({ timeout: 10000 }).catch(() => find(at.step, 'the page does not say that it is live'));
    for (const interval of ['1m', '1h', '1d', '5m']) {
        await page.getByRole('button', { name: interval, exact: true }).press('Enter');
        await calm(page);
    }
    if (!await page.locator('svg.candles').count())
        find(at.step, 'no candles are drawn');
    await page.getByRole('button', { name: 'View as table' }).press('Enter');
    await look(page, at, 'market-live');
    await page.getByRole('button', { name: 'Pause updates' }).press('Enter');
    await page.getByRole('button', { name: 'Resume updates' }).press('Enter');
    await page.locator('.badge.on').waitFor({ timeout: 10000 }).catch(() => find(at.step, 'it is not live again'));
    at.step = `${at.theme} market without a stream`;
    at.broken = true;
    await page.route(/\/v1\/stream/, (route) => route.fulfill(problem(503)));
    await page.goto(`${base}/market?pool=cpu`, { waitUntil: 'load' });
    let asked = 0;
    page.on('request', (r) => { asked += /\/v1\/pools\/cpu\/depth/.test(r.url()); });
    await page.waitForTimeout(7000);
    if (asked < 2)
        find(at.step, `it asked ${asked} times for the book`);
    if (await page.locator('.badge.on').count() || !await page.locator('table.book').count())
        find(at.step, 'it says that it is live, or shows no book');
    await look(page, at, 'market-polled');
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    at.broken = false;
    await page.goto(`${base}/market?pool=cpu`, { waitUntil: 'load' });
    await page.getByRole('link', { name: 'l4-24g' }).click();
    await page.locator('.empty').first().waitFor({ timeout: 10000 });
    await look(page, at, 'market-empty-pool');
}

// A job through the form, and its end, by keyboard alone.
async function buy(page, at) {
    at.step = `${at.theme} a job by the form`;
    await page.goto(`${base}/jobs/new`, { waitUntil: 'load' });
    await calm(page);
    const image = page.getByRole('textbox', { name: 'Image', exact: true });
    await page.getByRole('button', { name: /^Submit/ }).press('Enter');
    if (await image.getAttribute('aria-invalid') !== 'true')
        find(at.step, 'an empty form was not refused');
    if (!await image.evaluate((e) => e === document.activeElement))
        find(at.step, 'the first wrong field is not in focus');
    await axe(page, `${at.step}, refused`);
    await page.keyboard.type('docker.io/library/alpine:3.20');
    await page.getByRole('textbox', { name: 'Command' }).fill('sh -c "echo hello"');
    await page.getByRole('textbox', { name: 'Budget, $' }).fill('0.05');
    const limit = page.getByRole('textbox', { name: 'Limit per unit and hour, $' });
    if (!await limit.isVisible())
        await page.getByText(/^More: limit/).press('Enter');
    await limit.fill('0.001');
    await page.waitForFunction(() => !/^Asking/.test(document.querySelector('.quote').textContent), null, { timeout: 10000 })
        .catch(() => find(at.step, 'the market was asked what it would cost, and does not answer'));
    await page.getByText(/^Advanced: /).press('Enter');
    const machines = page.getByRole('textbox', { name: 'Machines at once' });
    await machines.fill('65');
    await page.keyboard.press('Enter');
    if (await machines.getAttribute('aria-invalid') !== 'true')
        find(at.step, 'too many machines were not refused');
    await machines.fill('2');
    await page.getByRole('checkbox', { name: /at one site/ }).press('Space');
    await page.getByRole('checkbox', { name: /may displace it/ }).press('Space');
    await page.getByRole('textbox', { name: 'Work it may lose, minutes' }).fill('10');
    await look(page, at, 'new-job-filled');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/jobs\/job_/, { timeout: 10000 });
    await page.getByText('2 at once, all at one site').waitFor({ timeout: 5000 }).catch(() => find(at.step, 'the job does not say that it is for two machines'));
    await page.getByText('loses at most 10 min of its work').waitFor({ timeout: 5000 }).catch(() => find(at.step, 'the job does not say that it may be displaced'));
    await look(page, at, 'job-fresh');
    const cancel = page.getByRole('button', { name: 'Cancel job' });
    if (!await cancel.count())
        return;
    await cancel.press('Enter');
    await page.getByRole('dialog').waitFor();
    await axe(page, `${at.step}, dialog`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForTimeout(50);
    if (!await cancel.evaluate((e) => e === document.activeElement))
        find(at.step, 'the dialog does not give the focus back');
    await cancel.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Cancelled by its owner.').first().waitFor({ timeout: 15000 });
    await look(page, at, 'job-cancelled');
}

// Why a job waits, and the click that ends its waiting, by keyboard; where there is an offer that would serve it.
async function why(page, at) {
    at.step = `${at.theme} why nothing is matched`;
    await page.goto(`${base}/jobs/new?image=docker.io%2Flibrary%2Falpine%3A3.20&budget=0.05&limit=0.001&pool=cpu&nodes=1&samesite=&interruptible=&checkpoint=&auction=`, { waitUntil: 'load' });
    await calm(page);
    await page.getByRole('button', { name: /^Submit/ }).press('Enter');
    await page.waitForURL(/\/jobs\/job_/, { timeout: 10000 });
    await page.getByRole('heading', { name: 'Why is nothing matched?' }).waitFor({ timeout: 10000 });
    await look(page, at, 'job-why');
    const raise = page.getByRole('button', { name: /^Raise it to / });
    if (await raise.count()) {
        await raise.first().press('Enter');
        await page.locator('.pill.open').waitFor({ state: 'detached', timeout: 15000 }).catch(() => find(at.step, 'the change that is suggested did not match it'));
        if (await page.getByRole('heading', { name: 'Why is nothing matched?' }).count())
            find(at.step, 'it is matched, and still asks why not');
    }
    const cancel = page.getByRole('button', { name: 'Cancel job' });
    if (!await cancel.count())
        return;
    await cancel.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 10000 });
}

const problem = (status) => ({
    status, contentType: 'application/problem+json', headers: { 'X-Request-Id': 'made-by-the-test' },
    body: JSON.stringify({ type: `${base}/problems/overloaded`, title: 'The market is busy; try again shortly.', status, code: 'overloaded', detail: '', instance: '/', request_id: 'made-by-the-test' }),
});

const noPrices = { open: null, high: null, low: null, close: null, last: null, change: null, volume_units: 0, volume_unit_hours: '0.000000', trades: 0 };

// What there is of a thing when there is nothing of it. A stream would tell of more: there is none.
async function emptied(route) {
    if (/\/stream/.test(route.request().url())) {
        await route.fulfill(problem(503));
        return;
    }
    const answer = await route.fetch();
    const body = await answer.json();
    if (/\/candles/.test(route.request().url()))
        body.data = body.data.map((c) => ({ ...c, ...noPrices }));
    else if (Array.isArray(body.data))
        body.data = /\/pools$/.test(route.request().url()) ? body.data.map((p) => ({ ...p, last_trade: null, day: { ...p.day, ...noPrices },
            asks: { open: 0, units_free: 0, best_price_per_unit_hour: null }, bids: { open: 0, units: 0, best_price_per_unit_hour: null } })) : [];
    if ('asks' in body)
        Object.assign(body, { asks: [], bids: [] });
    await route.fulfill({ response: answer, json: { ...body, ...('next_cursor' in body ? { next_cursor: null } : {}) } });
}

// What every panel shows while it waits, when there is nothing, and when the server fails.
async function states(page, at) {
    const lists = /\/v1\/(pools|trades|stream|jobs|nodes|asks|leases|payouts|postings|api-keys)(\/|\?|$)/;
    const held = [];
    const ways = {
        skeleton: (route) => held.push(route),
        empty: emptied,
        error: (route) => route.fulfill(problem(503)),
    };
    for (const [state, way] of Object.entries(ways)) {
        at.broken = true;
        await page.route(lists, way);
        for (const [name, path] of [['home', '/'], ['market', '/market'], ['jobs', '/jobs'], ['earn', '/earn'], ['account', '/signin']]) {
            at.step = `${at.theme} ${state} ${name}`;
            await page.goto(base + path, { waitUntil: 'load' });
            const sign = { skeleton: '.skeleton', empty: '.empty', error: '.problem' }[state];
            await page.locator(sign).first().waitFor({ timeout: 10000 }).catch(() => find(at.step, `no ${sign}`));
            await page.waitForTimeout(300);
            if (state === 'error' && (!await page.getByText('made-by-the-test').count() || !await page.getByRole('button', { name: 'Try again' }).count()))
                find(at.step, 'the problem lacks its request id or the way to try again');
            if (shots)
                await page.screenshot({ path: join(shots, `${at.theme}-${state}-${name}.png`), fullPage: true });
            await layout(page, at.step);
            await axe(page, at.step);
            steps++;
            console.log(`  ✓ ${at.step}`);
        }
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        await Promise.all(held.splice(0).map((r) => r.abort().catch(() => {})));
    }
    await page.goto('about:blank');
    at.broken = false;
}

async function walk(browser, theme) {
    console.log(theme);
    const context = await browser.newContext({ colorScheme: theme, viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    await context.addInitScript(observeCsp);
    const page = await context.newPage();
    const at = { theme, step: 'start', broken: false }; // broken: we break the answers ourselves
    watch(page, at);
    await visit(page, at, 'home', '/');
    await visit(page, at, 'market', '/market');
    await market(page, at);
    await visit(page, at, 'earn-signed-out', '/earn');
    await visit(page, at, 'jobs-signed-out', '/jobs');
    await visit(page, at, 'new-job', '/jobs/new');
    await visit(page, at, 'signin', '/signin');
    await keyboard(page, at);
    await signIn(page, at);
    let job = givenJob;
    if (!job && await page.locator('main table a[href^="/jobs/job_"]').count())
        job = (await page.locator('main table a[href^="/jobs/job_"]').first().getAttribute('href')).split('/').pop();
    if (job)
        await visit(page, at, 'job', `/jobs/${job}`);
    await visit(page, at, 'earn', '/earn');
    await prices(page, at);
    await visit(page, at, 'account', '/signin');
    await visit(page, at, 'new-job-signed-in', '/jobs/new');
    await states(page, at);
    if (process.env.BUY)
        await buy(page, at);
    if (process.env.BUY)
        await why(page, at);
    await page.setViewportSize({ width: 390, height: 800 });
    for (const [name, path] of [['home', '/'], ['market', '/market'], ['jobs', '/jobs'], ['earn', '/earn'], ['new-job', '/jobs/new'], ...(job ? [['job', `/jobs/${job}`]] : [])])
        await visit(page, at, `narrow-${name}`, path);
    at.step = `${theme} sign out`;
    await page.goto(`${base}/signin`, { waitUntil: 'load' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${base}/`, { timeout: 10000 });
    await context.close();
}

const profile = mkdtempSync(join(tmpdir(), 'bourse-browser-'));
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags,
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
});
try {
    for (const theme of ['light', 'dark'])
        await walk(browser, theme);
} catch (error) {
    find('walk', error.message);
} finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
}
console.log(findings.length ? `${findings.length} findings in ${steps} looks` : `${steps} looks, no finding`);
process.exit(findings.length ? 1 : 0);
