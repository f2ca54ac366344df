// SPDX-License-Identifier: Apache-2.0
// Offers (asks): a new one, another price, withdrawn.
import { keyring, post, request } from '../api.js';
import { useMemo, useRef, useState } from '../lib.js';
import { micros, parseTyped, toMoney, usd } from '../money.js';
import { useResource } from '../resource.js';
import { moveText, reasonText } from '../text.js';
import { complaints, Confirm, Curl, Field, Fragment, html, Id, Panel, Pill, Problem, When } from '../ui.js';
import { unitText } from './market.js';

function PriceForm({ ask, done }) {
    const [price, setPrice] = useState(usd(ask.price_per_unit_hour, 3).replace(/[$,]/g, ''));
    const [error, setError] = useState(null);
    const [wrong, setWrong] = useState(null);
    const save = async (event) => {
        event.preventDefault();
        const value = parseTyped(price);
        if (!value) {
            setWrong('An amount, such as 0.012.');
            return;
        }
        try {
            await request('PATCH', `/v1/asks/${ask.ask_id}`, { body: { price_per_unit_hour: toMoney(value) } });
            done();
        } catch (e) {
            setError(e);
        }
    };
    return html`<form class="inline" onSubmit=${save} novalidate>
        <${Field} label="New price, $" wrong=${wrong ?? complaints(error).at('/price_per_unit_hour')}>
            ${(a) => html`<input ...${a} inputmode="decimal" autofocus value=${price} onInput=${(e) => { setPrice(e.target.value); setWrong(null); setError(null); }} />`}<//>
        <button class="little main">Save</button><button type="button" class="little" onClick=${done}>Leave it</button>
        ${error && !error.errors.length && html`<${Problem} error=${error} />`}</form>`;
}

// How the machine's agent moves the price, in a word for a row and a sentence for a choice.
const pricing = {
    adaptive: ['adapts', 'Adapts: up while it sells, down while nobody comes'],
    undercut: ['undercuts', 'Undercuts the best other offer by a tick'],
    fixed: ['fixed', 'Stays as it is'],
};

function Prices({ ask }) {
    const prices = useResource(`/v1/asks/${ask.ask_id}/prices?limit=25`, { every: 20_000 });
    if (prices.error && !prices.data)
        return html`<${Problem} error=${prices.error} />`;
    return html`<ul class="small" aria-label="Prices of this offer, newest first" aria-busy=${!prices.data}>
        ${prices.data?.data.map((m) => html`<li key=${m.at}><span class="muted"><${When} at=${m.at} /></span> ${moveText(m)}</li>`)}</ul>`;
}

export function AskRow({ ask, node, reload }) {
    const [doing, setDoing] = useState('');
    const done = () => { setDoing(''); reload(); };
    const withdraw = async () => {
        await post(`/v1/asks/${ask.ask_id}/cancel`);
        done();
    };
    const open = ask.state === 'open';
    return html`<${Fragment}><tr><td><${Pill} state=${ask.state} /></td>
        <td>${ask.pool}${node && html`<span class="muted"> on ${node}</span>`}<div class="small muted"><${Id} id=${ask.ask_id} /></div>
            ${ask.reason && html`<div class="small muted">${reasonText(ask.reason)}</div>`}</td>
        <td class="number">${usd(ask.price_per_unit_hour, 3)}<div class="small muted">${pricing[ask.pricing]?.[0] ?? ask.pricing}, floor ${usd(ask.floor_price_per_unit_hour, 3)}</div></td>
        <td class="number">${open ? ask.units_free : 0} of ${ask.units}</td>
        <td><${When} at=${ask.available_until} /></td>
        <td class="act"><button type="button" class="little" aria-expanded=${doing === 'history'} onClick=${() => setDoing(doing === 'history' ? '' : 'history')}>Prices<span class="hidden"> of ${ask.ask_id}</span></button>${' '}
            ${open && doing !== 'price' && html`<button type="button" class="little" onClick=${() => setDoing('price')}>Change price<span class="hidden"> of ${ask.ask_id}</span></button>${' '}
            <button type="button" class="little danger" onClick=${() => setDoing('withdraw')}>Withdraw<span class="hidden"> ${ask.ask_id}</span></button>`}
            ${doing === 'withdraw' && html`<${Confirm} title="Withdraw this offer?" action="Withdraw" dangerous onYes=${withdraw} onNo=${() => setDoing('')}>
                <p>Its ${ask.units_free} free units leave the market. Leases that came from it go on to their end.</p><//>`}</td></tr>
        ${doing === 'price' && html`<tr><td></td><td colspan="5"><${PriceForm} ask=${ask} done=${done} /></td></tr>`}
        ${doing === 'history' && html`<tr><td></td><td colspan="5"><${Prices} ask=${ask} /></td></tr>`}<//>`;
}

// How many units a machine has room for, offers aside.
function unitsIn(pool, has) {
    const parts = [[has.cpu_millis, pool.unit.cpu_millis], [has.memory_bytes, pool.unit.memory_bytes], [has.scratch_bytes, pool.unit.scratch_bytes], [has.gpus.length, pool.unit.gpus]];
    return Math.max(1, Math.min(4032, ...parts.filter(([, per]) => per > 0).map(([all, per]) => Math.floor(all / per))));
}

function read(form, pool, wrong) {
    const price = parseTyped(form.price);
    const floor = form.floor.trim() ? parseTyped(form.floor) : price;
    const units = /^[0-9]{1,4}$/.test(form.units) ? Number(form.units) : 0;
    const tick = micros(pool.tick);
    if (!price || price % tick)
        wrong.price = `A multiple of ${usd(pool.tick, 3)}.`;
    if (!floor || floor % tick || floor > price)
        wrong.floor = 'A multiple of the same, not above the price.';
    if (units < 1 || units > 4032)
        wrong.units = 'Between 1 and 4032.';
    return {
        node_id: form.node, pool: pool.pool, units,
        price_per_unit_hour: toMoney(price ?? 0n),
        ...(form.floor.trim() && { floor_price_per_unit_hour: toMoney(floor ?? 0n) }),
        pricing: form.pricing, max_lease_seconds: Number(form.longest), ...(form.interruptible && { interruptible: true }),
    };
}

const longest = { 3600: '1 hour', 21600: '6 hours', 86400: '1 day', 604800: '7 days', 2592000: '30 days' };

export function NewOffer({ nodes, pools, done }) {
    const first = nodes.find((n) => n.state === 'online') ?? nodes[0];
    const [form, setForm] = useState({ node: first.node_id, pool: first.pools[0]?.pool ?? 'cpu', price: '', floor: '', units: '', longest: '86400', pricing: 'adaptive', interruptible: false });
    const [tried, setTried] = useState(false);
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const keys = useMemo(keyring, []);
    const box = useRef();
    const node = nodes.find((n) => n.node_id === form.node) ?? first;
    const pool = pools.find((p) => p.pool === form.pool) ?? pools[0];
    if (!pool)
        return null;
    const best = pool.asks.best_price_per_unit_hour ?? pool.last_trade?.price_per_unit_hour;
    const filled = { ...form, units: form.units || String(unitsIn(pool, node.inventory)) };
    const wrong = {};
    const body = read(filled, pool, wrong);
    const said = complaints(error);
    const at = (name, pointer) => (tried && wrong[name]) || said.at(pointer);
    const set = (change) => { setForm((f) => ({ ...f, ...change })); setError(null); };
    const submit = async (event) => {
        event.preventDefault();
        setTried(true);
        if (Object.keys(wrong).length) {
            requestAnimationFrame(() => box.current.querySelector('[aria-invalid="true"]')?.focus());
            return;
        }
        setBusy(true);
        try {
            await post('/v1/asks', body, keys.for(body));
            keys.renew();
            setForm((f) => ({ ...f, price: '', floor: '', units: '' }));
            setTried(false);
            done();
        } catch (e) {
            setError(e);
        }
        setBusy(false);
    };
    const input = (name, props = {}) => (a) => html`<input ...${a} ...${props} value=${form[name]} onInput=${(e) => set({ [name]: e.target.value })} />`;
    const choices = node.pools.length ? node.pools.map((p) => p.pool) : [pool.pool];
    return html`<${Panel} title="New offer" note=${html`<span class="muted small">a unit is ${unitText(pool)}</span>`}><form class="form" ref=${box} onSubmit=${submit} novalidate>
        <div class="fields">
            <${Field} label="Machine" wrong=${at('node', '/node_id')}>${(a) => html`<select ...${a} onChange=${(e) => set({ node: e.target.value })}>
                ${nodes.map((n) => html`<option value=${n.node_id} selected=${n.node_id === node.node_id}>${n.name}</option>`)}</select>`}<//>
            <${Field} label="Pool" wrong=${at('pool', '/pool')}>${(a) => html`<select ...${a} onChange=${(e) => set({ pool: e.target.value })}>
                ${choices.map((p) => html`<option value=${p} selected=${p === pool.pool}>${p}</option>`)}</select>`}<//>
            <${Field} label="Units" wrong=${at('units', '/units')} hint="What the machine has room for.">${input('units', { inputmode: 'numeric', placeholder: filled.units })}<//></div>
        <div class="fields">
            <${Field} label="Price per unit and hour, $" wrong=${at('price', '/price_per_unit_hour')} hint=${best ? `The market is at ${usd(best, 3)}.` : 'The first offer sets the price.'}>
                ${input('price', { inputmode: 'decimal', placeholder: best ? usd(best, 3).slice(1) : '0.012' })}<//>
            <${Field} label="Floor, $" wrong=${at('floor', '/floor_price_per_unit_hour')} hint="Empty: the price.">${input('floor', { inputmode: 'decimal' })}<//>
            <${Field} label="Longest lease" wrong=${at('longest', '/max_lease_seconds')}>${(a) => html`<select ...${a} onChange=${(e) => set({ longest: e.target.value })}>
                ${Object.entries(longest).map(([s, text]) => html`<option value=${s} selected=${s === form.longest}>${text}</option>`)}</select>`}<//></div>
        <div class="fields">
            <${Field} label="How the price moves" wrong=${at('pricing', '/pricing')} hint="Never below the floor, at most once a minute.">${(a) => html`<select ...${a} onChange=${(e) => set({ pricing: e.target.value })}>
                ${Object.entries(pricing).map(([name, [, text]]) => html`<option value=${name} selected=${name === form.pricing}>${text}</option>`)}</select>`}<//>
            <div class="field"><label class="row"><input type="checkbox" checked=${form.interruptible} onChange=${(e) => set({ interruptible: e.target.checked })} />
                <span>Only jobs that may be displaced</span></label><div class="hint">A higher bid, or a job of your own, can take the place of such a job.</div></div></div>
        ${error && html`<${Problem} error=${error} />`}
        <div class="row"><button class="main" disabled=${busy}>${busy ? 'Offering' : 'Offer'}</button>
            <span class="small muted">An offer is firm: whoever meets the price runs at once.</span></div>
        <${Curl} method="POST" path="/v1/asks" headers=${{ 'Idempotency-Key': '…' }} body=${body} /></form><//>`;
}
