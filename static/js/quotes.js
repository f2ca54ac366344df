// SPDX-License-Identifier: Apache-2.0
// What a job would cost now, asked for whenever the request changes and again from time to time.
import { ApiError, request } from './api.js';
import { useEffect, useState } from './lib.js';
import { usd } from './money.js';
import { paused } from './session.js';
import { count, duration } from './text.js';

const TYPING_MS = 500;
const AGAIN_MS = 15000;

// body: of POST /v1/quotes; null: there is nothing to ask yet. → { quote, error }, both null at first.
export function useQuote(body) {
    const text = body && JSON.stringify(body);
    const [state, setState] = useState({ text: null, quote: null, error: null });
    useEffect(() => {
        if (!text)
            return undefined;
        const control = new AbortController();
        let timer;
        const ask = async () => {
            try {
                if (!document.hidden && !paused.peek()) {
                    const { data } = await request('POST', '/v1/quotes', { body: JSON.parse(text), signal: control.signal });
                    setState({ text, quote: data, error: null });
                }
            } catch (error) {
                if (control.signal.aborted)
                    return;
                setState({ text, quote: null, error: error instanceof ApiError ? error : new ApiError({ title: 'No quote now.' }) });
            }
            if (!control.signal.aborted)
                timer = setTimeout(ask, AGAIN_MS);
        };
        timer = setTimeout(ask, TYPING_MS);
        return () => {
            control.abort();
            clearTimeout(timer);
        };
    }, [text]);
    return state.text === text ? state : { quote: null, error: null };
}

function machines({ nodes, own }) {
    const places = [...new Set(nodes.map((n) => n.region).filter((r) => r !== 'unknown'))];
    const whose = own ? 'your own machine' : nodes.length > 1 ? `${nodes.length} machines` : 'a machine';
    return places.length ? `${whose} in ${places.join(' and ')}` : whose;
}

// The quote in one or two sentences.
export function quoteText(quote) {
    if (!quote.offer) {
        const first = quote.explanation?.changes[0];
        return `${quote.explanation?.text ?? 'Nothing serves it now.'}${first ? ` ${first.text}` : ''}`;
    }
    const { offer, cost, start_seconds: start } = quote;
    const run = `Now ${usd(offer.price_per_hour, 3)}/h on ${machines(offer)}: at most ${usd(cost.now, 3)} for ${duration(offer.runs_at_most_seconds)}.`;
    const usual = cost.p50 && !offer.own ? ` Usually ${usd(cost.p50, 3)}, nine times of ten not above ${usd(cost.p90, 3)}.` : '';
    const soon = start.p50 !== null ? ` It starts within ${duration(start.p50)}, nine times of ten within ${duration(start.p90)}, by the last ${count(start.leases)} runs.` : '';
    return run + usual + soon;
}
