// SPDX-License-Identifier: Apache-2.0
// Times, counts and sizes as people read them.
import { usd } from './money.js';

const counts = new Intl.NumberFormat('en');
const oneDecimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const plurals = new Intl.PluralRules('en');
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayAndClock = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export const count = (n) => counts.format(n);
export const many = (n, one, other) => `${count(n)} ${plurals.select(Number(n)) === 'one' ? one : other}`;

export function bytes(n) {
    const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
    let at = 0;
    for (; n >= 1024 && at < names.length - 1; at++)
        n /= 1024;
    return `${oneDecimal.format(n)} ${names[at]}`;
}

export const cpus = (millis) => oneDecimal.format(millis / 1000);

export function duration(seconds) {
    if (seconds < 60)
        return `${seconds} s`;
    const parts = [];
    for (const [name, size] of [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]) {
        const n = Math.floor(seconds / size);
        seconds -= n * size;
        if (n)
            parts.push(`${n} ${name}`);
    }
    return parts.slice(0, 2).join(' ');
}

export function ago(iso, now = Date.now()) {
    const seconds = Math.round((Date.parse(iso) - now) / 1000);
    const size = Math.abs(seconds);
    if (size < 10)
        return 'just now';
    if (size < 60)
        return relative.format(seconds, 'second');
    if (size < 3600)
        return relative.format(Math.trunc(seconds / 60), 'minute');
    if (size < 86400)
        return relative.format(Math.trunc(seconds / 3600), 'hour');
    return relative.format(Math.trunc(seconds / 86400), 'day');
}

export function localTime(iso) {
    const at = new Date(iso);
    return Math.abs(Date.now() - at) < 43200000 ? clock.format(at) : dayAndClock.format(at);
}

export const utc = (iso) => `${iso.replace('T', ' ').replace(/\.?[0-9]*Z$/, '')} UTC`;

// "job_01m8…04k7": enough to tell two apart; the whole is in a title or can be copied.
export function shortId(id) {
    const at = id.indexOf('_') + 1;
    return id.length - at <= 12 ? id : `${id.slice(0, at)}…${id.slice(-8)}`;
}

// Why something ended, in words.
const reasons = {
    done: 'It ended by itself.',
    cancelled: 'Cancelled by its owner.',
    expired: 'Nobody took it in time.',
    declined: 'The machine refused it.',
    'offer-timeout': 'The machine did not answer.',
    'prepare-timeout': 'The machine took too long to start it.',
    'image-unavailable': 'The image could not be fetched. Check its name, and that it may be read without a login or with the one kept here.',
    'image-invalid': 'The image is not one, or not the one with this digest.',
    'command-invalid': 'The container could not be started with this command.',
    'engine-failed': 'The container engine of the machine failed.',
    'node-lost': 'The machine fell silent.',
    'time-spent': 'It reached its longest time.',
    'budget-spent': 'Its budget was spent.',
    'out-of-memory': 'It used more memory than it asked for.',
    'egress-spent': 'Its network carried all the bytes that it may.',
    'no-funds': 'There was no money left to try again.',
    'attempts-spent': 'It was tried as often as allowed.',
    'node-changed': 'The machine no longer has what was offered.',
    'not-filled': 'It could not be filled at once, and was not to wait.',
    displaced: 'It had to make room for a higher bid.',
    'gang-broken': 'Another machine of the same job failed.',
    'node-unhealthy': 'A GPU of the machine is not well.',
    drained: 'The owner of the machine took it out of service.',
};
export const reasonText = (reason) => reasons[reason] ?? reason;

// Split a command line into words as a shell would, without expanding anything. Null: an open quote.
export function splitWords(line) {
    const words = [];
    let word = null;
    let quote = '';
    for (let i = 0; i < line.length; i++) {
        const c = line[i];
        if (c === '\\' && quote !== "'" && i + 1 < line.length) {
            const next = line[++i];
            word = (word ?? '') + (quote === '"' && !'"\\$`'.includes(next) ? c + next : next);
        } else if (quote) {
            if (c === quote)
                quote = '';
            else
                word += c;
        } else if (c === '"' || c === "'") {
            quote = c;
            word ??= '';
        } else if (/\s/.test(c)) {
            if (word !== null)
                words.push(word);
            word = null;
        } else {
            word = (word ?? '') + c;
        }
    }
    if (quote)
        return null;
    return word === null ? words : [...words, word];
}

export const quoteWord = (w) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`);

// A row of an offer's history: "$0.310 → $0.300: idle for 12 min, best other ask 0.305".
export function moveText(move) {
    const now = usd(move.price_per_unit_hour, 3);
    if (!move.previous_price_per_unit_hour)
        return `placed at ${now}`;
    const why = move.reason ?? (move.by === 'owner' ? 'changed by hand' : 'changed by the machine');
    return `${usd(move.previous_price_per_unit_hour, 3)} → ${now}: ${why}`;
}
