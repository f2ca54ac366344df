// SPDX-License-Identifier: Apache-2.0
// Entries of the ledger: who gave what to whom.
import { micros, usd } from '../money.js';
import { html, When } from '../ui.js';

const names = { self: 'Me', counterparty: 'The other side', 'market-fees': 'Market fee', world: 'Outside' };

const kinds = {
    'open-account': 'Account opened', credit: 'Money came in', 'submit-job': 'Job submitted', 'amend-bid': 'Limit changed', 'cancel-job': 'Job cancelled',
    'place-ask': 'Offer placed', 'amend-ask': 'Offer changed', 'cancel-ask': 'Offer withdrawn', 'put-node': 'Machine changed',
    'accept-lease': 'Lease accepted', 'decline-lease': 'Lease declined', 'lease-ready': 'Container ready', 'lease-cannot-start': 'Could not start',
    'lease-exit': 'Settled', 'lease-timeout': 'Machine too slow', 'lease-lost': 'Machine lost', 'lease-spent': 'Time spent',
    'expire-order': 'Expired', 'request-payout': 'Payout requested', 'complete-payout': 'Payout paid', 'fail-payout': 'Payout failed',
};
const kindText = (kind) => kinds[kind] ?? kind.replaceAll('-', ' ');

function Line({ line }) {
    const negative = micros(line.amount) < 0n;
    return html`<tr><td>${names[line.account] ?? line.account}, ${line.bucket}</td>
        <td class=${negative ? '' : 'bid'}>${negative ? '' : '+'}${usd(line.amount)}</td></tr>`;
}

export function LedgerRows({ rows }) {
    return html`<table class="rows"><thead><tr><th scope="col">Entry</th><th scope="col">What</th><th scope="col">Lines</th><th scope="col" class="number">When</th></tr></thead>
        <tbody>${rows.map((e) => html`<tr key=${e.entry}><td class="mono">${e.entry}</td><td>${kindText(e.kind)}</td>
            <td><table class="sums"><tbody>${e.lines.map((l, i) => html`<${Line} key=${i} line=${l} />`)}</tbody></table></td>
            <td class="number"><${When} at=${e.at} relative /></td></tr>`)}</tbody></table>`;
}
