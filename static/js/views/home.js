// SPDX-License-Identifier: Apache-2.0
// The first screen: run something, earn with a machine, and what the market says right now.
import { usd } from '../money.js';
import { quoteText, useQuote } from '../quotes.js';
import { ago, count, many } from '../text.js';
import { html, Icon, Page } from '../ui.js';
import { Market, usePools } from './market.js';

function LivePool({ pool }) {
    const { asks, last_trade: last } = pool;
    if (!asks.best_price_per_unit_hour)
        return html`<span><strong>${pool.pool}</strong> has no offer now</span>`;
    return html`<span><strong>${pool.pool}</strong> from <strong>${usd(asks.best_price_per_unit_hour, 3)}/h</strong> per unit,${' '}
        ${count(asks.units_free)} free${last ? html`<span class="muted">, traded ${ago(last.at)}</span>` : ''}</span>`;
}

// One line: the pools with most on offer.
function LiveLine({ pools }) {
    const list = pools.data?.data;
    if (!list)
        return html`<p class="live muted">${pools.error ? 'The market does not answer right now.' : 'Asking the market…'}</p>`;
    const shown = [...list].sort((a, b) => b.asks.units_free - a.asks.units_free).slice(0, 3).filter((p, i) => i === 0 || p.asks.units_free);
    if (!shown.length)
        return html`<p class="live muted">This market has no pools yet.</p>`;
    const rest = list.length - shown.length;
    return html`<p class="live"><span class="dot" aria-hidden="true"></span>
        ${shown.map((p, i) => html`${i ? html`<span class="sep" aria-hidden="true">·</span>` : ''}<${LivePool} key=${p.pool} pool=${p} />`)}
        ${rest > 0 && html` <a href="/market" class="small">${many(rest, 'more pool', 'more pools')}</a>`}</p>`;
}

// What an hour of one unit costs now, for whoever looks.
function HourLine({ pool }) {
    const { quote } = useQuote(pool && { pool: pool.pool });
    if (!quote?.offer)
        return null;
    return html`<p class="live"><strong>An hour of ${pool.pool}.</strong> ${quoteText(quote)}</p>`;
}

const mostFree = (list) => list?.filter((p) => p.asks.units_free).sort((a, b) => b.asks.units_free - a.asks.units_free)[0];

export function HomePage({ query }) {
    const pools = usePools();
    return html`<div class="stack">
        <div class="hero">
            <${Page} title="Home" heading="Compute at a price that everyone can see" />
            <${LiveLine} pools=${pools} />
            <${HourLine} pool=${mostFree(pools.data?.data)} />
            <div class="two">
                <section class="door" aria-labelledby="run"><h2 id="run"><${Icon} name="run" />Run something</h2>
                    <p>Bring a container and a budget. It never costs more than that, nothing is charged before the container runs, and a machine that vanishes costs you nothing.</p>
                    <div class="row"><a class="button main" href="/jobs/new">New job</a><a class="button plain" href="/jobs">My jobs</a></div></section>
                <section class="door" aria-labelledby="earn"><h2 id="earn"><${Icon} name="earn" />Earn with my GPU</h2>
                    <p>One command joins a machine, and it opens no port. You name the price and the floor. You are paid the moment the work is proven, with the arithmetic shown.</p>
                    <div class="row"><a class="button main" href="/earn">Offer a machine</a></div></section>
            </div>
        </div>
        <${Market} pools=${pools} chosen=${query.get('pool')} base="/" />
        <p class="small"><a href="/market">The whole market, with depth and older trades</a></p>
    </div>`;
}
