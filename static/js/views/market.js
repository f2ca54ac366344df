// SPDX-License-Identifier: Apache-2.0
// The market of one pool, live: figures, depth, prices over time, offers, requests, trades. Without a stream
// it asks every few seconds.
import { CandleChart } from '../candles.js';
import { DepthChart } from '../chart.js';
import { query } from '../api.js';
import { useEffect, useState } from '../lib.js';
import { micros, usd, usdColumn } from '../money.js';
import { useList, useResource } from '../resource.js';
import { useStream } from '../stream.js';
import { bytes, count, cpus, many } from '../text.js';
import { Announce, Curl, Empty, Fragment, html, Icon, LiveButton, MoreRows, Page, Panel, When } from '../ui.js';
import { Change, IndexValue, PoolTable, price, unitHours } from './market_pools.js';

const EVERY = 3000;
const CANDLES_EVERY = 5000;
const INTERVALS = ['1m', '5m', '1h', '1d'];

export const usePools = () => useResource('/v1/pools', { every: EVERY });

export function unitText({ unit, gpu_model: model }) {
    const parts = [unit.gpus && `${unit.gpus > 1 ? `${unit.gpus} ` : ''}${model}`, `${cpus(unit.cpu_millis)} vCPU`,
        `${bytes(unit.memory_bytes)} memory`, unit.scratch_bytes && `${bytes(unit.scratch_bytes)} scratch`];
    return parts.filter(Boolean).join(', ');
}

// A book of all orders may look crossed: best offer and best request need not be able to meet.
function cross(pool) {
    const ask = micros(pool.asks.best_price_per_unit_hour);
    const bid = micros(pool.bids.best_price_per_unit_hour);
    return ask !== null && bid !== null && bid >= ask;
}

function spread(pool) {
    const ask = micros(pool.asks.best_price_per_unit_hour);
    const bid = micros(pool.bids.best_price_per_unit_hour);
    return ask === null || bid === null ? '–' : usd(ask - bid, 3);
}

function Figures({ pool }) {
    const { asks, bids, last_trade: last, day, index } = pool;
    return html`<dl class="figures">
        <div><dt>Best offer</dt><dd class="ask">${price(asks.best_price_per_unit_hour)}<small>per unit and hour</small></dd></div>
        <div><dt>Best request</dt><dd class="bid">${price(bids.best_price_per_unit_hour)}<small>per unit and hour</small></dd></div>
        <div><dt>Spread</dt><dd>${spread(pool)}<small>${cross(pool) ? 'these two cannot meet: a request takes its units of one offer' : 'between the two'}</small></dd></div>
        <div><dt>Free</dt><dd>${count(asks.units_free)}<small>${many(asks.open, 'offer', 'offers')}</small></dd></div>
        <div><dt>Wanted</dt><dd>${count(bids.units)}<small>${many(bids.open, 'request', 'requests')}</small></dd></div>
        <div><dt>Last trade</dt><dd>${last ? price(last.price_per_unit_hour) : '–'}
            <small>${last ? html`<${When} at=${last.at} relative />` : 'none yet'}</small></dd></div>
        <div><dt>24 hours</dt><dd><${Change} day=${day} /><small>${day.trades ? `${price(day.low)} to ${price(day.high)}` : 'nothing traded'}</small></dd></div>
        <div><dt>Volume</dt><dd>${unitHours(day.volume_unit_hours)}<small>unit-hours in 24 h</small></dd></div>
        <div><dt>Index</dt><dd><${IndexValue} index=${index} /><small>${index.stale ? 'between offer and request' : `${many(index.leases, 'lease', 'leases')} delivered`}</small></dd></div></dl>`;
}

// Levels with running totals; each row is shaded as deep as its total.
function Book({ levels, side }) {
    const amount = usdColumn(levels.map((l) => l.price_per_unit_hour), 3);
    let total = 0;
    const rows = levels.map((l) => ({ ...l, total: (total += l.units) }));
    return html`<table class=${`book ${side}`}>
        <thead><tr><th scope="col">Price</th><th scope="col" class="number">Units</th><th scope="col" class="number">Total</th></tr></thead>
        <tbody>${rows.map((l) => html`<tr key=${l.price_per_unit_hour.amount} style=${{ '--w': `${Math.round((l.total / total) * 100)}%` }}>
            <td class=${side === 'asks' ? 'ask' : 'bid'}>${amount(l.price_per_unit_hour)}</td>
            <td class="number" title=${l.orders ? many(l.orders, 'order', 'orders') : undefined}>${count(l.units)}</td><td class="number">${count(l.total)}</td></tr>`)}
        </tbody></table>`;
}

function Trades({ rows }) {
    const amount = usdColumn(rows.map((t) => t.price_per_unit_hour), 3);
    return html`<table><thead><tr><th scope="col">Price</th><th scope="col" class="number">Units</th><th scope="col" class="number">When</th></tr></thead>
        <tbody>${rows.map((t) => html`<tr key=${t.trade_id}>
            <td class="nowrap"><span class=${t.taker === 'bid' ? 'bid' : 'ask'}><${Icon} name=${t.taker === 'bid' ? 'up' : 'down'} /></span>
                <span class="hidden">${t.taker === 'bid' ? 'A request took an offer at' : 'An offer took a request at'}</span>
                ${' '}${amount(t.price_per_unit_hour)}</td>
            <td class="number">${count(t.units)}</td><td class="number"><${When} at=${t.at} relative /></td></tr>`)}</tbody></table>`;
}

function PoolTabs({ pools, chosen, base }) {
    if (pools.length < 2)
        return null;
    return html`<nav class="tabs" aria-label="Pools">${pools.map((p) => html`<a key=${p.pool} href=${`${base}?pool=${p.pool}`}
        aria-current=${p.pool === chosen ? 'true' : undefined}>${p.pool}</a>`)}</nav>`;
}

// What the stream tells, in the shape of something that was loaded.
const streamed = (live, data) => ({ data, error: null, at: live.at, reload: () => {} });

function useBook(pool, live, levels, path) {
    const polled = useResource(live.on ? null : path, { every: EVERY });
    if (!live.book || (!live.on && polled.data !== undefined))
        return polled;
    return streamed(live, { asks: live.book.asks.slice(0, levels), bids: live.book.bids.slice(0, levels) });
}

// The tape: what came over the stream, then what was loaded before it began.
function useTape(pool, live, limit) {
    const list = useList(query(`/v1/pools/${pool}/trades`, { limit }), { every: live.on ? 0 : EVERY });
    useEffect(() => {
        if (live.begun > 1)
            list.reload();
    }, [live.begun]);
    const oldest = live.on ? live.trades.at(-1)?.trade_id : undefined;
    if (!list.rows || !oldest)
        return list;
    const rows = [...live.trades, ...list.rows.filter((t) => t.trade_id < oldest)];
    return { ...list, rows: list.next || rows.length > limit ? rows.slice(0, Math.max(limit, list.rows.length)) : rows };
}

function Prices({ pool }) {
    const [interval, setInterval] = useState('5m');
    const path = query(`/v1/pools/${pool}/candles`, { interval });
    const candles = useResource(path, { every: CANDLES_EVERY });
    const buttons = INTERVALS.map((i) => html`<button type="button" class="little" key=${i} aria-pressed=${i === interval} onClick=${() => setInterval(i)}>${i}</button>`);
    return html`<${Panel} title="Prices" resource=${candles} rows=${4} end=${html`<div class="row" role="group" aria-label="Interval">${buttons}</div>`}
        isEmpty=${candles.data?.data.every((c) => c.trades === 0)}
        empty=${html`<${Empty} action=${interval !== '1d' && html`<button type="button" class="little" onClick=${() => setInterval('1d')}>Look at days</button>`}>Nothing was traded in ${pool} in this time.<//>`}>
        ${() => html`<${CandleChart} data=${candles.data.data} interval=${interval} />`}<//>`;
}

function PoolMarket({ pool, live, deep }) {
    const levels = deep ? 50 : 12;
    const depthPath = query(`/v1/pools/${pool.pool}/depth`, { levels });
    const depth = useBook(pool.pool, live, levels, depthPath);
    const trades = useTape(pool.pool, live, deep ? 20 : 12);
    const book = depth.data;
    const offers = html`<${Panel} title="Offers" note=${html`<span class="muted small">lowest first</span>`} resource=${depth} flush rows=${6} isEmpty=${book?.asks.length === 0}
        empty=${html`<${Empty} action=${html`<a class="button" href="/earn">Offer a machine</a>`}>Nobody offers units of ${pool.pool} now. The first offer sets the price.<//>`}>
        ${() => html`<${Book} levels=${book.asks} side="asks" />`}<//>`;
    const requests = html`<${Panel} title="Requests" note=${html`<span class="muted small">highest first</span>`} resource=${depth} flush rows=${6} isEmpty=${book?.bids.length === 0}
        empty=${html`<${Empty} action=${html`<a class="button" href=${`/jobs/new?pool=${pool.pool}`}>Run something</a>`}>No request waits. What is asked for now meets the best offer at once.<//>`}>
        ${() => html`<${Book} levels=${book.bids} side="bids" />`}<//>`;
    const tape = html`<${Panel} title="Recent trades" resource=${trades} flush rows=${6} isEmpty=${trades.rows?.length === 0}
        empty=${html`<${Empty}>Nothing was traded in ${pool.pool} yet.<//>`}>
        ${() => html`<${Fragment}><${Trades} rows=${trades.rows} />${deep && html`<${MoreRows} list=${trades} />`}<//>`}<//>`;
    return html`
        <div class="board">
            <div class="stack">
                <${Panel} title="Depth" resource=${depth} rows=${4} isEmpty=${book && book.asks.length + book.bids.length === 0}
                    end=${html`<span class="key" aria-hidden="true"><span class="bid">Requests</span><span class="ask">Offers</span></span>`}
                    empty=${html`<${Empty}>There is nothing to draw: no offer, no request.<//>`}>
                    ${() => html`<${DepthChart} book=${book} />`}<//>
                <${Prices} pool=${pool.pool} />
                <div class="two">${offers}${requests}</div>
            </div>
            ${tape}
        </div>
        <${Curl} path=${depthPath} />`;
}

// pools: a resource from usePools. base: the page that carries ?pool=.
export function Market({ pools, chosen, base, deep }) {
    const list = pools.data?.data;
    const named = list?.find((p) => p.pool === chosen) ?? list?.find((p) => p.asks.open || p.bids.open) ?? list?.[0];
    const live = useStream(named?.pool);
    const pool = named && live.on && live.ticker ? { ...named, ...live.ticker } : named;
    const ask = pool?.asks.best_price_per_unit_hour;
    return html`
        ${deep && list?.length > 1 && html`<${Panel} title="Pools" resource=${pools} flush>${() => html`<${PoolTable} pools=${list.map((p) => (p.pool === pool.pool ? pool : p))} chosen=${pool.pool} base=${base} />`}<//>`}
        <${Panel} title=${pool ? `Market: ${pool.pool}` : 'Market'} resource=${pools} isEmpty=${list?.length === 0} rows=${2}
            note=${pool && html`<span class="muted small">a unit is ${unitText(pool)}</span>`}
            end=${html`${live.on && html`<span class="badge on"><span class="dot" aria-hidden="true"></span>live</span>`}${pool && !deep && html`<${PoolTabs} pools=${list} chosen=${pool.pool} base=${base} />`}<${LiveButton} />`}
            empty=${html`<${Empty}>This market has no pools yet. Its operator names them.<//>`}>
            ${() => html`<${Figures} pool=${pool} />`}<//>
        ${pool && html`<${PoolMarket} key=${pool.pool} pool=${pool} live=${live} deep=${deep} />
            <${Announce} text=${`${pool.pool}: best offer ${price(ask)}, ${many(pool.asks.units_free, 'unit', 'units')} free.`} />`}`;
}

export function MarketPage({ query: params }) {
    const pools = usePools();
    return html`<div class="stack"><${Page} title="Market" lede="Offers and requests meet by price, then by time. A trade is at the price of whoever waited." />
        <${Market} pools=${pools} chosen=${params.get('pool')} base="/market" deep /></div>`;
}
