// SPDX-License-Identifier: Apache-2.0
// The live stream of one pool: its book, its tape and its figures as they change. A book is believed only
// while its checksum is right; a tab that is not looked at has no stream, and goes on where it was.
import { query } from './api.js';
import { effect, useEffect, useState } from './lib.js';
import { micros } from './money.js';
import { paused } from './session.js';

const TRADES_KEPT = 200;
const AT_ONCE_MS = 250; // what comes within is shown together
const AGAIN_MS = 10000;

const table = Uint32Array.from({ length: 256 }, (_, i) => {
    let c = i;
    for (let bit = 0; bit < 8; bit++)
        c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
});

// As zlib's: of ASCII text.
export function crc32(text) {
    let c = 0xffffffff;
    for (let i = 0; i < text.length; i++)
        c = (c >>> 8) ^ table[(c ^ text.charCodeAt(i)) & 0xff];
    return (c ^ 0xffffffff) >>> 0;
}

const byPrice = ([a], [b]) => {
    const x = micros({ amount: a });
    const y = micros({ amount: b });
    return x < y ? -1 : Number(x > y);
};

// [price, units] of each side, best first.
const sorted = (book) => ({ asks: [...book.asks].sort(byPrice), bids: [...book.bids].sort(byPrice).reverse() });

export function checksum({ asks, bids }) {
    return crc32([...asks.map(([p, n]) => `a ${p} ${n}\n`), ...bids.map(([p, n]) => `b ${p} ${n}\n`)].join(''));
}

// A book as it was told, whole or by what changed. Null: it does not have the checksum that was told.
export function applied(book, { asks, bids, crc32: told }, whole) {
    const next = whole ? { asks: new Map(), bids: new Map() } : { asks: new Map(book.asks), bids: new Map(book.bids) };
    for (const [side, levels] of [['asks', asks], ['bids', bids]]) {
        for (const [price, units] of levels) {
            if (units)
                next[side].set(price, units);
            else
                next[side].delete(price);
        }
    }
    return checksum(sorted(next)) === told ? next : null;
}

const level = ([amount, units]) => ({ price_per_unit_hour: { amount, currency: 'USD' }, units });

function shownBook(book) {
    const { asks, bids } = sorted(book);
    return { asks: asks.map(level), bids: bids.map(level) };
}

const nothing = { on: false, at: 0, book: null, trades: [], ticker: null, begun: 0 };

// Everything between an EventSource and what is shown of it. tell(state) is called when that changes.
function open(pool, tell) {
    let source = null;
    let lastId = '';
    let book = null;
    let state = nothing;
    let timer = 0;
    let again = 0;

    function show(change) {
        state = { ...state, ...change, at: Date.now() };
        timer ||= setTimeout(() => { timer = 0; tell(state); }, AT_ONCE_MS);
    }

    // Begin anew, without what was.
    function restart() {
        lastId = '';
        disconnect();
        connect();
    }

    function takeBook(data, whole) {
        book = applied(book, data, whole);
        if (book)
            show({ book: shownBook(book) });
        else
            restart();
    }

    const take = {
        hello: ({ resumed }) => show(resumed ? { on: true } : { ...nothing, begun: state.begun + 1 }),
        live: () => show({ on: true }),
        depth: (data) => takeBook(data, false),
        trade: ({ trade }) => show({ trades: [trade, ...state.trades].slice(0, TRADES_KEPT) }),
        ticker: ({ ticker }) => show({ ticker }),
        snapshot: (data) => {
            if (data.channel === 'depth')
                takeBook(data, true);
            else
                show(data.channel === 'trades' ? { trades: data.trades } : { ticker: data.ticker });
        },
    };

    function disconnect() {
        clearTimeout(again);
        source?.close();
        source = null;
    }

    function connect() {
        if (source || document.hidden || paused.peek())
            return;
        source = new EventSource(query('/v1/stream', { pools: pool, channels: 'trades,depth,ticker', last_event_id: lastId }));
        const mine = source;
        for (const [name, run] of Object.entries(take)) {
            source.addEventListener(name, (event) => {
                if (source !== mine)
                    return;
                lastId = event.lastEventId || lastId;
                run(JSON.parse(event.data));
            });
        }
        source.addEventListener('error', () => {
            if (source !== mine)
                return;
            show({ on: false }); // those who look at it ask by themselves meanwhile
            if (mine.readyState === EventSource.CLOSED) {
                disconnect();
                again = setTimeout(connect, AGAIN_MS);
            }
        });
    }

    function look() {
        if (document.hidden || paused.peek())
            disconnect();
        else
            connect();
    }

    document.addEventListener('visibilitychange', look);
    const forget = effect(() => { void paused.value; look(); });
    return () => {
        document.removeEventListener('visibilitychange', look);
        forget();
        disconnect();
        clearTimeout(timer);
    };
}

// → { on, at, book, trades, ticker, begun }; on is false while there is no stream. begun counts the times that
// it began without what was before.
export function useStream(pool) {
    const [state, setState] = useState({ pool, ...nothing });
    useEffect(() => {
        if (!pool || !globalThis.EventSource)
            return undefined;
        return open(pool, (next) => setState({ pool, ...next }));
    }, [pool]);
    return state.pool === pool ? state : { pool, ...nothing };
}
