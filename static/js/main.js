// SPDX-License-Identifier: Apache-2.0
// The frame around all pages, and the choice of the page.
import { html, render, useEffect, useState } from './lib.js';
import { usd } from './money.js';
import { useResource } from './resource.js';
import { route, startRouter } from './router.js';
import { account, refreshAccount, signedIn, useSignal } from './session.js';
import { shortId } from './text.js';
import { Empty, Icon, Page, Panel, Problem } from './ui.js';
import { EarnPage } from './views/earn.js';
import { HomePage } from './views/home.js';
import { JobPage } from './views/job.js';
import { JobNewPage } from './views/job_new.js';
import { JobsPage } from './views/jobs.js';
import { MarketPage } from './views/market.js';
import { SignInPage } from './views/signin.js';

const views = [['/market', 'Market'], ['/jobs', 'Jobs'], ['/earn', 'Earn']];

function pageOf({ path, query }) {
    if (path === '/')
        return html`<${HomePage} query=${query} />`;
    if (path === '/market')
        return html`<${MarketPage} query=${query} />`;
    if (path === '/jobs')
        return html`<${JobsPage} query=${query} />`;
    if (path === '/jobs/new')
        return html`<${JobNewPage} query=${query} />`;
    if (path.startsWith('/jobs/'))
        return html`<${JobPage} key=${path} id=${path.slice(6)} />`;
    if (path === '/earn')
        return html`<${EarnPage} />`;
    if (path === '/signin')
        return html`<${SignInPage} query=${query} />`;
    return html`<div class="stack"><${Page} title="Not found" /><${Panel} title="No such page"><${Empty} action=${html`<a class="button" href="/">Home</a>`}>There is nothing at this address.<//><//></div>`;
}

function ThemeButton() {
    const dark = () => getComputedStyle(document.documentElement).colorScheme === 'dark'
        || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
    const [isDark, setDark] = useState(dark);
    const change = () => {
        const theme = isDark ? 'light' : 'dark';
        document.documentElement.dataset.theme = theme;
        try {
            localStorage.setItem('theme', theme);
        } catch {
            // It lasts until the page is closed.
        }
        setDark(!isDark);
    };
    return html`<button type="button" class="plain little only" aria-label=${isDark ? 'Light theme' : 'Dark theme'} onClick=${change}><${Icon} name=${isDark ? 'sun' : 'moon'} /></button>`;
}

function Who({ path }) {
    const me = useSignal(account);
    const known = useSignal(signedIn);
    if (me)
        return html`<a class="balance" href="/signin" aria-current=${path === '/signin' ? 'page' : undefined}><span>${usd(me.balance.available)}</span><small>my account</small></a>`;
    return known ? html`<span class="muted small">…</span>` : html`<a class="button little" href="/signin">Sign in</a>`;
}

function Top({ path }) {
    const current = (href) => (path === href ? 'page' : path.startsWith(`${href}/`) ? 'true' : undefined);
    return html`<header class="top"><div class="wrap">
        <a class="brand" href="/"><${Icon} name="mark" />Bourse</a>
        <nav aria-label="Pages"><ul>${views.map(([href, name]) => html`<li key=${href}><a href=${href} aria-current=${current(href)}>${name}</a></li>`)}</ul></nav>
        <div class="end"><${ThemeButton} /><${Who} path=${path} /></div></div></header>`;
}

function Bottom() {
    const info = useResource('/.well-known/bourse').data;
    return html`<footer class="bottom"><div class="wrap">
        ${info && html`<span>Market <span class="mono" title=${info.market_id}>${shortId(info.market_id)}</span></span><span>fee ${info.fee_bps / 100} %, inside the price</span><span>version ${info.version}</span>`}
        <span class="push"></span><a href="/openapi.yaml">API</a><a href="/.well-known/bourse">Market key</a></div></footer>`;
}

// A session that was noted before: the cookie decides whether it still is one.
function useAccount() {
    const known = useSignal(signedIn);
    const [error, setError] = useState(null);
    const [turn, setTurn] = useState(0);
    useEffect(() => {
        if (!known)
            return undefined;
        const load = () => refreshAccount().then(() => setError(null), (e) => setError(e.status === 401 ? null : e));
        load();
        const timer = setInterval(() => { if (!document.hidden) load(); }, 15000);
        return () => clearInterval(timer);
    }, [known, turn]);
    return { error, retry: () => setTurn((n) => n + 1) };
}

function App() {
    const at = useSignal(route);
    const { error, retry } = useAccount();
    return html`<a class="skip" href="#main">Skip to content</a>
        <${Top} path=${at.path} />
        <main id="main" class="wrap" tabindex="-1">${error && !account.peek() && html`<${Problem} error=${error} retry=${retry} />`}${pageOf(at)}</main>
        <${Bottom} />`;
}

startRouter();
render(html`<${App} />`, document.getElementById('app'));
