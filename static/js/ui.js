// SPDX-License-Identifier: Apache-2.0
// The pieces that every page is made of.
import { Fragment, html, useEffect, useId, useRef, useState } from './lib.js';
import { micros, usd } from './money.js';
import { paused, signedIn, useSignal } from './session.js';
import { ago, localTime, shortId, utc } from './text.js';

export { Fragment, html };

export const Icon = ({ name }) => html`<svg class="icon" aria-hidden="true"><use href=${`/static/icons.svg#${name}`} /></svg>`;

// A page: its one heading, and its name in the browser's tab.
export function Page({ title, name, heading, lede, end, children }) {
    useEffect(() => {
        document.title = `${name ?? title} · Bourse`;
    }, [name, title]);
    return html`
        <div class="head"><h1 tabindex="-1">${heading ?? title}</h1><div class="end">${end}</div></div>
        ${lede && html`<p class="lede">${lede}</p>`}
        ${children}`;
}

export const Pill = ({ state }) => html`<span class=${`pill ${state}`}>${state}</span>`;

export function When({ at, relative }) {
    if (!at)
        return html`<span class="muted">–</span>`;
    return html`<time datetime=${at} title=${utc(at)} class="nowrap">${relative ? ago(at) : localTime(at)}</time>`;
}

export function Id({ id, href }) {
    const text = html`<span class="mono nowrap" title=${id}>${shortId(id)}</span>`;
    return href ? html`<a href=${href}>${text}</a>` : text;
}

async function toClipboard(text) {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text);
        return;
    }
    // Plain http away from loopback has no clipboard interface.
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
}

export function Copy({ text, label = 'Copy', what = '' }) {
    const [done, setDone] = useState(false);
    const copy = async () => {
        await toClipboard(text).then(() => setDone(true), () => setDone(false));
        setTimeout(() => setDone(false), 2000);
    };
    return html`<button type="button" class="little" onClick=${copy}>
        <${Icon} name=${done ? 'check' : 'copy'} /><span aria-live="polite">${done ? 'Copied' : label}</span>
        ${what && html`<span class="hidden"> ${what}</span>`}</button>`;
}

export const Skeleton = ({ rows = 3 }) => html`<div class="skeleton" role="status">
    <span class="hidden">Loading</span>${Array.from({ length: rows }, () => html`<i aria-hidden="true"></i>`)}</div>`;

export function Problem({ error, retry }) {
    return html`<div class="problem" role="alert">
        <p><strong>${error.title ?? 'Something went wrong.'}</strong> ${error.detail}</p>
        ${error.requestId && html`<p class="small">Quote this id when you ask about it: <span class="mono break">${error.requestId}</span></p>`}
        ${retry && html`<button type="button" class="little" onClick=${retry}>Try again</button>`}</div>`;
}

export const Empty = ({ children, action }) => html`<div class="empty"><p>${children}</p>${action}</div>`;

export function SignInHint({ children }) {
    const next = location.pathname + location.search;
    return html`<${Empty} action=${html`<a class="button main" href=${`/signin?next=${encodeURIComponent(next)}`}>Sign in</a>`}>${children}<//>`;
}

// What a panel shows of a resource: skeleton, problem, or its content. A failed refresh keeps the content.
function shown(resource, empty, children, rows, isEmpty) {
    if (resource.data === undefined)
        return resource.error ? html`<${Problem} error=${resource.error} retry=${resource.reload} />` : html`<${Skeleton} rows=${rows} />`;
    return isEmpty ? empty : children();
}

export const Stale = ({ resource }) => resource.error && resource.data !== undefined
    && html`<span class="badge" title=${resource.error.title}><${Icon} name="warn" />as of <${When} at=${new Date(resource.at).toISOString()} /></span>`;

// A box that may be wider inside than outside can then be reached and scrolled by keyboard.
function useScrollStop() {
    const box = useRef();
    useEffect(() => {
        const element = box.current;
        const set = () => {
            if (element.scrollWidth > element.clientWidth)
                element.tabIndex = 0;
            else
                element.removeAttribute('tabindex');
        };
        const watch = new ResizeObserver(set);
        watch.observe(element);
        const changes = new MutationObserver(set);
        changes.observe(element, { childList: true, subtree: true });
        return () => { watch.disconnect(); changes.disconnect(); };
    }, []);
    return box;
}

// resource: from useResource or useList; children: a function that draws its data.
export function Panel({ title, end, resource, isEmpty = false, empty, flush, rows = 3, note, children }) {
    const id = useId();
    const box = useScrollStop();
    return html`<section class="panel" aria-labelledby=${id} aria-busy=${resource ? resource.data === undefined && !resource.error : false}>
        <header><h2 id=${id}>${title}</h2>${note}<div class="end">${resource && html`<${Stale} resource=${resource} />`}${end}</div></header>
        <div class=${flush ? 'body flush' : 'body'} ref=${box}>
            ${resource ? shown(resource, empty, children, rows, isEmpty) : children}
        </div></section>`;
}

// A panel of something that needs a sign-in.
export function MinePanel({ hint, ...props }) {
    const known = useSignal(signedIn);
    if (known)
        return html`<${Panel} ...${props} />`;
    return html`<${Panel} title=${props.title}><${SignInHint}>${hint}<//><//>`;
}

export function MoreRows({ list }) {
    if (!list.next && !list.nextError)
        return null;
    return html`<footer class="row">${list.nextError && html`<${Problem} error=${list.nextError} />`}
        <button type="button" class="little" disabled=${list.nextBusy} onClick=${list.next}>${list.nextBusy ? 'Loading' : 'Show older'}</button></footer>`;
}

// Live updates can be stopped, so that a page can be read in peace.
export function LiveButton() {
    const stopped = useSignal(paused);
    return html`<button type="button" class="little" aria-pressed=${stopped} onClick=${() => { paused.value = !stopped; }}>
        <${Icon} name=${stopped ? 'run' : 'pause'} />${stopped ? 'Resume updates' : 'Pause updates'}</button>`;
}

// Says what changed to those who cannot see it: at most once in five seconds.
export function Announce({ text }) {
    const [said, setSaid] = useState('');
    const last = useRef(0);
    useEffect(() => {
        const timer = setTimeout(() => { last.current = Date.now(); setSaid(text); }, Math.max(0, last.current + 5000 - Date.now()));
        return () => clearTimeout(timer);
    }, [text]);
    return html`<p class="hidden" aria-live="polite">${said}</p>`;
}

// How much of a budget is spent, and how much is held.
export function Meter({ budget, spent, held = null, tiny, label }) {
    const whole = micros(budget) || 1n;
    const share = (money) => Number(((micros(money) ?? 0n) * 10000n) / whole) / 100;
    // What is spent can always be seen, however little it is.
    const first = Math.min(100, micros(spent) > 0n ? Math.max(share(spent), 0.8) : 0);
    const second = Math.min(100 - first, share(held));
    return html`<span role="meter" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(first)}
        aria-valuetext=${`${usd(spent)} of ${usd(budget)}`} aria-label=${label ?? 'Spent of the budget'}>
        <svg class=${tiny ? 'meter tiny' : 'meter'} aria-hidden="true">
            <rect class="spent" width=${`${first}%`} height="100%" /><rect class="held" x=${`${first}%`} width=${`${second}%`} height="100%" />
        </svg></span>`;
}

// A labelled input. `wrong` is what the server or the form says about it.
export function Field({ label, hint, wrong, children }) {
    const id = useId();
    const about = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ');
    return html`<div class="field"><label for=${id}>${label}</label>
        ${children({ id, 'aria-describedby': about || undefined, 'aria-invalid': wrong ? 'true' : undefined })}
        ${hint && html`<div class="hint" id=${`${id}-hint`}>${hint}</div>`}
        ${wrong && html`<div class="wrong" id=${`${id}-wrong`}>${wrong}</div>`}</div>`;
}

// A question before something that cannot be taken back.
export function Confirm({ title, action, dangerous, onYes, onNo, children }) {
    const box = useRef();
    const id = useId();
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    useEffect(() => {
        const before = document.activeElement;
        box.current.showModal();
        // The focus goes back to where it was, or to the top when that is gone.
        return () => setTimeout(() => (before.isConnected ? before : document.querySelector('h1'))?.focus(), 0);
    }, []);
    const yes = async () => {
        setBusy(true);
        try {
            await onYes();
        } catch (e) {
            setError(e);
            setBusy(false);
        }
    };
    return html`<dialog ref=${box} aria-labelledby=${id} onCancel=${(e) => { e.preventDefault(); onNo(); }}>
        <h2 id=${id}>${title}</h2><div>${children}</div>
        ${error && html`<${Problem} error=${error} />`}
        <div class="row"><button type="button" autofocus onClick=${onNo}>Keep it</button>
            <button type="button" class=${dangerous ? 'danger' : 'main'} disabled=${busy} onClick=${yes}>${action}</button></div>
    </dialog>`;
}

// The request that this panel would make, for a terminal.
export function Curl({ method = 'GET', path, body, headers = {}, open }) {
    const lines = [`curl ${method === 'GET' ? '' : `-X ${method} `}'${location.origin}${path}'`, `-H "Authorization: Bearer $BOURSE_KEY"`];
    for (const [name, value] of Object.entries(headers))
        lines.push(`-H '${name}: ${value}'`);
    if (body !== undefined)
        lines.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`);
    const text = lines.join(' \\\n  ');
    return html`<details class="curl" open=${open}><summary>Copy as curl</summary><pre tabindex="0" aria-label="The request as a curl command">${text}</pre>
        <div class="row"><${Copy} text=${text} /></div></details>`;
}

// Complaints of the server by the pointer they name, for the fields of a form.
export function complaints(error) {
    const all = error?.errors ?? [];
    return {
        at: (...pointers) => all.filter((e) => pointers.some((p) => e.pointer === p || e.pointer.startsWith(`${p}/`)))
            .map((e) => e.detail).join(' ') || undefined,
        others: (...pointers) => all.filter((e) => !pointers.some((p) => e.pointer === p || e.pointer.startsWith(`${p}/`))),
    };
}
