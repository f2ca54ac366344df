// SPDX-License-Identifier: Apache-2.0
// All my jobs.
import { query } from '../api.js';
import { usd } from '../money.js';
import { useList } from '../resource.js';
import { go } from '../router.js';
import { many, reasonText, shortId } from '../text.js';
import { account, useSignal } from '../session.js';
import { Curl, Empty, Fragment, html, LiveButton, Meter, MinePanel, MoreRows, Page, Pill, When } from '../ui.js';

const states = ['open', 'placed', 'running', 'checking', 'settled', 'failed', 'cancelled', 'expired'];

export const jobName = (job) => job.name || (job.command.length ? job.command.join(' ') : job.image);

function Row({ job }) {
    const name = jobName(job);
    return html`<tr>
        <td><${Pill} state=${job.state} /></td>
        <td><a href=${`/jobs/${job.job_id}`} title=${name}>${name.length > 48 ? `${name.slice(0, 47)}…` : name}</a>
            <div class="muted small mono" title=${job.job_id}>${shortId(job.job_id)}</div></td>
        <td class="nowrap">${job.pool} <span class="muted">× ${job.units}</span></td>
        <td class="nowrap"><${Meter} budget=${job.budget} spent=${job.spent} held=${job.held} tiny label="Spent of the budget" />${' '}
            ${usd(job.spent)} <span class="muted">of ${usd(job.budget)}</span></td>
        <td class="muted small">${job.reason && job.reason !== 'done' ? reasonText(job.reason) : job.exit_code ? `Exit code ${job.exit_code}` : ''}</td>
        <td class="number"><${When} at=${job.created_at} relative /></td></tr>`;
}

function Filter({ state }) {
    const choose = (e) => go(query('/jobs', { state: e.target.value }), { replace: true });
    return html`<label class="filter">State <select value=${state} onChange=${choose}>
        <option value="">all</option>${states.map((s) => html`<option value=${s} selected=${s === state}>${s}</option>`)}</select></label>`;
}

function Balance() {
    const me = useSignal(account);
    if (!me)
        return null;
    return html`<dl class="figures few">
        <div><dt>Available</dt><dd>${usd(me.balance.available)}<small>for new jobs</small></dd></div>
        <div><dt>Held</dt><dd>${usd(me.balance.held)}<small>for open and running ones</small></dd></div></dl>`;
}

export function JobsPage({ query: params }) {
    const state = states.includes(params.get('state')) ? params.get('state') : '';
    const me = useSignal(account);
    const path = query('/v1/jobs', { state, limit: 25 });
    const list = useList(me ? path : null, { every: 4000 });
    const empty = state
        ? html`<${Empty} action=${html`<a class="button" href="/jobs">Show all</a>`}>No job is ${state} now.<//>`
        : html`<${Empty} action=${html`<a class="button main" href="/jobs/new">New job</a>`}>Nothing ran yet. A job needs an image, a pool and a budget.<//>`;
    return html`<div class="stack">
        <${Page} title="Jobs" end=${html`<a class="button main" href="/jobs/new">New job</a>`} />
        <${Balance} />
        <${MinePanel} title="My jobs" hint="Your jobs are here once you are signed in." resource=${list} flush rows=${6}
            isEmpty=${list.rows?.length === 0} empty=${empty}
            note=${list.rows?.length > 0 && html`<span class="muted small">${many(list.rows.length, 'job', 'jobs')}${list.next ? ' and older ones' : ''}</span>`}
            end=${html`<${Filter} state=${state} /><${LiveButton} />`}>
            ${() => html`<${Fragment}><table class="rows"><thead><tr><th scope="col">State</th><th scope="col">Job</th><th scope="col">Units</th>
                <th scope="col">Cost</th><th scope="col">Note</th><th scope="col" class="number">Created</th></tr></thead>
                <tbody>${list.rows.map((job) => html`<${Row} key=${job.job_id} job=${job} />`)}</tbody></table><${MoreRows} list=${list} /><//>`}<//>
        ${me && html`<${Curl} path=${path} />`}</div>`;
}
