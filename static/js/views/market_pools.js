// SPDX-License-Identifier: Apache-2.0
// All pools of the market, one line each: price, what is free, the last day, the index.
import { micros, usd } from '../money.js';
import { count } from '../text.js';
import { html, Icon } from '../ui.js';

export const price = (money) => (money ? usd(money, 3) : '–');

// Up or down by sign and arrow, never by colour alone.
export function Change({ day }) {
    const change = micros(day.change);
    if (change === null)
        return html`<span class="muted">–</span>`;
    if (change === 0n)
        return html`<span class="muted">unchanged</span>`;
    const up = change > 0n;
    return html`<span class=${`nowrap ${up ? 'bid' : 'ask'}`}><${Icon} name=${up ? 'up' : 'down'} />${' '}${up ? '+' : ''}${usd(change, 3)}</span>`;
}

export const unitHours = (text) => count(Math.round(Number(text)));

export function IndexValue({ index }) {
    if (!index.price_per_unit_hour)
        return html`<span class="muted">–</span>`;
    return html`<span class="nowrap">${price(index.price_per_unit_hour)}${index.stale && html`${' '}<small class="muted">stale</small>`}</span>`;
}

export function PoolTable({ pools, chosen, base }) {
    return html`<table class="rows"><thead><tr>
        <th scope="col">Pool</th><th scope="col" class="number">Best offer</th><th scope="col" class="number">Free</th><th scope="col" class="number">Last</th>
        <th scope="col" class="number">24 h</th><th scope="col" class="number">Unit-hours</th><th scope="col" class="number">Index</th></tr></thead>
        <tbody>${pools.map((p) => html`<tr key=${p.pool}>
            <td class="nowrap"><a href=${`${base}?pool=${p.pool}`} aria-current=${p.pool === chosen ? 'true' : undefined}>${p.pool}</a></td>
            <td class="number">${price(p.asks.best_price_per_unit_hour)}</td><td class="number">${count(p.asks.units_free)}</td>
            <td class="number">${price(p.last_trade?.price_per_unit_hour)}</td><td class="number"><${Change} day=${p.day} /></td>
            <td class="number">${unitHours(p.day.volume_unit_hours)}</td><td class="number"><${IndexValue} index=${p.index} /></td></tr>`)}
        </tbody></table>`;
}
