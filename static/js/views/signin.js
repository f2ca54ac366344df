// SPDX-License-Identifier: Apache-2.0
// Sign in by API key; signed in: the account, its keys, its ledger.
import { post, query, request } from '../api.js';
import { useState } from '../lib.js';
import { useList } from '../resource.js';
import { go } from '../router.js';
import { account, may, signedIn, signIn, signOut, useSignal } from '../session.js';
import { Confirm, Copy, Curl, Empty, Field, Fragment, html, Id, LiveButton, MoreRows, Page, Panel, Problem, Skeleton, When } from '../ui.js';
import { usd } from '../money.js';
import { LedgerRows } from './ledger.js';

const scopes = { read: 'look', trade: 'run jobs', provider: 'offer machines, payouts', keys: 'make keys' };

// Only our own pages: "//elsewhere" and absolute addresses are not followed.
const safe = (next) => (next && /^\/(?![/\\])/.test(next) ? next : '/jobs');

function SignIn({ next }) {
    const [token, setToken] = useState('');
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const [empty, setEmpty] = useState(false);
    const wrong = empty ? 'Paste a key first.' : error?.status === 401 ? 'This key is not known here. It may be mistyped, or revoked.' : null;
    const submit = async (event) => {
        event.preventDefault();
        setEmpty(!token.trim());
        if (!token.trim())
            return;
        setBusy(true);
        setError(null);
        try {
            await signIn(token.trim());
            go(safe(next), { replace: true });
        } catch (e) {
            setError(e);
            setBusy(false);
        }
    };
    return html`<div class="side"><${Panel} title="With an API key"><form class="form" onSubmit=${submit} novalidate>
        <${Field} label="API key or token" wrong=${wrong} hint="It is exchanged for a cookie that scripts cannot read; the page does not keep it.">
            ${(a) => html`<input ...${a} type="password" class="code" autocomplete="current-password" spellcheck="false" value=${token} placeholder="brs_live_…"
                onInput=${(e) => { setToken(e.target.value); setError(null); setEmpty(false); }} />`}<//>
        ${error && error.status !== 401 && html`<${Problem} error=${error} />`}
        <div class="row"><button class="main" disabled=${busy}>${busy ? 'Signing in' : 'Sign in'}</button></div></form><//>
        <${Panel} title="No key yet?"><div class="form muted"><p>An account is a key pair, made on your own machine: no name, no mail address. The command line makes one, signs in with it, and makes API keys.</p>
            <p>A lost key loses money, so keep the recovery code that comes with a new account apart from the key.</p></div><//></div>`;
}

function NewKey({ done }) {
    const [name, setName] = useState('');
    const [chosen, setChosen] = useState({ read: true, trade: true });
    const [made, setMade] = useState(null);
    const [error, setError] = useState(null);
    const submit = async (event) => {
        event.preventDefault();
        setError(null);
        try {
            setMade(await post('/v1/api-keys', { name: name.trim(), scopes: Object.keys(scopes).filter((s) => chosen[s]) }));
            setName('');
            done();
        } catch (e) {
            setError(e);
        }
    };
    return html`<form class="form" onSubmit=${submit} novalidate>
        <${Field} label="Name of a new key">${(a) => html`<div class="joined"><input ...${a} maxlength="128" value=${name} placeholder="laptop" onInput=${(e) => setName(e.target.value)} />
            <button class="main" disabled=${!name.trim() || !Object.values(chosen).some(Boolean)}>Make</button></div>`}<//>
        <fieldset><legend class="legend">It may</legend><div class="row">${Object.entries(scopes).map(([s, text]) => html`<label key=${s} class="tick small">
            <input type="checkbox" checked=${!!chosen[s]} disabled=${!may(s)} onChange=${(e) => setChosen({ ...chosen, [s]: e.target.checked })} />${text}</label>`)}</div></fieldset>
        ${error && html`<${Problem} error=${error} />`}
        ${made && html`<div class="notice" role="status"><p><strong>${made.name}</strong>: copy it now, it is not shown again.</p>
            <p class="mono break">${made.secret}</p><${Copy} text=${made.secret} label="Copy key" /></div>`}</form>`;
}

function Keys({ keys }) {
    const [leaving, setLeaving] = useState(null);
    const take = async () => {
        await request('DELETE', `/v1/api-keys/${leaving.key_id}`);
        setLeaving(null);
        keys.reload();
    };
    return html`<${Panel} title="API keys" resource=${keys} flush rows=${2} isEmpty=${keys.rows?.length === 0} empty=${html`<${Empty}>No API key yet. Make one for each program and machine.<//>`}>
        ${() => html`<${Fragment}><table class="rows"><thead><tr><th scope="col">Name</th><th scope="col">May</th><th scope="col" class="number">Last used</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
            <tbody>${keys.rows.map((k) => html`<tr key=${k.key_id}><td>${k.name}<div class="small muted"><${Id} id=${k.key_id} /></div></td><td>${k.scopes.join(', ')}</td>
                <td class="number">${k.last_used_at ? html`<${When} at=${k.last_used_at} relative />` : 'never'}</td>
                <td class="act"><button type="button" class="little danger" onClick=${() => setLeaving(k)}>Revoke<span class="hidden"> ${k.name}</span></button></td></tr>`)}</tbody></table>
            <${MoreRows} list=${keys} />
            ${leaving && html`<${Confirm} title=${`Revoke ${leaving.name}?`} action="Revoke" dangerous onYes=${take} onNo=${() => setLeaving(null)}><p>Programs that use it are refused from now on.</p><//>`}<//>`}<//>`;
}

function Ledger() {
    const path = query('/v1/postings', { limit: 20 });
    const entries = useList(path, { every: 5000 });
    return html`<${Panel} title="Ledger" note=${html`<span class="muted small">each entry sums to zero</span>`} end=${html`<${LiveButton} />`} resource=${entries} flush rows=${4}
        isEmpty=${entries.rows?.length === 0} empty=${html`<${Empty}>No money moved yet.<//>`}>
        ${() => html`<${Fragment}><${LedgerRows} rows=${entries.rows} /><${MoreRows} list=${entries} /><//>`}<//>`;
}

function SignOutButton() {
    const [error, setError] = useState(null);
    const out = () => signOut().then(() => go('/'), setError);
    return html`<button type="button" onClick=${out}>Sign out</button>${error && html`<${Problem} error=${error} />`}`;
}

function Mine({ me }) {
    const keys = useList(may('keys') ? '/v1/api-keys?limit=25' : null);
    return html`<div class="stack"><${Page} title="Account" end=${html`<${SignOutButton} />`} />
        <div class="two">
            <${Panel} title="Balance"><div class="form"><dl class="figures few"><div><dt>Available</dt><dd>${usd(me.balance.available)}</dd></div><div><dt>Held</dt><dd>${usd(me.balance.held)}</dd></div></dl>
                <dl class="pairs small"><dt>Account</dt><dd class="row"><${Id} id=${me.account_id} /><${Copy} text=${me.account_id} what="account id" /></dd><dt>Since</dt><dd><${When} at=${me.created_at} /></dd>
                <dt>This session may</dt><dd>${me.scopes.map((s) => scopes[s]).join('; ')}</dd></dl></div><//>
            ${may('keys') && html`<${Panel} title="New API key"><${NewKey} done=${keys.reload} /><//>`}</div>
        ${may('keys') && html`<${Keys} keys=${keys} />`}
        <${Ledger} /><${Curl} path="/v1/account" /></div>`;
}

export function SignInPage({ query: params }) {
    const known = useSignal(signedIn);
    const me = useSignal(account);
    if (me)
        return html`<${Mine} me=${me} />`;
    return html`<div class="stack"><${Page} title="Sign in" />${known ? html`<${Skeleton} rows=${4} />` : html`<${SignIn} next=${params.get('next')} />`}</div>`;
}
