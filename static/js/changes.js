// SPDX-License-Identifier: Apache-2.0
// From a job and a change that an explanation suggests to the form of a new job.
import { blankTerms } from './terms.js';
import { quoteWord } from './text.js';

const GIB = 2 ** 30;
const spans = [['days', 86400], ['hours', 3600], ['minutes', 60]];

// "90 minutes" as the form has it: the largest unit that divides it, else minutes.
function timeOf(seconds) {
    const [span, size] = spans.find(([, s]) => seconds % s === 0) ?? ['minutes', 60];
    return { time: String(seconds / size), span };
}

// Needs that take so many units.
function needsOf(units, unit) {
    if (unit.gpus)
        return { gpus: String(units * unit.gpus) };
    return unit.cpu_millis ? { cpus: String((units * unit.cpu_millis) / 1000) } : { memory: String((units * unit.memory_bytes) / GIB) };
}

// What is demanded of a machine, after the change. Null: the form has no place for it.
function regionOf(requires) {
    const { regions = [], ...others } = requires ?? {};
    return Object.keys(others).length || regions.length > 1 ? null : regions[0] ?? '';
}

// The job as it would be with the change: `requires.tier` is a field of a field.
function changed(job, { field, to }) {
    const [outer, inner] = field.split('.');
    if (!inner)
        return { ...job, [outer]: to };
    const requires = { ...job.requires, [inner]: to };
    if (!to || to.length === 0 || to === 'runc' || to === 'pcie')
        delete requires[inner];
    return { ...job, requires };
}

// The address of the form with all that is known of the job, the change made. `unit`: what a unit of its pool is. Null:
// the form cannot say it. Environment, entrypoint, working directory and outputs are told to nobody.
export function formAddress(job, change, unit) {
    const made = changed(job, change);
    const region = regionOf(made.requires);
    if (region === null || made.pools.length > 1)
        return null;
    const form = {
        image: made.image, command: made.command.map(quoteWord).join(' '), pool: made.pool, cpus: '', memory: '', gpus: '',
        ...needsOf(made.units, unit), budget: made.budget.amount, ...timeOf(made.max_duration_seconds),
        limit: made.limit_price_per_unit_hour.amount, name: made.name ?? '', env: '', entrypoint: '', workdir: '', outputs: '',
        attempts: String(made.max_attempts), ...blankTerms, nodes: String(made.nodes), samesite: made.same_site ? 'yes' : '', region,
        own: made.own, interruptible: made.interruptible ? 'yes' : '', checkpoint: String(Math.max(1, Math.floor(made.checkpoint_seconds / 60))),
        tif: made.time_in_force, auction: made.auction_ms ? String(made.auction_ms) : '',
    };
    return `/jobs/new?${new URLSearchParams(form)}`;
}
