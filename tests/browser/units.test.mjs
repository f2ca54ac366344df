// SPDX-License-Identifier: Apache-2.0
// The dashboard's arithmetic and texts, without a browser: node --test tests/browser/
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { charge, cover, decimalsOf, parseMoney, parseTyped, sum, toMoney, toText, upToTick, usd, usdColumn } from '../../static/js/money.js';
import { blankTerms, gangOf, leaseText, readTerms, termsOf, waitText } from '../../static/js/terms.js';
import { ago, bytes, duration, many, moveText, quoteWord, reasonText, shortId, splitWords } from '../../static/js/text.js';
import { formAddress } from '../../static/js/changes.js';
import { quoteText } from '../../static/js/quotes.js';
import { applied, checksum, crc32 } from '../../static/js/stream.js';

test('amounts are read exactly, or not at all', () => {
    assert.equal(parseMoney('25'), 25000000n);
    assert.equal(parseMoney('0.000001'), 1n);
    assert.equal(parseMoney('-0.5'), -500000n);
    assert.equal(parseMoney('9223372036854.775807'), 9223372036854775807n);
    for (const wrong of ['', '.', '1.', '.5', '1.0000001', '1e3', '+1', ' 1', '1,000', '0x1', '１'])
        assert.equal(parseMoney(wrong), null, wrong);
});

test('what people type is understood when it can mean one thing only', () => {
    assert.equal(parseTyped(' $1,200.50 '), 1200500000n);
    assert.equal(parseTyped('1,5'), null);
    assert.equal(parseTyped('1,50'), null);
    assert.equal(parseTyped('-1'), null);
    assert.equal(parseTyped('1000000000'), 10n ** 15n);
    assert.equal(parseTyped('1000000000.000001'), null);
});

test('every amount comes back as it went out', () => {
    for (const at of [0n, 1n, -1n, 999999n, 1000000n, -123456789n, 9223372036854775807n])
        assert.equal(parseMoney(toText(at)), at);
    assert.deepEqual(toMoney(1n), { amount: '0.000001', currency: 'USD' });
});

test('amounts are shown without rounding', () => {
    assert.equal(usd({ amount: '25.000000' }), '$25.00');
    assert.equal(usd({ amount: '0.012000' }, 3), '$0.012');
    assert.equal(usd({ amount: '0.000406' }), '$0.000406');
    assert.equal(usd({ amount: '-1234567.500000' }), '\u2212$1,234,567.50');
    assert.equal(usd({ amount: '9223372036854.775807' }), '$9,223,372,036,854.775807');
    assert.equal(usd(null), '–');
    assert.equal(decimalsOf(120n), 5);
    assert.deepEqual(['0.012000', '0.012500'].map((amount) => ({ amount })).map(usdColumn([{ amount: '0.012000' }, { amount: '0.012500' }], 3)), ['$0.0120', '$0.0125']);
});

test('the market\u2019s arithmetic', () => {
    assert.equal(charge(12000n, 2, 61), 406n);
    assert.equal(cover(12000n, 2, 61), 407n);
    assert.equal(charge(12000n, 1, 3600), 12000n);
    assert.equal(cover(12000n, 1, 3600), 12000n);
    assert.equal(upToTick(13200n, 1000n), 14000n);
    assert.equal(upToTick(13000n, 1000n), 13000n);
    assert.equal(sum([{ amount: '0.10' }, { amount: '0.20' }, null]), 300000n);
});

test('a command line is split as a shell splits it', () => {
    assert.deepEqual(splitWords('python -c \'print("a b")\' --n=1'), ['python', '-c', 'print("a b")', '--n=1']);
    assert.deepEqual(splitWords('a "b c"d \'\' e\\ f'), ['a', 'b cd', '', 'e f']);
    assert.deepEqual(splitWords('"a\\"b" "c\\d" \'e\\f\''), ['a"b', 'c\\d', 'e\\f']);
    assert.deepEqual(splitWords('  '), []);
    assert.equal(splitWords('echo "open'), null);
    for (const words of [['a', 'b c', '', "it's", '$HOME', '"', '\\', '\n']])
        assert.deepEqual(splitWords(words.map(quoteWord).join(' ')), words);
});

test('times, sizes and counts', () => {
    assert.equal(duration(59), '59 s');
    assert.equal(duration(3600), '1 h');
    assert.equal(duration(90061), '1 d 1 h');
    assert.equal(bytes(2147483648), '2 GiB');
    assert.equal(bytes(1536), '1.5 KiB');
    assert.equal(many(1, 'unit', 'units'), '1 unit');
    assert.equal(many(1200, 'unit', 'units'), '1,200 units');
    assert.equal(ago('2026-11-24T09:00:00.000Z', Date.parse('2026-11-24T09:00:04Z')), 'just now');
    assert.equal(shortId('job_01m86ch877e0080000000004k7'), 'job_…000004k7');
});

test('a price that moved says why', () => {
    const money = (amount) => ({ amount, currency: 'USD' });
    const move = { at: '2026-11-24T09:12:00.000Z', price_per_unit_hour: money('0.300000'),
        previous_price_per_unit_hour: money('0.310000'), by: 'agent', reason: 'idle for 12 min, best other ask 0.305' };
    assert.equal(moveText(move), '$0.310 → $0.300: idle for 12 min, best other ask 0.305');
    assert.equal(moveText({ ...move, reason: null }), '$0.310 → $0.300: changed by the machine');
    assert.equal(moveText({ ...move, by: 'owner', reason: null }), '$0.310 → $0.300: changed by hand');
    assert.equal(moveText({ ...move, previous_price_per_unit_hour: null }), 'placed at $0.300');
});

test('the checksum is that of zlib', () => {
    assert.equal(crc32(''), 0);
    assert.equal(crc32('123456789'), 0xcbf43926);
    assert.equal(checksum({ asks: [['0.010000', 12]], bids: [['0.009000', 3]] }), 0xe375b0cb);
});

test('a book is believed only with the right checksum', () => {
    const whole = { asks: [['0.010000', 12], ['10.000000', 1], ['9.000000', 1]], bids: [['0.009000', 3]] };
    const canonical = 'a 0.010000 12\na 9.000000 1\na 10.000000 1\nb 0.009000 3\n';
    const book = applied(null, { ...whole, crc32: crc32(canonical) }, true);
    assert.equal(book.asks.size, 3);
    const change = { asks: [['0.010000', 0], ['9.000000', 4]], bids: [], crc32: crc32('a 9.000000 4\na 10.000000 1\nb 0.009000 3\n') };
    assert.deepEqual([...applied(book, change, false).asks], [['10.000000', 1], ['9.000000', 4]]);
    assert.equal(book.asks.size, 3); // as it was
    assert.equal(applied(book, { ...change, crc32: 1 }, false), null);
});

test('what a job asks for beside its price is said only where it is unusual', () => {
    const usual = {
        pools: [{ pool: 'cpu', units: 1 }], rank: 'price', nodes: 1, same_site: false, requires: null, own: 'first', interruptible: false,
        checkpoint_seconds: 3600, time_in_force: 'good-till-time', auction_ms: 0,
    };
    assert.deepEqual(termsOf(usual), []);
    assert.deepEqual(termsOf({ name: 'a job of before' }), []);
    const said = Object.fromEntries(termsOf({
        ...usual, pools: [{ pool: 'cpu', units: 2 }, { pool: 'h100', units: 1 }], rank: 'value', nodes: 3, same_site: true,
        requires: { regions: ['europe', 'asia'], tier: 2, verified: true, isolation: 'vm', interconnect: 'nvlink', bandwidth_mbps: 10000, data_label: 'imagenet' },
        own: 'never', interruptible: true, checkpoint_seconds: 600, time_in_force: 'fill-or-kill', auction_ms: 500,
    }));
    assert.deepEqual(said, {
        'Any of': 'cpu × 2, h100 × 1; the most throughput for the money',
        Machines: '3 at once, all at one site',
        'Only where': 'in europe or asia, tier 2 or better, a verified machine, isolated by vm or better, GPUs joined by nvlink or better, 10,000 Mbit/s or more, beside the data “imagenet”',
        Whose: 'never on your own machines',
        'May be displaced': 'loses at most 10 min of its work',
        Request: 'is filled whole at once, or not at all',
        'Sealed offers': 'are taken for 500 ms',
    });
});

test('what orders and leases wait for is said in words', () => {
    assert.equal(waitText({}), null);
    assert.match(waitText({ waits_for: 'auction' }), /Sealed offers/);
    assert.match(waitText({ waits_for: 'call' }), /call auction/);
    assert.equal(leaseText({ state: 'running', waits: false, own: false }), null);
    assert.match(leaseText({ state: 'preempted', waits: false, own: false }), /told to stop/);
    assert.match(leaseText({ state: 'offered', waits: true, own: false }), /takes the place of another/);
    assert.match(leaseText({ state: 'running', waits: false, own: true }), /for nothing/);
    for (const reason of ['displaced', 'gang-broken', 'not-filled'])
        assert.notEqual(reasonText(reason), reason);
});

test('of several attempts of a gang the latest is shown, by rank', () => {
    const lease = (n, rank) => ({ lease_id: n, rank });
    assert.deepEqual(gangOf([lease(4, 1), lease(3, 0), lease(2, 1), lease(1, 0)], 2).map((l) => l.lease_id), [3, 4]);
    assert.deepEqual(gangOf([lease(3, 0), lease(2, 0), lease(1, 1)], 2).map((l) => l.lease_id), [3]);
    assert.deepEqual(gangOf([], 2), []);
});

test('the fold of a new job asks for what is unusual only', () => {
    const read = (change) => {
        const wrong = {};
        return [readTerms({ ...blankTerms, ...change }, wrong), Object.keys(wrong)];
    };
    assert.deepEqual(read({}), [{}, []]);
    assert.deepEqual(read({ nodes: '1', samesite: 'yes', checkpoint: '5' }), [{}, []]);
    assert.deepEqual(read({ nodes: '4', samesite: 'yes', region: 'europe', own: 'only', interruptible: 'yes', checkpoint: '5', tif: 'post-only', auction: '250' }), [{
        nodes: 4, same_site: true, requires: { regions: ['europe'] }, own: 'only', interruptible: true, checkpoint_seconds: 300, time_in_force: 'post-only', auction_ms: 250,
    }, []]);
    assert.deepEqual(read({ nodes: '0' })[1], ['nodes']);
    assert.deepEqual(read({ nodes: '65', checkpoint: 'x', auction: '5001' })[1], ['nodes', 'checkpoint', 'auction']);
    assert.deepEqual(read({ region: 'atlantis' }), [{}, []]);
});

const aJob = {
    image: 'alpine:3', command: ['sh', '-c', 'echo hello'], pool: 'cpu', pools: [{ pool: 'cpu', units: 4 }], units: 4, nodes: 1, same_site: false,
    budget: { amount: '1.000000', currency: 'USD' }, limit_price_per_unit_hour: { amount: '0.010000', currency: 'USD' }, name: null, max_attempts: 3,
    max_duration_seconds: 5400, requires: null, own: 'first', interruptible: false, checkpoint_seconds: 3600, time_in_force: 'good-till-time', auction_ms: 0,
};
const aUnit = { gpus: 0, cpu_millis: 1000, memory_bytes: 2 ** 30 };
const formOf = (job, change) => Object.fromEntries(new URL(formAddress(job, change, aUnit), 'http://x').searchParams);

test('a change fills the form of a new job', () => {
    const form = formOf(aJob, { field: 'units', to: 2 });
    assert.deepEqual([form.image, form.command, form.cpus, form.gpus, form.time, form.span, form.limit], ['alpine:3', "sh -c 'echo hello'", '2', '', '90', 'minutes', '0.010000']);
    assert.deepEqual([form.env, form.region, form.nodes], ['', '', '1']);
    assert.equal(formOf(aJob, { field: 'max_duration_seconds', to: 7200 }).span, 'hours');
    assert.equal(formOf(aJob, { field: 'interruptible', to: true }).interruptible, 'yes');
    assert.equal(formOf({ ...aJob, nodes: 3 }, { field: 'nodes', to: 2 }).nodes, '2');
    const gpu = new URL(formAddress(aJob, { field: 'units', to: 2 }, { gpus: 1, cpu_millis: 4000 }), 'http://x').searchParams;
    assert.deepEqual([gpu.get('gpus'), gpu.get('cpus')], ['2', '']);
});

test('what the form cannot say has no address', () => {
    assert.equal(formAddress({ ...aJob, requires: { tier: 2 } }, { field: 'units', to: 2 }, aUnit), null);
    assert.equal(formAddress({ ...aJob, pools: [{}, {}] }, { field: 'units', to: 2 }, aUnit), null);
    assert.equal(formAddress(aJob, { field: 'requires.regions', to: ['asia', 'europe'] }, aUnit), null);
    assert.equal(formOf({ ...aJob, requires: { tier: 2 } }, { field: 'requires.tier', to: 0 }).region, '');
    assert.equal(formOf({ ...aJob, requires: { regions: ['asia'] } }, { field: 'requires.regions', to: [] }).region, '');
    assert.equal(formOf({ ...aJob, requires: { isolation: 'vm', regions: ['asia'] } }, { field: 'requires.isolation', to: 'runc' }).region, 'asia');
});

test('a quote is told in sentences', () => {
    const offer = { nodes: [{ region: 'europe' }], own: false, price_per_hour: { amount: '0.020000' }, runs_at_most_seconds: 3600 };
    const none = { p50: null, p90: null, leases: 0 };
    const cost = { now: { amount: '0.020000' }, p50: null, p90: null };
    assert.equal(quoteText({ offer, cost, start_seconds: none }), 'Now $0.020/h on a machine in europe: at most $0.020 for 1 h.');
    const usual = { ...cost, p50: { amount: '0.021000' }, p90: { amount: '0.030000' } };
    assert.equal(quoteText({ offer, cost: usual, start_seconds: { p50: 4, p90: 70, leases: 9 } }), 'Now $0.020/h on a machine in europe: at most $0.020 for 1 h.'
        + ' Usually $0.021, nine times of ten not above $0.030. It starts within 4 s, nine times of ten within 1 min 10 s, by the last 9 runs.');
    assert.equal(quoteText({ offer: null, explanation: { text: 'Nothing.', changes: [{ text: 'Raise it.' }] } }), 'Nothing. Raise it.');
});
