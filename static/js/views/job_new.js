// SPDX-License-Identifier: Apache-2.0
// The form for a new job: what to run, and what it may cost. The limit price follows from the market.
import { keyring, post } from '../api.js';
import { keepImage } from '../blob.js';
import { useEffect, useMemo, useRef, useState } from '../lib.js';
import { cover, micros, min, parseTyped, toMoney, upToTick, usd } from '../money.js';
import { quoteText, useQuote } from '../quotes.js';
import { go } from '../router.js';
import { account, refreshAccount, signedIn, useSignal } from '../session.js';
import { blankTerms, readTerms, regions } from '../terms.js';
import { bytes, count, duration, splitWords } from '../text.js';
import { complaints, Curl, Field, Fragment, html, Icon, Page, Panel, Problem, SignInHint } from '../ui.js';
import { unitText, usePools } from './market.js';

const GIB = 2 ** 30;
const spans = { minutes: 60, hours: 3600, days: 86400 };
const blank = {
    image: '', command: '', pool: '', cpus: '', memory: '', gpus: '', budget: '', time: '1', span: 'hours',
    limit: '', name: '', env: '', entrypoint: '', workdir: '', outputs: '', attempts: '3',
    ...blankTerms,
};

// What was typed survives a sign-in and a reload, in this tab only.
const draft = {
    read() {
        try {
            return JSON.parse(sessionStorage.getItem('job-draft')) ?? {};
        } catch {
            return {};
        }
    },
    keep(form) {
        try {
            sessionStorage.setItem('job-draft', JSON.stringify(form));
        } catch {
            // Then it does not survive.
        }
    },
    drop() {
        try {
            sessionStorage.removeItem('job-draft');
        } catch {
            // There is nothing to drop either.
        }
    },
};

function start(params) {
    const given = Object.fromEntries(Object.keys(blank).filter((k) => params.has(k)).map((k) => [k, params.get(k)]));
    return { ...blank, ...draft.read(), ...given };
}

const number = (text) => (/^[0-9]+(\.[0-9]+)?$/.test(text.trim()) ? Number(text) : NaN);
const lines = (text) => text.split('\n').map((l) => l.trim()).filter(Boolean);

function readEnv(text, wrong) {
    const env = {};
    for (const line of lines(text)) {
        const at = line.indexOf('=');
        if (!/^[A-Za-z_][A-Za-z0-9_]*=/.test(line))
            wrong.env = `"${line.slice(0, 40)}" is not NAME=value.`;
        else
            env[line.slice(0, at)] = line.slice(at + 1);
    }
    return env;
}

// How many units serve the needs: the largest of the shares.
function unitsFor(pool, need) {
    const share = (want, has) => (!want ? 1 : has ? Math.ceil(want / has) : Infinity);
    const { unit } = pool;
    return Math.max(share(need.gpus, unit.gpus), share(need.cpu_millis, unit.cpu_millis), share(need.memory_bytes, unit.memory_bytes));
}

function readNeeds(form, pool, wrong) {
    const cpus = form.cpus.trim() ? number(form.cpus) : 0;
    const memory = form.memory.trim() ? number(form.memory) : 0;
    const gpus = form.gpus.trim() ? number(form.gpus) : 0;
    if (!(cpus >= 0))
        wrong.cpus = 'A number, such as 2 or 0.5.';
    if (!(memory >= 0))
        wrong.memory = 'A number, in GiB.';
    if (!Number.isInteger(gpus))
        wrong.gpus = 'A whole number.';
    return {
        ...(cpus > 0 && { cpu_millis: Math.round(cpus * 1000) }),
        ...(memory > 0 && { memory_bytes: Math.round(memory * GIB) }),
        ...(gpus > 0 && pool?.unit.gpus && { gpus }),
    };
}

function readWords(text, name, wrong) {
    const words = splitWords(text);
    if (words === null)
        wrong[name] = 'A quotation mark is open.';
    return words ?? [];
}

// The limit: typed, or the best offer and a tenth, up to the next tick.
function limitOf(form, pool, wrong) {
    if (form.limit.trim()) {
        const typed = parseTyped(form.limit);
        if (typed === null || typed === 0n)
            wrong.limit = 'An amount, such as 0.015.';
        else if (typed % micros(pool.tick))
            wrong.limit = `A multiple of ${usd(pool.tick, 3)}.`;
        return typed;
    }
    if (form.own === 'only')
        return micros(pool.tick); // one's own machines cost nothing
    const best = micros(pool.asks.best_price_per_unit_hour);
    if (best === null) {
        wrong.limit = 'Nobody offers now, so there is no price to go by. Say what you would pay at most.';
        return null;
    }
    return upToTick((best * 11n + 9n) / 10n, micros(pool.tick));
}

// From the form to the request. → { body, wrong, units, limit, hold, seconds }
function read(form, pool) {
    const wrong = {};
    const needs = readNeeds(form, pool, wrong);
    const command = readWords(form.command, 'command', wrong);
    const entrypoint = readWords(form.entrypoint, 'entrypoint', wrong);
    const env = readEnv(form.env, wrong);
    const budget = parseTyped(form.budget);
    const seconds = Math.round(number(form.time) * spans[form.span]);
    const attempts = number(form.attempts);
    if (!form.image.trim())
        wrong.image = 'Which image shall run?';
    if (!budget)
        wrong.budget = 'An amount of dollars, such as 2.50.';
    if (!(seconds >= 60 && seconds <= 2592000))
        wrong.time = 'Between 1 minute and 30 days.';
    if (!Number.isInteger(attempts) || attempts < 1 || attempts > 10)
        wrong.attempts = 'Between 1 and 10.';
    const units = pool ? unitsFor(pool, needs) : 1;
    if (!Number.isFinite(units) || units > 4096)
        wrong.cpus = `Units of ${pool.pool} do not serve this.`;
    const limit = pool ? limitOf(form, pool, wrong) : null;
    const terms = readTerms(form, wrong);
    const all = units * (terms.nodes ?? 1);
    const hold = limit && budget && seconds >= 60 && Number.isFinite(units) ? (terms.own === 'only' ? 0n : min(budget, cover(limit, all, seconds))) : null;
    const body = {
        ...(form.name.trim() && { name: form.name.trim() }),
        image: form.image.trim(),
        ...(command.length && { command }), ...(entrypoint.length && { entrypoint }),
        ...(Object.keys(env).length && { env }), ...(form.workdir.trim() && { workdir: form.workdir.trim() }),
        pool: pool?.pool ?? form.pool, ...needs,
        budget: budget === null ? { amount: form.budget, currency: 'USD' } : toMoney(budget),
        ...(form.limit.trim() && limit !== null && { limit_price_per_unit_hour: toMoney(limit) }),
        max_duration_seconds: seconds,
        ...(attempts !== 3 && { max_attempts: attempts }),
        ...(lines(form.outputs).length && { outputs: lines(form.outputs) }),
        ...terms,
    };
    return { body, wrong, units, nodes: terms.nodes ?? 1, limit, hold, seconds, budget, words: command };
}

// What can be asked of the market while the form is still being filled in: all but what runs.
const notAsked = ['name', 'image', 'command', 'entrypoint', 'env', 'workdir', 'outputs'];
const mustBeRight = ['cpus', 'memory', 'gpus', 'time', 'nodes', 'checkpoint', 'auction', 'attempts'];

function quoteBody({ body, budget, wrong }, limitTyped) {
    if (mustBeRight.some((f) => wrong[f]) || (limitTyped && wrong.limit))
        return null;
    const asked = Object.entries(body).filter(([name]) => !notAsked.includes(name) && (name !== 'budget' || budget));
    return Object.fromEntries(asked);
}

// The live line.
function QuoteLine({ read: r, limitTyped }) {
    const { quote, error } = useQuote(quoteBody(r, limitTyped));
    const text = quote ? quoteText(quote) : error ? error.detail || error.title : 'Asking the market…';
    return html`<p class="small quote" aria-live="polite">${text}${quote?.offer && html` <span class="muted">No reservation.</span>`}</p>`;
}

function Quote({ read: r, pool, me, limitTyped }) {
    const short = r.hold !== null && me && r.hold > micros(me.balance.available);
    return html`<${Panel} title="What it would cost"><div class="form">
        <table class="sums"><tbody>
            <tr><td>Units</td><td>${Number.isFinite(r.units) ? `${pool?.pool ?? ''} × ${count(r.units)}${r.nodes > 1 ? `, on each of ${r.nodes} machines` : ''}` : '–'}</td></tr>
            <tr><td>Best offer now</td><td>${pool?.asks.best_price_per_unit_hour ? `${usd(pool.asks.best_price_per_unit_hour, 3)}/h` : 'none'}</td></tr>
            <tr><td>Limit per unit and hour</td><td>${r.limit ? `${usd(r.limit, 3)}/h` : '–'}</td></tr>
            <tr><td>Longest time</td><td>${r.seconds >= 60 ? duration(r.seconds) : '–'}</td></tr>
            <tr class="total"><td>Held when you submit</td><td>${r.hold === null ? '–' : usd(r.hold)}</td></tr></tbody></table>
        <p class="small muted">You pay the seconds it runs, at the price of the trade, at least a minute. What is held and not used comes back.
            ${r.hold !== null && r.hold === r.budget ? ' The budget may end the run before its longest time.' : ''}</p>
        ${pool && html`<${QuoteLine} read=${r} limitTyped=${limitTyped} />`}
        ${me && html`<p class=${short ? 'small bad' : 'small muted'}>${usd(me.balance.available)} available${short ? '. That is not enough.' : ''}</p>`}</div><//>`;
}

function ImageField({ form, set, wrong }) {
    const [busy, setBusy] = useState('');
    const [error, setError] = useState(null);
    const file = useRef();
    const choose = async () => {
        setError(null);
        try {
            if (file.current.files[0])
                set({ image: await keepImage(file.current.files[0], setBusy) });
        } catch (e) {
            setError(e);
        }
        setBusy('');
        file.current.value = '';
    };
    return html`<${Fragment}>
        <${Field} label="Image" wrong=${wrong} hint="A name in a registry, or an image archive from this computer.">
            ${(a) => html`<div class="joined"><input ...${a} class="code" value=${form.image} spellcheck="false" autocapitalize="off" placeholder="docker.io/library/alpine:3.20"
                onInput=${(e) => set({ image: e.target.value })} />
                <button type="button" disabled=${!!busy} onClick=${() => file.current.click()}><${Icon} name="upload" />${busy || 'Archive'}</button></div>`}<//>
        <input type="file" hidden ref=${file} accept=".tar,.gz,.tgz" aria-label="Image archive" onChange=${choose} />
        <p class="hidden" aria-live="polite">${busy}</p>
        ${error && html`<${Problem} error=${error} />`}<//>`;
}

function PoolField({ form, set, pools, pool, wrong }) {
    return html`<${Field} label="Pool" wrong=${wrong} hint=${pool && `A unit is ${unitText(pool)}.`}>
        ${(a) => html`<select ...${a} onChange=${(e) => set({ pool: e.target.value })}>
            ${pools.map((p) => html`<option key=${p.pool} value=${p.pool} selected=${p.pool === pool?.pool}>${p.pool}${p.asks.best_price_per_unit_hour
                ? `, from ${usd(p.asks.best_price_per_unit_hour, 3)}/h` : ', no offer'}</option>`)}</select>`}<//>`;
}

function More({ form, set, wrong, open }) {
    const input = (name, props = {}) => (a) => html`<input ...${a} ...${props} value=${form[name]} onInput=${(e) => set({ [name]: e.target.value })} />`;
    return html`<details open=${open}><summary>More: limit, environment, entrypoint, outputs</summary><div class="form">
        <div class="fields">
            <${Field} label="Name" wrong=${wrong.name} hint="For you to find it again.">${input('name', { maxlength: 128 })}<//>
            <${Field} label="Limit per unit and hour, $" wrong=${wrong.limit} hint="Empty: the best offer and 10 %.">${input('limit', { inputmode: 'decimal' })}<//>
            <${Field} label="Attempts" wrong=${wrong.attempts} hint="When a machine fails it.">${input('attempts', { inputmode: 'numeric' })}<//></div>
        <div class="fields">
            <${Field} label="Entrypoint" wrong=${wrong.entrypoint}>${input('entrypoint', { class: 'code', spellcheck: false })}<//>
            <${Field} label="Working directory" wrong=${wrong.workdir}>${input('workdir', { class: 'code', spellcheck: false, placeholder: '/work' })}<//></div>
        <${Field} label="Environment" wrong=${wrong.env} hint="One NAME=value a line. The provider can read it; keep secrets out.">
            ${(a) => html`<textarea ...${a} rows="3" spellcheck="false" value=${form.env} onInput=${(e) => set({ env: e.target.value })}></textarea>`}<//>
        <${Field} label="Outputs" wrong=${wrong.outputs} hint="Paths in /out, one a line. Empty: everything there.">
            ${(a) => html`<textarea ...${a} rows="2" spellcheck="false" value=${form.outputs} onInput=${(e) => set({ outputs: e.target.value })}></textarea>`}<//>
    </div></details>`;
}

const whoseMachines = { first: 'Mine first', only: 'Mine only', never: 'Not mine' };
const timesInForce = {
    'good-till-time': 'It waits', 'immediate-or-cancel': 'It ends', 'fill-or-kill': 'It ends, unless whole', 'post-only': 'It waits in any case',
};

function Choice({ name, choices, form, set, ...field }) {
    return html`<${Field} ...${field}>${(a) => html`<select ...${a} onChange=${(e) => set({ [name]: e.target.value })}>
        ${Object.entries(choices).map(([value, text]) => html`<option value=${value} selected=${value === form[name]}>${text}</option>`)}</select>`}<//>`;
}

function Check({ name, form, set, wrong, children }) {
    return html`<div class="field"><label class="row"><input type="checkbox" checked=${!!form[name]} onChange=${(e) => set({ [name]: e.target.checked ? 'yes' : '' })} /><span>${children}</span></label>
        ${wrong && html`<div class="wrong">${wrong}</div>`}</div>`;
}

function Advanced({ form, set, wrong, open }) {
    const input = (name, props = {}) => (a) => html`<input ...${a} ...${props} value=${form[name]} onInput=${(e) => set({ [name]: e.target.value })} />`;
    const anywhere = { '': 'Anywhere', ...Object.fromEntries(regions.map((r) => [r, r])) };
    return html`<details open=${open}><summary>Advanced: several machines, region, displacement, sealed offers</summary><div class="form">
        <div class="fields">
            <${Field} label="Machines at once" wrong=${wrong.nodes} hint="Each gets BOURSE_RANK and BOURSE_NODES.">${input('nodes', { inputmode: 'numeric' })}<//>
            <${Choice} name="region" label="Region" choices=${anywhere} form=${form} set=${set} wrong=${wrong.region} />
            <${Choice} name="own" label="Whose machines" hint="Your own cost nothing." choices=${whoseMachines} form=${form} set=${set} wrong=${wrong.own} /></div>
        ${Number(form.nodes) > 1 && html`<${Check} name="samesite" form=${form} set=${set} wrong=${wrong.samesite}>All machines at one site<//>`}
        <${Check} name="interruptible" form=${form} set=${set} wrong=${wrong.interruptible}>A higher bid may displace it after some time; it is told to stop first, and tried again<//>
        <div class="fields">
            ${form.interruptible && html`<${Field} label="Work it may lose, minutes" wrong=${wrong.checkpoint} hint="How often it keeps its state. Empty: 60.">${input('checkpoint', { inputmode: 'numeric' })}<//>`}
            <${Choice} name="tif" label="When no offer fits" choices=${timesInForce} form=${form} set=${set} wrong=${wrong.tif} />
            <${Field} label="Sealed offers, ms" wrong=${wrong.auction} hint="Machines bid against each other for so long. Empty: no.">${input('auction', { inputmode: 'numeric' })}<//></div>
    </div></details>`;
}

// Which complaint of the server belongs to which field.
const pointers = {
    name: ['/name'], image: ['/image'], command: ['/command'], entrypoint: ['/entrypoint'], env: ['/env'], workdir: ['/workdir'], pool: ['/pool'],
    cpus: ['/cpu_millis', '/units'], memory: ['/memory_bytes'], gpus: ['/gpus'], budget: ['/budget'], limit: ['/limit_price_per_unit_hour'],
    time: ['/max_duration_seconds'], attempts: ['/max_attempts'], outputs: ['/outputs'],
    nodes: ['/nodes'], samesite: ['/same_site'], region: ['/requires'], own: ['/own'], interruptible: ['/interruptible'],
    checkpoint: ['/checkpoint_seconds'], tif: ['/time_in_force'], auction: ['/auction_ms'],
};

function JobForm({ pools, params, me }) {
    const [form, setForm] = useState(() => start(params));
    const [tried, setTried] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const keys = useMemo(keyring, []);
    const box = useRef();
    const set = (change) => {
        setForm((f) => ({ ...f, ...change }));
        setError(null);
    };
    useEffect(() => draft.keep(form), [form]);

    const pool = pools.find((p) => p.pool === form.pool) ?? pools.find((p) => p.asks.open) ?? pools[0];
    const r = read(form, pool);
    const said = complaints(error);
    const wrong = Object.fromEntries(Object.keys(pointers).map((f) => [f, (tried && r.wrong[f]) || said.at(...pointers[f])]));
    const others = said.others(...Object.values(pointers).flat());
    const needLimit = pool && form.own !== 'only' && !pool.asks.best_price_per_unit_hour;

    const submit = async (event) => {
        event.preventDefault();
        setTried(true);
        if (Object.keys(r.wrong).length) {
            requestAnimationFrame(() => box.current.querySelector('[aria-invalid="true"]')?.focus());
            return;
        }
        setBusy(true);
        try {
            const { job } = await post('/v1/jobs', r.body, keys.for(r.body));
            draft.drop();
            refreshAccount().catch(() => {});
            go(`/jobs/${job.job_id}`);
        } catch (e) {
            setError(e);
            setBusy(false);
            requestAnimationFrame(() => (box.current.querySelector('[aria-invalid="true"]') ?? box.current.querySelector('[role="alert"]'))?.focus());
        }
    };
    const input = (name, props = {}) => (a) => html`<input ...${a} ...${props} value=${form[name]} onInput=${(e) => set({ [name]: e.target.value })} />`;
    return html`<form class="side" ref=${box} onSubmit=${submit} novalidate>
        <div class="stack">
            <${Panel} title="What shall run"><div class="form">
                <${ImageField} form=${form} set=${set} wrong=${wrong.image} />
                <${Field} label="Command" wrong=${wrong.command} hint="Split into words as a shell does; nothing is expanded. Empty: the image's own.">
                    ${input('command', { class: 'code', spellcheck: false, autocapitalize: 'off', placeholder: 'python train.py --epochs 3' })}<//>
                ${r.words.length > 1 && html`<ol class="words" aria-label="Words of the command">${r.words.map((w, i) => html`<li key=${i}>${w || '\u00a0'}</li>`)}</ol>`}
            </div><//>
            <${Panel} title="Where, and for how much"><div class="form">
                <div class="fields">
                    <${PoolField} form=${form} set=${set} pools=${pools} pool=${pool} wrong=${wrong.pool} />
                    ${pool?.unit.gpus > 0 && html`<${Field} label="GPUs" wrong=${wrong.gpus} hint="Empty: one unit.">${input('gpus', { inputmode: 'numeric' })}<//>`}
                    <${Field} label="vCPUs" wrong=${wrong.cpus} hint="Empty: one unit.">${input('cpus', { inputmode: 'decimal' })}<//>
                    <${Field} label="Memory, GiB" wrong=${wrong.memory} hint=${pool && `${bytes(pool.unit.memory_bytes)} a unit.`}>${input('memory', { inputmode: 'decimal' })}<//></div>
                <div class="fields">
                    <${Field} label="Budget, $" wrong=${wrong.budget} hint="In all, whatever happens.">${input('budget', { inputmode: 'decimal', placeholder: '2.50' })}<//>
                    <${Field} label="Longest time" wrong=${wrong.time} hint="It is stopped then.">
                        ${(a) => html`<div class="joined"><input ...${a} inputmode="decimal" value=${form.time} onInput=${(e) => set({ time: e.target.value })} />
                            <select aria-label="Unit of time" onChange=${(e) => set({ span: e.target.value })}>
                            ${Object.keys(spans).map((s) => html`<option value=${s} selected=${s === form.span}>${s}</option>`)}</select></div>`}<//></div>
                <${More} form=${form} set=${set} wrong=${wrong} open=${needLimit || !!(wrong.limit || wrong.env || wrong.outputs || wrong.attempts || wrong.workdir || wrong.entrypoint)} />
                <${Advanced} form=${form} set=${set} wrong=${wrong} open=${Object.keys(blankTerms).some((k) => wrong[k] || form[k] !== blankTerms[k])} />
            </div><//>
        </div>
        <div class="stack">
            <${Quote} read=${r} pool=${pool} me=${me} limitTyped=${!!form.limit.trim()} />
            ${error && html`<div tabindex="-1"><${Problem} error=${error} />${others.map((e) => html`<p class="small bad"><code>${e.pointer}</code> ${e.detail}</p>`)}</div>`}
            ${me ? html`<button class="main" disabled=${busy}><${Icon} name="run" />${busy ? 'Submitting' : r.hold === null ? 'Submit' : `Submit and hold ${usd(r.hold)}`}</button>`
                : html`<${SignInHint}>Sign in to submit. What you typed is kept.<//>`}
            <p class="small muted">Outside attested machines a provider can read everything in the job.</p>
            <${Curl} method="POST" path="/v1/jobs" headers=${{ 'Idempotency-Key': '…' }} body=${r.body} />
        </div></form>`;
}

export function JobNewPage({ query: params }) {
    const pools = usePools();
    const me = useSignal(account);
    useSignal(signedIn);
    return html`<div class="stack"><p class="small"><a class="row" href="/jobs"><${Icon} name="back" />All jobs</a></p>
        <${Page} title="New job" lede="Say what shall run and what it may cost. The price is found by the market." />
        ${pools.data ? html`<${JobForm} pools=${pools.data.data} params=${params} me=${me} />`
            : html`<${Panel} title="New job" resource=${pools} rows=${8} />`}</div>`;
}
