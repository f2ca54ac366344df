// SPDX-License-Identifier: Apache-2.0
// Money: exact, in whole millionths of a dollar (BigInt). Never a Number.

const DECIMALS = 6;
const SCALE = 10n ** 6n;
const MAX = 10n ** 15n;
const grouped = new Intl.NumberFormat('en');

// "12.5" → 12500000n. Null unless it is plain decimal text with at most six decimals.
export function parseMoney(text) {
    const match = /^(-?)([0-9]{1,13})(?:\.([0-9]{1,6}))?$/.exec(text);
    if (!match)
        return null;
    const micros = BigInt(match[2]) * SCALE + BigInt((match[3] ?? '').padEnd(DECIMALS, '0'));
    return match[1] ? -micros : micros;
}

// What a person typed: also "$12.50" and "1,200". Null unless it is an amount the API takes.
export function parseTyped(text) {
    const micros = parseMoney(text.trim().replace(/^\$/, '').replace(/,(?=[0-9]{3}(?:[,.]|$))/g, ''));
    return micros === null || micros < 0n || micros > MAX ? null : micros;
}

export function toText(micros) {
    const sign = micros < 0n ? '-' : '';
    const all = (micros < 0n ? -micros : micros).toString().padStart(DECIMALS + 1, '0');
    return `${sign}${all.slice(0, -DECIMALS)}.${all.slice(-DECIMALS)}`;
}

export const toMoney = (micros) => ({ amount: toText(micros), currency: 'USD' });
export const micros = (money) => (money ? parseMoney(money.amount) : null);

// How many decimals an amount needs, at least `least`.
export function decimalsOf(value, least = 2) {
    const fraction = toText(value).split('.')[1].replace(/0+$/, '');
    return Math.max(least, fraction.length);
}

// "$1,234.50". Decimals are cut where only zeros follow, never rounded.
export function usd(value, least = 2) {
    const at = typeof value === 'bigint' ? value : micros(value);
    if (at === null)
        return '–';
    const [whole, fraction] = toText(at < 0n ? -at : at).split('.');
    const decimals = decimalsOf(at, least);
    return `${at < 0n ? '\u2212' : ''}$${grouped.format(BigInt(whole))}${decimals ? `.${fraction.slice(0, decimals)}` : ''}`;
}

// The same number of decimals for a whole column, so that the points stand below each other.
export function usdColumn(values, least = 2) {
    const known = values.map(micros).filter((v) => v !== null);
    const decimals = known.reduce((most, v) => Math.max(most, decimalsOf(v, least)), least);
    return (money) => usd(money, decimals);
}

export const sum = (values) => values.reduce((total, v) => total + (micros(v) ?? 0n), 0n);

// The arithmetic of the market: floor for charges, up for holds.
export const charge = (price, units, seconds) => (price * BigInt(units) * BigInt(seconds)) / 3600n;
export const cover = (price, units, seconds) => (price * BigInt(units) * BigInt(seconds) + 3599n) / 3600n;
export const upToTick = (price, tick) => ((price + tick - 1n) / tick) * tick;
export const min = (a, b) => (a < b ? a : b);
