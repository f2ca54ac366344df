// SPDX-License-Identifier: Apache-2.0
// What orders ask for beside their price, and what follows from it, in words.
import { count, duration } from './text.js';

// What a job asks for beside its price, as [name, text]: only what is out of the ordinary.
const timesInForce = { 'immediate-or-cancel': 'is taken at once, or not at all', 'fill-or-kill': 'is filled whole at once, or not at all', 'post-only': 'waits at first' };
const whose = { only: 'only on your own machines', never: 'never on your own machines' };

function wishText(wish) {
    const parts = [];
    if (wish.regions?.length)
        parts.push(`in ${wish.regions.join(' or ')}`);
    if (wish.tier)
        parts.push(`tier ${wish.tier} or better`);
    if (wish.verified)
        parts.push('a verified machine');
    if (wish.isolation && wish.isolation !== 'runc')
        parts.push(`isolated by ${wish.isolation} or better`);
    if (wish.interconnect && wish.interconnect !== 'pcie')
        parts.push(`GPUs joined by ${wish.interconnect} or better`);
    if (wish.bandwidth_mbps)
        parts.push(`${count(wish.bandwidth_mbps)} Mbit/s or more`);
    if (wish.data_label)
        parts.push(`beside the data \u201c${wish.data_label}\u201d`);
    return parts.join(', ');
}

export function termsOf(job) {
    const rows = [];
    if (job.pools?.length > 1)
        rows.push(['Any of', `${job.pools.map((w) => `${w.pool} × ${w.units}`).join(', ')}; ${job.rank === 'value' ? 'the most throughput for the money' : 'the lowest price'}`]);
    if (job.nodes > 1)
        rows.push(['Machines', `${job.nodes} at once${job.same_site ? ', all at one site' : ''}`]);
    const wish = job.requires && wishText(job.requires);
    if (wish)
        rows.push(['Only where', wish]);
    if (whose[job.own])
        rows.push(['Whose', whose[job.own]]);
    if (job.interruptible)
        rows.push(['May be displaced', `loses at most ${duration(job.checkpoint_seconds)} of its work`]);
    if (timesInForce[job.time_in_force])
        rows.push(['Request', timesInForce[job.time_in_force]]);
    if (job.auction_ms)
        rows.push(['Sealed offers', `are taken for ${count(job.auction_ms)} ms`]);
    return rows;
}

// Why an open request is in no trade, where it is not the price alone.
const waitTexts = {
    auction: 'Sealed offers are being taken; the best of them wins in a moment.',
    call: 'Its price would be far from the last trades, so it waits for the next call auction of its pool.',
};
export const waitText = (order) => waitTexts[order.waits_for] ?? null;

// What is particular about a lease, in a sentence; null when nothing is.
export function leaseText(lease) {
    if (lease.state === 'preempted')
        return 'It has to make room for a higher bid: it was told to stop, and ends when its notice is over.';
    if (lease.waits)
        return 'It takes the place of another, and begins when that has ended.';
    if (lease.own)
        return 'It runs on a machine of the job\u2019s own account or team, for nothing.';
    return null;
}

// Of a job's leases, newest first, those of its latest attempt: one for every rank.
export function gangOf(leases, nodes) {
    const members = [];
    for (const lease of leases) {
        if (members.length === nodes || members.some((m) => m.rank === lease.rank))
            break;
        members.push(lease);
    }
    return members.sort((a, b) => a.rank - b.rank);
}

// What is typed in the fold "Advanced" of a new job. Blank: the usual.
export const blankTerms = { nodes: '1', samesite: '', region: '', own: 'first', interruptible: '', checkpoint: '', tif: 'good-till-time', auction: '' };
export const regions = ['africa', 'asia', 'europe', 'middle-east', 'north-america', 'oceania', 'south-america'];

const whole = (text, least, most) => (/^[0-9]{1,9}$/.test(text.trim()) && Number(text) >= least && Number(text) <= most ? Number(text) : null);

export function readTerms(form, wrong) {
    const nodes = whole(form.nodes, 1, 64);
    const minutes = form.checkpoint.trim() ? whole(form.checkpoint, 1, 43200) : 60;
    const auction = form.auction.trim() ? whole(form.auction, 0, 5000) : 0;
    if (nodes === null)
        wrong.nodes = 'Between 1 and 64.';
    if (minutes === null)
        wrong.checkpoint = 'Minutes, between 1 and 43200.';
    if (auction === null)
        wrong.auction = 'Milliseconds, at most 5000.';
    return {
        ...(nodes > 1 && { nodes, ...(form.samesite && { same_site: true }) }),
        ...(regions.includes(form.region) && { requires: { regions: [form.region] } }),
        ...(form.own !== 'first' && { own: form.own }),
        ...(form.interruptible && { interruptible: true, ...(minutes !== null && form.checkpoint.trim() && { checkpoint_seconds: minutes * 60 }) }),
        ...(form.tif !== 'good-till-time' && { time_in_force: form.tif }),
        ...(auction && { auction_ms: auction }),
    };
}
