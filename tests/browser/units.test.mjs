// SPDX-License-Identifier: Apache-2.0
// The dashboard's arithmetic and texts, without a browser: node --test tests/browser/
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { charge, cover, decimalsOf, parseMoney, parseTyped, sum, toMoney, toText, upToTick, usd, usdColumn } from '../../static/js/money.js';
import { ago, bytes, duration, many, quoteWord, shortId, splitWords } from '../../static/js/text.js';

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
