// SPDX-License-Identifier: Apache-2.0
// What a lease cost, with its arithmetic, done again here from the inputs.
import { charge, micros, min, usd } from '../money.js';
import { useResource } from '../resource.js';
import { leaseText } from '../terms.js';
import { bytes, duration, reasonText } from '../text.js';
import { Copy, html, Icon, Id, Panel, Pill, When } from '../ui.js';

const LEAST_SECONDS = 60;

// The rule of the market: the smaller of both clocks, at most the longest run; and at least a minute, but
// where the machine was unhealthy for a time or the run had to make room.
function billed(lease) {
    const both = Math.min(lease.seconds_signed, lease.seconds_observed);
    return [both, Math.max(both, LEAST_SECONDS)].map((seconds) => Math.min(seconds, lease.max_seconds));
}

// A start that failed by the buyer's fault is void, and can still cost its preparation.
export const isSettled = (lease) => lease.seconds_billed !== null && (lease.state === 'settled' || micros(lease.charge) > 0n);
export const hasReceipt = (lease) => lease.state === 'settled' && lease.seconds_signed !== null;

function holds(lease) {
    const want = min(charge(micros(lease.price_per_unit_hour), lease.units, lease.seconds_billed), micros(lease.hold));
    const parts = micros(lease.fee) + micros(lease.payout) + micros(lease.insurance);
    return micros(lease.charge) <= want && parts === micros(lease.charge)
        && (micros(lease.charge) === want || micros(lease.charge) === 0n)
        && (lease.seconds_signed === null || lease.seconds_observed === null || lease.seconds_billed === 0 || billed(lease).includes(lease.seconds_billed));
}

export function Arithmetic({ lease, mine }) {
    const good = holds(lease);
    return html`<div class="form">
        <p class="formula">⌊ ${usd(lease.price_per_unit_hour, 6)} × ${lease.units} × ${lease.seconds_billed} s ÷ 3600 ⌋ = <strong>${usd(lease.charge, 6)}</strong></p>
        <table class="sums"><tbody>
            <tr><td>Seconds by the machine's clock</td><td>${lease.seconds_signed ?? '–'}</td></tr>
            <tr><td>Seconds by the market's clock</td><td>${lease.seconds_observed ?? '–'}</td></tr>
            <tr><td>Billed: the smaller, at least ${LEAST_SECONDS}</td><td>${lease.seconds_billed}</td></tr>
            <tr><td>Charge</td><td>${usd(lease.charge, 6)}</td></tr>
            <tr><td>Market's fee</td><td>${usd(lease.fee, 6)}</td></tr>
            ${micros(lease.insurance) > 0n && html`<tr><td>Insurance fund: beyond the run at the offer's own price of ${usd(lease.base_price_per_unit_hour, 3)}</td><td>${usd(lease.insurance, 6)}</td></tr>`}
            <tr class="total"><td>${mine ? 'Paid to me' : 'Paid to the provider'}</td><td>${usd(lease.payout, 6)}</td></tr></tbody></table>
        <p class=${good ? 'true' : 'true false'}><${Icon} name=${good ? 'check' : 'warn'} />${good
            ? 'Computed again in this browser: it fits.' : 'Computed again in this browser: it does not fit. Please report it.'}</p></div>`;
}

function Times({ lease }) {
    return html`<dl class="pairs">
        <dt>Lease</dt><dd><${Id} id=${lease.lease_id} /></dd>
        <dt>Machine</dt><dd><${Id} id=${lease.node_id} /></dd>
        <dt>Price</dt><dd>${usd(lease.price_per_unit_hour, 3)} per unit and hour × ${lease.units}</dd>
        ${lease.nodes > 1 && html`<dt>Member</dt><dd>${lease.rank} of ${lease.nodes} machines</dd>`}
        ${leaseText(lease) && html`<dt>Note</dt><dd>${leaseText(lease)}</dd>`}
        <dt>Traded</dt><dd><${When} at=${lease.traded_at} /></dd>
        <dt>Ready</dt><dd><${When} at=${lease.ready_at} /></dd>
        <dt>Ended</dt><dd><${When} at=${lease.ended_at} /></dd>
        ${lease.reason && html`<dt>Reason</dt><dd>${reasonText(lease.reason)}</dd>`}
        ${lease.exit_code !== null && html`<dt>Exit code</dt><dd>${lease.exit_code}</dd>`}
        <dt>Held for it</dt><dd>${usd(lease.hold)}, enough for ${duration(lease.max_seconds)}</dd></dl>`;
}

export function LeasePanel({ lease, title = 'Lease' }) {
    return html`<${Panel} title=${title} note=${html`<${Pill} state=${lease.state} />`}>
        <div class="divide"><${Times} lease=${lease} />${lease.use && html`<p class="small muted">Its GPUs: ${lease.use.gpu_busy_percent < 0 ? 'use not told' : `${lease.use.gpu_busy_percent} % busy`}${
            lease.use.gpu_memory_used_bytes < 0 ? '' : `, ${bytes(lease.use.gpu_memory_used_bytes)} in use`}, <${When} at=${lease.use.at} relative />.</p>`}${isSettled(lease) && html`<${Arithmetic} lease=${lease} />`}</div><//>`;
}

export function ReceiptPanel({ job }) {
    const receipt = useResource(`/v1/jobs/${job}/receipt`);
    return html`<${Panel} title="Receipt" resource=${receipt} rows=${4}
        end=${receipt.data && html`<a class="button little" href=${`/v1/jobs/${job}/receipt`} download=${`${job}.receipt.json`}><${Icon} name="download" />JSON</a>`}>
        ${() => {
            const said = JSON.parse(receipt.data.receipt);
            return html`<div class="form"><p class="muted small">Signed by the machine, countersigned by the market. It can be checked offline.</p>
                <dl class="pairs small"><dt>Image</dt><dd class="mono">${said.image_digest ?? '–'}</dd>
                <dt>Outputs</dt><dd class="mono">${said.outputs_root}</dd>
                <dt>Log</dt><dd class="mono">${said.log_sha256}</dd>
                <dt>Machine's key</dt><dd class="mono">${receipt.data.agent_public_key}</dd>
                <dt>Market's key</dt><dd class="mono">${receipt.data.countersignature.market_public_key}</dd></dl>
                <div class="row"><${Copy} text=${JSON.stringify(receipt.data)} label="Copy receipt" /></div></div>`;
        }}<//>`;
}
