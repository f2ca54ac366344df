// SPDX-License-Identifier: Apache-2.0
// One job, from its bid to its receipt.
import { post, query } from '../api.js';
import { useEffect, useState } from '../lib.js';
import { charge, micros, min, usd } from '../money.js';
import { useResource } from '../resource.js';
import { account, refreshAccount, signedIn, useSignal } from '../session.js';
import { gangOf, termsOf, waitText } from '../terms.js';
import { bytes, count, duration, quoteWord, reasonText } from '../text.js';
import { Announce, Confirm, Copy, Curl, Empty, Fragment, html, Icon, Id, LiveButton, Meter, Page, Panel, Pill, Problem, SignInHint, Skeleton, When } from '../ui.js';
import { jobName } from './jobs.js';
import { LedgerRows } from './ledger.js';
import { LogPanel } from './log.js';
import { hasReceipt, LeasePanel, ReceiptPanel } from './receipt.js';
import { WhyPanel } from './why.js';

const over = ['settled', 'failed', 'cancelled', 'expired'];
const isOver = (job) => over.includes(job?.state);
const order = ['open', 'placed', 'running', 'checking', 'settled'];

// When each step of the way began, as far as it is known.
function stepTimes(job, lease) {
    return { open: job.created_at, placed: lease?.traded_at, running: lease?.ready_at, checking: lease?.ended_at, settled: isOver(job) ? lease?.ended_at : null };
}

function stepClass(name, job, lease) {
    const reached = { open: true, placed: !!lease, running: !!lease?.ready_at, checking: !!lease?.ended_at && !!lease?.ready_at, settled: false };
    if (isOver(job))
        return name === 'settled' ? (job.state === 'settled' ? 'now end' : 'now wrong') : reached[name] ? 'past' : '';
    const at = order.indexOf(job.state);
    const here = order.indexOf(name);
    return here < at ? 'past' : here === at ? 'now' : '';
}

const stepNotes = {
    open: 'waits for an offer', placed: 'the machine prepares it', running: 'metered by the second', checking: 'the receipt is checked', settled: 'paid',
};

function Way({ job, lease }) {
    const times = stepTimes(job, lease);
    return html`<ol class="way" aria-label="How far the job is">${order.map((name) => {
        const look = stepClass(name, job, lease);
        const label = name === 'settled' && isOver(job) ? job.state : name;
        return html`<li key=${name} class=${look} aria-current=${look.includes('now') ? 'step' : undefined}>${label}
            ${look && times[name] ? html`<${When} at=${times[name]} />` : look === 'now' ? html`<small>${stepNotes[name]}</small>` : ''}</li>`;
    })}</ol>`;
}

// What a running lease has cost by now: an estimate, since the receipt decides.
function useRunning(lease) {
    const running = lease?.ready_at && !lease.ended_at;
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        if (!running)
            return undefined;
        const timer = setInterval(() => setNow(Date.now()), 1000);
        return () => clearInterval(timer);
    }, [running]);
    if (!running)
        return null;
    const seconds = Math.max(0, Math.floor((now - Date.parse(lease.ready_at)) / 1000));
    const billed = Math.min(Math.max(seconds, 60), lease.max_seconds);
    return { seconds, left: Math.max(0, lease.max_seconds - seconds), cost: min(charge(micros(lease.price_per_unit_hour), lease.units, billed), micros(lease.hold)) };
}

function Cost({ job, lease }) {
    const running = useRunning(lease);
    return html`<${Panel} title="Cost"><div class="form">
        <${Meter} budget=${job.budget} spent=${job.spent} held=${job.held} />
        <table class="sums"><tbody>
            <tr><td>Budget, in all</td><td>${usd(job.budget)}</td></tr>
            <tr><td>Spent</td><td>${usd(job.spent)}</td></tr>
            <tr><td>Held now</td><td>${usd(job.held)}</td></tr>
            ${running && html`<tr><td>This run so far, about</td><td>${usd(running.cost)}</td></tr>
                <tr><td>Runs since</td><td>${duration(running.seconds)}</td></tr>
                <tr><td>Stops at the latest in</td><td>${duration(running.left)}</td></tr>`}
            <tr><td>Limit per unit and hour</td><td>${usd(job.limit_price_per_unit_hour, 3)}</td></tr></tbody></table></div><//>`;
}

function Blueprint({ job }) {
    return html`<${Panel} title="Blueprint"><dl class="pairs">
        <dt>Image</dt><dd class="mono">${job.image}</dd>
        ${job.image_digest && html`<dt>As it runs</dt><dd class="mono">${job.image_digest}</dd>`}
        <dt>Command</dt><dd class="mono">${job.command.length ? job.command.map(quoteWord).join(' ') : 'of the image'}</dd>
        <dt>Units</dt><dd>${job.pool} × ${job.units}</dd>
        ${termsOf(job).map(([name, text]) => html`<dt key=${name}>${name}</dt><dd>${text}</dd>`)}
        <dt>Longest time</dt><dd>${duration(job.max_duration_seconds)}</dd>
        <dt>Attempts</dt><dd>${job.attempts} of ${job.max_attempts}</dd>
        <dt>Level</dt><dd>${job.level}</dd>
        <dt>Waits until</dt><dd><${When} at=${job.expires_at} /></dd>
        <dt>Id</dt><dd class="row"><span class="mono">${job.job_id}</span><${Copy} text=${job.job_id} what="job id" /></dd></dl><//>`;
}

// The machines of a job that runs on several at once, of its latest attempt.
function Gang({ leases }) {
    return html`<${Panel} title="Machines" flush><table class="rows"><thead><tr><th scope="col" class="number">Rank</th><th scope="col">State</th><th scope="col">Machine</th><th scope="col">Ended</th></tr></thead>
        <tbody>${leases.map((l) => html`<tr key=${l.lease_id}><td class="number">${l.rank}</td><td><${Pill} state=${l.state} /></td>
            <td><${Id} id=${l.node_id} /><div class="small muted"><${Id} id=${l.lease_id} /></div></td>
            <td>${l.reason ? reasonText(l.reason) : html`<span class="muted">not yet</span>`}</td></tr>`)}</tbody></table><//>`;
}

function Outputs({ job }) {
    const outputs = useResource(`/v1/jobs/${job}/outputs`);
    const rows = outputs.data?.data;
    return html`<${Panel} title="Outputs" resource=${outputs} flush rows=${2} isEmpty=${rows?.length === 0}
        empty=${html`<${Empty}>The container left nothing in /out.<//>`}>
        ${() => html`<table class="rows"><thead><tr><th scope="col">File</th><th scope="col" class="number">Size</th><th scope="col">SHA-256</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
            <tbody>${rows.map((o) => html`<tr key=${o.path}><td class="file">${o.path}</td><td class="number">${bytes(o.size_bytes)}</td>
                <td><span class="mono" title=${o.sha256}>${o.sha256.slice(0, 12)}…</span></td>
                <td class="act"><a class="button little" href=${`/v1/blobs/${o.sha256}`} download=${o.path.split('/').pop()}><${Icon} name="download" />Download<span class="hidden"> ${o.path}</span></a></td></tr>`)}
            </tbody></table>`}<//>`;
}

function Ledger({ job }) {
    const path = query('/v1/postings', { job_id: job.job_id, limit: 50 });
    const entries = useResource(path, { every: isOver(job) ? 0 : 5000 });
    return html`<${Panel} title="Ledger" resource=${entries} flush rows=${3} isEmpty=${entries.data?.data.length === 0}
        note=${html`<span class="muted small">each entry sums to zero</span>`} empty=${html`<${Empty}>No money moved for this job yet.<//>`}>
        ${() => html`<${LedgerRows} rows=${entries.data.data} />`}<//>`;
}

// What to say on top, when there is something to say.
function Verdict({ job }) {
    if (job.state === 'open' && waitText(job))
        return html`<p class="notice">${waitText(job)}</p>`;
    if (job.verdict)
        return html`<p class="notice warn">${job.verdict === 'retry' ? 'It is tried again' : 'It ends'} when all its machines have stopped. ${job.verdict_reason && reasonText(job.verdict_reason)}</p>`;
    if (!isOver(job) && job.leases[0]?.state === 'preempted')
        return html`<p class="notice warn">It has to make room for a higher bid, and was told to stop. What it ran is paid; then it waits for another offer.</p>`;
    if (job.state === 'open')
        return html`<p class="notice warn">It waits for ${job.nodes > 1 ? `offers of ${job.nodes} machines` : 'an offer'} at ${usd(job.limit_price_per_unit_hour, 3)} or less. ${job.attempts > 0 && 'The machine before could not finish it, and is not asked again.'}
            ${' '}<a href=${`/market?pool=${job.pool}`}>See what is on offer</a></p>`;
    if (!isOver(job) || job.state === 'settled')
        return null;
    const code = job.exit_code ? ` Exit code ${count(job.exit_code)}.` : '';
    return html`<p class="notice warn">${job.reason ? reasonText(job.reason) : 'It did not finish.'}${code}${micros(job.spent) === 0n ? ' Nothing was charged.' : ''}</p>`;
}

function CancelButton({ job, reload }) {
    const [asked, setAsked] = useState(false);
    if (isOver(job))
        return null;
    const cancel = async () => {
        await post(`/v1/jobs/${job.job_id}/cancel`);
        setAsked(false);
        reload();
    };
    return html`<button type="button" class="danger" onClick=${() => setAsked(true)}>Cancel job</button>
        ${asked && html`<${Confirm} title="Cancel this job?" action="Cancel job" dangerous onYes=${cancel} onNo=${() => setAsked(false)}>
            <p>${job.state === 'open' ? 'The request is withdrawn and what is held for it comes back at once.'
                : 'The container is stopped. The seconds it ran are paid, at least a minute; the rest comes back.'}</p><//>`}`;
}

function Whole({ job, reload, resource }) {
    const lease = job.leases[0];
    const proven = job.leases.find(hasReceipt);
    const members = job.nodes > 1 ? gangOf(job.leases, job.nodes) : [];
    const earlier = job.leases.slice(1);
    useEffect(() => { if (isOver(job)) refreshAccount().catch(() => {}); }, [job.state]);
    return html`
        <${Page} title=${jobName(job)} name=${`${job.state}: ${jobName(job)}`}
            heading=${html`<span class="break">${jobName(job)}</span>`}
            end=${html`<${Pill} state=${job.state} />${!isOver(job) && html`<${LiveButton} />`}<${CancelButton} job=${job} reload=${reload} />`} />
        <${Verdict} job=${job} />
        ${resource.error && html`<${Problem} error=${resource.error} retry=${reload} />`}
        <section class="panel" aria-label="Progress"><div class="body"><${Way} job=${job} lease=${lease} /></div></section>
        ${job.state === 'open' && html`<${WhyPanel} key=${job.limit_price_per_unit_hour.amount} job=${job} reload=${reload} />`}
        <div class=${lease ? 'side' : ''}>
            ${lease && html`<div class="stack">
                <${LogPanel} key=${lease.lease_id} job=${job.job_id} leaseId=${lease.lease_id} live=${!lease.ended_at} />
                ${members.length > 1 && html`<${Gang} leases=${members} />`}
                ${proven && html`<${Outputs} job=${job.job_id} />`}
                <${LeasePanel} lease=${lease} title=${earlier.length ? 'Latest lease' : 'Lease'} />
                ${proven && html`<${ReceiptPanel} job=${job.job_id} />`}
                ${earlier.length > 0 && html`<details><summary>${members.length > 1 ? 'Other' : 'Earlier'} leases (${earlier.length})</summary>
                    <div class="stack">${earlier.map((l) => html`<${LeasePanel} key=${l.lease_id} lease=${l} />`)}</div></details>`}
            </div>`}
            <div class=${lease ? 'stack' : 'two'}><${Cost} job=${job} lease=${lease} /><${Blueprint} job=${job} /></div>
        </div>
        <${Ledger} key=${job.state} job=${job} />
        <${Curl} path=${`/v1/jobs/${job.job_id}`} headers=${{ Prefer: 'wait=25' }} />
        <${Announce} text=${`The job is ${job.state}.`} />`;
}

const known = /^job_[0-9a-z]{26}$/;

export function JobPage({ id }) {
    const signed = useSignal(signedIn);
    const me = useSignal(account);
    const job = useResource(me && known.test(id) ? `/v1/jobs/${id}` : null, { every: 300, wait: 20, done: isOver });
    const back = html`<p class="small"><a class="row" href="/jobs"><${Icon} name="back" />All jobs</a></p>`;
    if (job.data)
        return html`<div class="stack">${back}<${Whole} job=${job.data} resource=${job} reload=${job.reload} /></div>`;
    let body = html`<${Skeleton} rows=${6} />`;
    if (!signed)
        body = html`<${SignInHint}>A job is shown to its owner only.<//>`;
    else if (!known.test(id) || job.error?.status === 404)
        body = html`<${Empty} action=${html`<a class="button" href="/jobs">All jobs</a>`}>There is no such job, or it belongs to somebody else.<//>`;
    else if (job.error)
        body = html`<${Problem} error=${job.error} retry=${job.reload} />`;
    return html`<div class="stack">${back}<${Page} title="Job" /><section class="panel" aria-label="Job"><div class="body">${body}</div></section></div>`;
}
