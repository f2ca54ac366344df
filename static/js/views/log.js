// SPDX-License-Identifier: Apache-2.0
// What a container wrote, as it comes.
import { query, request, save } from '../api.js';
import { useEffect, useLayoutEffect, useRef, useState } from '../lib.js';
import { paused } from '../session.js';
import { bytes } from '../text.js';
import { Empty, Fragment, html, Panel, Problem } from '../ui.js';

const WAIT = 20;
const KEEP = 2000; // chunks on the page; the whole can be downloaded
const escapes = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]/g;

function bytesOf(base64) {
    const text = atob(base64);
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

// Characters can be cut between chunks, so each stream has a decoder that remembers.
function makeReader() {
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    return (chunk) => ({
        n: chunk.n, stream: chunk.stream,
        text: decoders[chunk.stream].decode(bytesOf(chunk.text_base64), { stream: true }).replace(escapes, '').replace(/\r\n/g, '\n'),
    });
}

const rest = (ms, signal) => new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
});

function useLog(job, leaseId) {
    const [state, setState] = useState({ chunks: [], error: null, ended: false, truncated: 0, loaded: false });
    useEffect(() => {
        const control = new AbortController();
        const read = makeReader();
        let all = [];
        let after;
        async function step(wait) {
            const path = query(`/v1/jobs/${job}/log`, { lease_id: leaseId, after, limit: 100 });
            const { data } = await request('GET', path, { signal: control.signal, headers: wait ? { Prefer: `wait=${WAIT}` } : {} });
            if (control.signal.aborted)
                return true;
            all = [...all, ...data.data.map(read)].slice(-KEEP);
            after = data.next_after;
            setState({ chunks: all, error: null, ended: data.ended, truncated: data.truncated_bytes, loaded: true });
            return data.ended && !data.data.length;
        }
        async function run() {
            for (let first = true, over = false; !over && !control.signal.aborted; first = false) {
                const began = Date.now();
                try {
                    over = await step(!first);
                } catch (error) {
                    if (control.signal.aborted)
                        return;
                    setState((s) => ({ ...s, error, loaded: s.loaded }));
                    await rest(5000, control.signal);
                }
                // A server that does not wait must not be asked without a breath.
                if (!first && Date.now() - began < 500)
                    await rest(500, control.signal);
                while (!control.signal.aborted && (document.hidden || paused.peek()))
                    await rest(500, control.signal);
            }
        }
        run();
        return () => control.abort();
    }, [job, leaseId]);
    return state;
}

function Lines({ chunks, follow }) {
    const box = useRef();
    useLayoutEffect(() => {
        if (follow)
            box.current.scrollTop = box.current.scrollHeight;
    }, [chunks, follow]);
    return html`<pre class="log" ref=${box} role="log" aria-live="off" aria-label="Output of the container" tabindex="0"
        >${chunks.map((c) => html`<span key=${c.n} class=${c.stream}>${c.text}</span>`)}</pre>`;
}

export function LogPanel({ job, leaseId, live }) {
    const [follow, setFollow] = useState(true);
    const log = useLog(job, leaseId);
    const [failed, setFailed] = useState(null);
    const download = () => save(query(`/v1/jobs/${job}/log`, { lease_id: leaseId }), 'text/plain', `${job}.log`).then(() => setFailed(null), setFailed);
    const resource = { data: log.loaded ? log : undefined, error: log.loaded ? null : log.error, at: Date.now() };
    return html`<${Panel} title="Log" resource=${resource} flush rows=${5} isEmpty=${log.loaded && !log.chunks.length}
        empty=${html`<${Empty}>${live ? 'Nothing was written yet. Lines appear here as they come.' : 'The container wrote nothing.'}<//>`}
        end=${html`<label class="tick small"><input type="checkbox" checked=${follow} onChange=${(e) => setFollow(e.target.checked)} />Follow</label>
            <button type="button" class="little" onClick=${download}>Download<span class="hidden"> log</span></button>`}>
        ${() => html`<${Fragment}><${Lines} chunks=${log.chunks} follow=${follow} />
            ${(failed ?? log.error) && html`<${Problem} error=${failed ?? log.error} />`}
            ${log.truncated > 0 && html`<p class="small muted">${bytes(log.truncated)} more were written than are kept.</p>`}<//>`}<//>`;
}
