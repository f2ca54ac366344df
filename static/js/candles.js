// SPDX-License-Identifier: Apache-2.0
// Candles over time, with the volume below; and the same as a table.
import { html, useState } from './lib.js';
import { micros, usd, usdColumn } from './money.js';
import { count, localTime } from './text.js';

const WIDTH = 1000;
const HEIGHT = 220;
const VOLUME = 40; // of the height, at the foot
const GAP = 10;

// Prices as Numbers: for drawing only.
const drawn = (c) => ({ open: Number(micros(c.open)), high: Number(micros(c.high)), low: Number(micros(c.low)), close: Number(micros(c.close)), units: c.volume_units });

function scales(shown, n) {
    const low = Math.min(...shown.map((c) => c.low));
    const high = Math.max(...shown.map((c) => c.high));
    const margin = (high - low || high || 1) * 0.06;
    const most = Math.max(...shown.map((c) => c.units));
    const foot = HEIGHT - VOLUME - GAP;
    return {
        low: Math.max(0, low - margin), high: high + margin, width: WIDTH / n,
        y: (at) => foot - ((at - Math.max(0, low - margin)) / (high + margin - Math.max(0, low - margin))) * foot,
        volume: (units) => (units / most) * VOLUME,
    };
}

function Candle({ c, i, s }) {
    const middle = ((i + 0.5) * s.width).toFixed(1);
    const up = c.close >= c.open;
    const top = s.y(Math.max(c.open, c.close));
    const height = Math.max(1.5, s.y(Math.min(c.open, c.close)) - top);
    const bar = s.volume(c.units);
    return html`<g class=${up ? 'rise' : 'fall'}>
        <path class="wick" d=${`M${middle} ${s.y(c.high).toFixed(1)}V${s.y(c.low).toFixed(1)}`} />
        <rect x=${(i * s.width + s.width * 0.15).toFixed(1)} y=${top.toFixed(1)} width=${(s.width * 0.7).toFixed(1)} height=${height.toFixed(1)} />
        <rect class="volume" x=${(i * s.width + s.width * 0.15).toFixed(1)} y=${(HEIGHT - bar).toFixed(1)} width=${(s.width * 0.7).toFixed(1)} height=${bar.toFixed(1)} /></g>`;
}

function summary(traded, interval) {
    const first = traded[0];
    const last = traded.at(-1);
    const volume = traded.reduce((sum, c) => sum + c.volume_units, 0);
    return `Price from ${usd(first.open, 3)} to ${usd(last.close, 3)} per unit and hour, in steps of ${interval}; ${count(volume)} units traded.`;
}

function Table({ traded }) {
    const amount = usdColumn(traded.flatMap((c) => [c.open, c.high, c.low, c.close]), 3);
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Prices over time"><table class="rows">
        <thead><tr><th scope="col">From</th><th scope="col" class="number">Open</th><th scope="col" class="number">High</th><th scope="col" class="number">Low</th><th scope="col" class="number">Close</th><th scope="col" class="number">Units</th></tr></thead>
        <tbody>${traded.map((c) => html`<tr key=${c.start_at}><td class="nowrap">${localTime(c.start_at)}</td>${[c.open, c.high, c.low, c.close].map((p) => html`<td class="number">${amount(p)}</td>`)}
            <td class="number">${count(c.volume_units)}</td></tr>`)}</tbody></table></div>`;
}

// data: the candles of one answer, oldest first, at least one of them with a trade.
export function CandleChart({ data, interval }) {
    const [asTable, setAsTable] = useState(false);
    const traded = data.filter((c) => c.trades > 0);
    const s = scales(traded.map(drawn), data.length);
    const text = summary(traded, interval);
    return html`<figure>
        <svg class="candles" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${text}>
            <path class="axis" d=${`M0 ${HEIGHT - VOLUME - GAP / 2}H${WIDTH}`} />
            ${data.map((c, i) => c.trades > 0 && html`<${Candle} key=${c.start_at} c=${drawn(c)} i=${i} s=${s} />`)}
        </svg>
        <div class="scale"><span>${localTime(data[0].start_at)}</span><span>${usd(BigInt(Math.round(s.low / 1000)) * 1000n, 3)} – ${usd(BigInt(Math.round(s.high / 1000)) * 1000n, 3)}</span><span>now</span></div>
        <figcaption class="row"><span class="hidden">${text}</span>
            <button type="button" class="little" aria-expanded=${asTable} onClick=${() => setAsTable(!asTable)}>${asTable ? 'Hide table' : 'View as table'}</button></figcaption>
        ${asTable && html`<${Table} traded=${traded.toReversed()} />`}</figure>`;
}
