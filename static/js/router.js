// SPDX-License-Identifier: Apache-2.0
// The address is the state. Links are plain links; clicks on our own pages stay in this one.
import { signal } from './lib.js';

function read() {
    const path = location.pathname.replace(/\/+$/, '') || '/';
    return { path, query: new URLSearchParams(location.search), href: location.pathname + location.search };
}

export const route = signal(read());

const pages = [/^\/$/, /^\/market$/, /^\/jobs(\/[^/]+)?$/, /^\/earn$/, /^\/signin$/];
const isPage = (path) => pages.some((p) => p.test(path.replace(/\/+$/, '') || '/'));

function moved(samePage) {
    const before = route.peek().path;
    route.value = read();
    if (samePage || route.peek().path === before)
        return;
    scrollTo(0, 0);
    requestAnimationFrame(() => document.querySelector('h1')?.focus({ preventScroll: true }));
}

export function go(href, { replace = false } = {}) {
    history[replace ? 'replaceState' : 'pushState'](null, '', href);
    moved(replace);
}

function clicked(event) {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
        return;
    const link = event.target.closest?.('a[href]');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin || !isPage(link.pathname))
        return;
    if (link.hash && link.pathname === location.pathname)
        return;
    event.preventDefault();
    if (link.pathname + link.search !== location.pathname + location.search)
        go(link.pathname + link.search);
}

export function startRouter() {
    addEventListener('popstate', () => moved(false));
    document.addEventListener('click', clicked);
}
