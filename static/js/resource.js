// SPDX-License-Identifier: Apache-2.0
// Something the server knows, loaded, kept fresh, and never thrown away because one try failed.
import { request } from './api.js';
import { useEffect, useRef, useState } from './lib.js';
import { paused } from './session.js';

const nothing = { data: undefined, etag: null, error: null, at: 0 };

function sleep(ms, signal) {
    return new Promise((done) => {
        const timer = setTimeout(done, ms);
        signal.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
    });
}

// One round: what changed, or null when nothing did.
async function round(path, seen, wait, signal) {
    const headers = {};
    if (seen.etag)
        headers['If-None-Match'] = seen.etag;
    if (wait && seen.etag)
        headers.Prefer = `wait=${wait}`;
    const answer = await request('GET', path, { headers, signal });
    return answer.status === 304 ? { ...seen, error: null, at: Date.now() }
        : { data: answer.data, etag: answer.etag, error: null, at: Date.now() };
}

// path null: nothing to load. every: milliseconds between looks, 0 for one look. wait: seconds of long
// poll, for resources with an ETag. → { data, error, at, reload }
export function useResource(path, { every = 0, wait = 0, done = () => false } = {}) {
    const [state, setState] = useState({ path, ...nothing });
    const [turn, setTurn] = useState(0);
    const seen = useRef({ path, ...nothing });

    useEffect(() => {
        const control = new AbortController();
        if (seen.current.path !== path)
            seen.current = { path, ...nothing };
        const keep = (next) => {
            seen.current = { path, ...next };
            setState(seen.current);
        };
        async function run() {
            for (let failures = 0; path && !control.signal.aborted;) {
                try {
                    keep(await round(path, seen.current, failures ? 0 : wait, control.signal));
                    failures = 0;
                } catch (error) {
                    if (control.signal.aborted)
                        return;
                    failures++;
                    keep({ ...seen.current, error });
                    if (error.status === 401 || error.status === 403 || error.status === 404)
                        return;
                }
                if (!every || done(seen.current.data))
                    return;
                await sleep(failures ? Math.min(every * 2 ** failures, 30000) : every, control.signal);
                while (!control.signal.aborted && (document.hidden || paused.peek()))
                    await sleep(500, control.signal);
            }
        }
        run();
        return () => control.abort();
    }, [path, every, wait, turn]);

    const mine = state.path === path ? state : { path, ...nothing };
    return { ...mine, reload: () => setTurn((n) => n + 1) };
}

const noMore = { rows: [], cursor: undefined, error: null, busy: false };
const idOf = (row) => Object.values(row)[0];

// The fresh first page, then the older rows that were seen before. Ids rise with time.
function joined(first, older) {
    const last = first.length ? idOf(first[first.length - 1]) : undefined;
    const byId = new Map(older.filter((row) => idOf(row) < last).map((row) => [idOf(row), row]));
    return [...first, ...byId.values()];
}

// Pages of a list: the first is kept fresh, further ones are added on demand.
export function useList(path, options) {
    const first = useResource(path, options);
    const [state, setState] = useState({ path, ...noMore });
    const shown = useRef([]);
    const more = state.path === path ? state : { path, ...noMore };
    const cursor = more.cursor === undefined ? first.data?.next_cursor : more.cursor;
    let rows = first.data?.data;
    if (rows && more.rows.length)
        rows = joined(rows, [...shown.current, ...more.rows]);
    shown.current = rows ?? [];

    async function next() {
        setState({ ...more, busy: true, error: null });
        try {
            const { data } = await request('GET', `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`);
            setState({ path, rows: [...more.rows, ...data.data], cursor: data.next_cursor, error: null, busy: false });
        } catch (error) {
            setState({ ...more, busy: false, error });
        }
    }
    return { ...first, rows, next: cursor ? next : null, nextBusy: more.busy, nextError: more.error };
}
