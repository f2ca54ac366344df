// SPDX-License-Identifier: Apache-2.0
// Depth: units wanted and on offer, summed up from the middle outwards, as steps over the price.
import { html } from './lib.js';
import { micros, usd } from './money.js';
import { count } from './text.js';

const WIDTH = 1000;
const HEIGHT = 160;

// [{ at: price as Number, total }] from the best price outwards. For drawing only.
function summed(levels) {
    let total = 0;
    return levels.map((l) => ({ at: Number(micros(l.price_per_unit_hour)), total: (total += l.units) }));
}

function scales(bids, asks) {
    const prices = [...bids, ...asks].map((p) => p.at);
    const low = Math.min(...prices);
    const high = Math.max(...prices);
    const margin = (high - low || high || 1) * 0.08;
    const most = Math.max(...[...bids, ...asks].map((p) => p.total));
    return {
        low: Math.max(0, low - margin), high: high + margin,
        x: (at) => ((at - Math.max(0, low - margin)) / (high + margin - Math.max(0, low - margin))) * WIDTH,
        y: (total) => HEIGHT - (total / most) * (HEIGHT - 8),
    };
}

// From the best price to the edge of the picture, a step at each price.
function steps(points, { x, y }, edge) {
    if (!points.length)
        return { line: '', area: '' };
    let line = `M${x(points[0].at)} ${HEIGHT}`;
    for (const p of points)
        line += `H${x(p.at).toFixed(1)}V${y(p.total).toFixed(1)}`;
    line += `H${edge}`;
    return { line, area: `${line}V${HEIGHT}Z` };
}

// An end of the scale, in tenths of a cent.
const mark = (at) => usd(BigInt(Math.round(at / 1000)) * 1000n, 3);

export function DepthChart({ book }) {
    const bids = summed(book.bids);
    const asks = summed(book.asks);
    const s = scales(bids, asks);
    const bid = steps(bids, s, 0);
    const ask = steps(asks, s, WIDTH);
    const text = `${count(bids.at(-1)?.total ?? 0)} units wanted up to ${book.bids[0] ? usd(book.bids[0].price_per_unit_hour, 3) : 'no price'}, `
        + `${count(asks.at(-1)?.total ?? 0)} units on offer from ${book.asks[0] ? usd(book.asks[0].price_per_unit_hour, 3) : 'no price'}.`;
    return html`<figure>
        <svg class="chart" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${text}>
            <path class="area b" d=${bid.area} /><path class="area a" d=${ask.area} />
            <path class="line b" d=${bid.line} /><path class="line a" d=${ask.line} />
            <path class="axis" d=${`M0 ${HEIGHT}H${WIDTH}`} />
        </svg>
        <div class="scale" aria-hidden="true"><span>${mark(s.low)}</span><span>price per unit and hour</span><span>${mark(s.high)}</span></div>
        <figcaption class="hidden">${text} The tables of offers and requests hold the same numbers.</figcaption></figure>`;
}
