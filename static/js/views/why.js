// SPDX-License-Identifier: Apache-2.0
// Why nothing is matched: what keeps the offers away, and what would help, a click away where it can be.
import { request } from '../api.js';
import { formAddress } from '../changes.js';
import { useState } from '../lib.js';
import { usd } from '../money.js';
import { useResource } from '../resource.js';
import { refreshAccount } from '../session.js';
import { count } from '../text.js';
import { Fragment, html, Panel, Problem, When } from '../ui.js';

const LOOK_MS = 10000;

function Constraints({ rows }) {
    return html`<table class="rows"><thead><tr><th scope="col">Why not</th><th scope="col" class="number">Offers</th>
        <th scope="col" class="number">By this alone</th></tr></thead>
        <tbody>${rows.map((c) => html`<tr key=${c.constraint}><td>${c.text}</td><td class="number">${count(c.offers)}</td>
            <td class="number">${count(c.offers_by_this_alone)}</td></tr>`)}</tbody></table>`;
}

function Amend({ job, change, done }) {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const amend = async () => {
        setBusy(true);
        setError(null);
        try {
            await request('PATCH', `/v1/bids/${job.bid_id}`, { body: { limit_price_per_unit_hour: change.to } });
            refreshAccount().catch(() => {});
            done();
        } catch (e) {
            setError(e);
        }
        setBusy(false);
    };
    return html`<${Fragment}><button type="button" class="little" disabled=${busy} onClick=${amend}>${busy ? 'Raising' : 'Raise it'}<span class="hidden"> to ${usd(change.to, 3)}</span></button>
        ${error && html`<${Problem} error=${error} />`}<//>`;
}

function Change({ job, change, unit, done }) {
    const address = change.way === 'new-job' && unit ? formAddress(job, change, unit) : null;
    return html`<li><span>${change.text}</span>${change.way === 'wait' && html`<span class="muted"> At the latest <${When} at=${change.to} />.</span>`}
        ${change.way === 'amend' && html` <${Amend} job=${job} change=${change} done=${done} />`}
        ${address && html` <a class="button little" href=${address}>New job with this<span class="hidden">: ${change.text}</span></a>`}</li>`;
}

function Why({ job, told, unit, done }) {
    const why = told.explanation;
    if (!why)
        return html`<p>${told.text}</p>`;
    const links = why.changes.some((c) => c.way === 'new-job');
    return html`<${Fragment}><p>${why.text}${why.nodes_needed > 1 ? ` ${why.nodes_that_serve} of ${why.nodes_needed} machines would serve it.` : ''}</p>
        ${why.constraints.length > 0 && html`<${Constraints} rows=${why.constraints} />`}
        ${why.more_offers && html`<p class="small muted">There are more offers than the ${count(why.offers)} that were counted; other changes may help as well.</p>`}
        ${why.changes.length > 0 && html`<h3>What would help</h3><ul class="changes">${why.changes.map((c) => html`<${Change} key=${c.change + c.to?.amount}
            job=${job} change=${c} unit=${unit} done=${done} />`)}</ul>`}
        ${links && html`<p class="small muted">A new job takes over image, command and terms. Environment, entrypoint, working directory and outputs are typed again, and this job goes on waiting until you cancel it.</p>`}<//>`;
}

export function WhyPanel({ job, reload }) {
    const told = useResource(`/v1/jobs/${job.job_id}/explain`, { every: LOOK_MS, done: (t) => t && !t.rests });
    const pool = useResource(`/v1/pools/${job.pool}`);
    const done = () => {
        told.reload();
        reload();
    };
    return html`<${Panel} title="Why is nothing matched?" resource=${told} rows=${3} note=${html`<span class="muted small">as the market stands now</span>`}>
        ${() => html`<div class="form"><${Why} job=${job} told=${told.data} unit=${pool.data?.unit} done=${done} /></div>`}<//>`;
}
