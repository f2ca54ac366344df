// SPDX-License-Identifier: Apache-2.0
// The provider's side: machines, offers, what leases paid, payouts.
import { get, keyring, post, query } from '../api.js';
import { useEffect, useMemo, useState } from '../lib.js';
import { micros, parseTyped, sum, toMoney, usd, usdColumn } from '../money.js';
import { useList, useResource } from '../resource.js';
import { account, may, refreshAccount, useSignal } from '../session.js';
import { bytes, cpus, duration, reasonText } from '../text.js';
import { complaints, Confirm, Copy, Curl, Empty, Field, Fragment, html, Id, LiveButton, MinePanel, MoreRows, Page, Panel, Pill, Problem, When } from '../ui.js';
import { AskRow, NewOffer } from './offer.js';
import { usePools } from './market.js';

const EVERY = 5000;

// What joins a machine, with a token that is good once: the market's own script, or the agent that is there already.
export const joinCommand = (agentUrl, token) => `bourse-agent join --server ${agentUrl} --token ${token}`;
export const installCommand = (url, token) => `curl -fsSL ${url}/install.sh | sudo BOURSE_TOKEN=${token} sh`;

function Join() {
    const [made, setMade] = useState(null);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const make = async () => {
        setBusy(true);
        setError(null);
        try {
            const [info, token] = await Promise.all([get('/.well-known/bourse'), post('/v1/join-tokens', {})]);
            const handsOut = await fetch('/install.sh', { method: 'HEAD' }).then((r) => r.ok, () => false);
            setMade({ ...token, command: handsOut ? installCommand(info.public_url, token.token) : joinCommand(info.agent_url, token.token) });
        } catch (e) {
            setError(e);
        }
        setBusy(false);
    };
    return html`<${Panel} title="Join a machine"><div class="form">
        <p class="muted">Run one command on the machine. Its agent only makes outgoing connections, and nothing is offered before you say so.</p>
        ${error && html`<${Problem} error=${error} />`}
        ${made && html`<${Fragment}><pre class="formula break" tabindex="0" aria-label="The command that joins a machine">${made.command}</pre>
            <p class="small muted">Good once, until <${When} at=${made.expires_at} />. It carries the fingerprint of this market's key.</p><//>`}
        <div class="row"><button type="button" class=${made ? '' : 'main'} disabled=${busy} onClick=${make}>${made ? 'Make another' : 'Make a join command'}</button>
            ${made && html`<${Copy} text=${made.command} label="Copy command" />`}</div>
        <${Curl} method="POST" path="/v1/join-tokens" body=${{}} /></div><//>`;
}

// Why a card is not well, in words.
const ills = {
    'ecc-uncorrected': 'memory errors', xid: 'a driver error', 'too-hot': 'too hot', lost: 'not there any more',
    'foreign-process': 'a process of no lease computes on it',
};
const illText = (gpu) => gpu.ills.map((ill) => (ill === 'xid' ? `driver error ${gpu.xid}` : ills[ill] ?? ill)).join(', ');
const told = (n, unit) => (n < 0 ? '' : `${n} ${unit}`);

function GpuNow({ gpu }) {
    const now = [told(gpu.temperature_c, '°C'), told(gpu.busy_percent, '% busy')].filter(Boolean).join(', ');
    return html`<div class="small muted">${gpu.ills.length > 0 ? html`<strong>${illText(gpu)}</strong> ` : ''}${now}</div>`;
}

// What the machine's self-test found: what is not well, each with the command that puts it right.
function Doctor({ doctor }) {
    if (!doctor) return html`<span class="small muted">not told yet</span>`;
    const wrong = doctor.checks.filter((c) => c.result === 'warning' || c.result === 'failure');
    return html`<${Pill} state=${doctor.result} />${wrong.length > 0 && html`<details><summary class="small">${wrong.length} to look at</summary>
        ${wrong.map((c) => html`<div key=${c.id} class="small"><strong>${c.id} ${c.name}</strong> ${c.reason}${c.fix && html`<pre class="formula break">${c.fix}</pre>`}</div>`)}</details>`}`;
}

function Drain({ node, reload }) {
    const [asked, setAsked] = useState(false);
    const drains = node.drain_at !== null;
    const send = async () => {
        await post(`/v1/nodes/${node.node_id}/${drains ? 'undrain' : 'drain'}`, drains ? undefined : { running: 'finish' });
        setAsked(false);
        reload();
    };
    return html`${drains && html`<div class="small muted">drains from <${When} at=${node.drain_at} /></div>`}
        ${may('provider') && html`<button type="button" onClick=${() => (drains ? send() : setAsked(true))}>${drains ? 'Offer again' : 'Drain'}</button>`}
        ${asked && html`<${Confirm} title=${`Drain ${node.name}?`} action="Drain" onYes=${send} onNo=${() => setAsked(false)}>
            <p>Its offers end now, and what runs may finish. Then the machine is free for maintenance.</p><//>`}`;
}

function NodeRow({ node, reload }) {
    const { inventory: has } = node;
    return html`<tr><td><${Pill} state=${node.state} />${node.health === 'unhealthy' && html` <${Pill} state="unhealthy" /><div class="small muted">Nothing is offered or charged since <${When} at=${node.unhealthy_since} />.</div>`}</td>
        <td><strong>${node.name}</strong><div class="small muted"><${Id} id=${node.node_id} /></div></td>
        <td>${has.gpus.map((g, i) => html`<div key=${i}>${g.model}, ${bytes(g.memory_bytes)}</div>`)}${node.gpus.map((g) => html`<${GpuNow} key=${g.uuid} gpu=${g} />`)}${cpus(has.cpu_millis)} vCPU, ${bytes(has.memory_bytes)}
            <div class="small muted">${bytes(has.scratch_bytes)} scratch</div></td>
        <td>${node.pools.map((p) => html`<div key=${p.pool} class="nowrap">${p.pool} <span class="muted small">${p.state}</span></div>`)}</td>
        <td><${Doctor} doctor=${node.doctor} /></td>
        <td class="number">${node.leases_live}<${Drain} node=${node} reload=${reload} /></td>
        <td class="number"><${When} at=${node.last_seen_at} relative /><div class="small muted">agent ${node.agent_version}</div></td></tr>`;
}

function Nodes({ nodes }) {
    return html`<${Panel} title="Machines" resource=${nodes} flush rows=${3} isEmpty=${nodes.rows?.length === 0} end=${html`<${LiveButton} />`}
        empty=${html`<${Empty}>No machine has joined yet. Make a join command, run it on the machine, and it appears here.<//>`}>
        ${() => html`<${Fragment}><table class="rows"><thead><tr><th scope="col">State</th><th scope="col">Machine</th><th scope="col">Has</th><th scope="col">Pools</th><th scope="col">Doctor</th>
            <th scope="col" class="number">Leases</th><th scope="col" class="number">Last seen</th></tr></thead>
            <tbody>${nodes.rows.map((n) => html`<${NodeRow} key=${n.node_id} node=${n} reload=${nodes.reload} />`)}</tbody></table><${MoreRows} list=${nodes} /><//>`}<//>`;
}

function Offers({ asks, nodes }) {
    const nameOf = (id) => nodes.rows?.find((n) => n.node_id === id)?.name;
    return html`<${Panel} title="Offers" resource=${asks} flush rows=${3} isEmpty=${asks.rows?.length === 0}
        empty=${html`<${Empty}>Nothing is offered. ${nodes.rows?.length ? 'Name a price for units of a machine below.' : 'Join a machine first; then you name its price here.'}<//>`}>
        ${() => html`<${Fragment}><table class="rows"><thead><tr><th scope="col">State</th><th scope="col">Offer</th><th scope="col" class="number">Price</th><th scope="col" class="number">Free</th>
            <th scope="col">Until</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
            <tbody>${asks.rows.map((a) => html`<${AskRow} key=${a.ask_id} ask=${a} node=${nameOf(a.node_id)} reload=${asks.reload} />`)}</tbody></table>
            <${MoreRows} list=${asks} /><//>`}<//>`;
}

function LeaseRow({ lease, amount }) {
    return html`<tr><td><${Pill} state=${lease.state} /></td>
        <td><${Id} id=${lease.lease_id} />${lease.reason && lease.reason !== 'done' ? html`<div class="small muted">${reasonText(lease.reason)}</div>` : ''}</td>
        <td class="nowrap">${lease.pool} <span class="muted">× ${lease.units}</span></td>
        <td class="number">${usd(lease.price_per_unit_hour, 3)}</td>
        <td class="number">${lease.seconds_billed !== null && lease.ended_at ? duration(lease.seconds_billed) : '–'}</td>
        <td class="number">${lease.ended_at ? html`<strong>${amount(lease.payout)}</strong><div class="small muted">${amount(lease.charge)} − ${amount(lease.fee)}</div>` : '–'}</td>
        <td class="number"><${When} at=${lease.traded_at} relative /></td></tr>`;
}

function Leases({ leases }) {
    const amount = usdColumn(leases.rows?.flatMap((l) => [l.payout, l.charge, l.fee]) ?? []);
    return html`<${Panel} title="Leases" resource=${leases} flush rows=${3} isEmpty=${leases.rows?.length === 0}
        note=${leases.rows?.length > 0 && html`<span class="muted small">these paid ${usd(sum(leases.rows.map((l) => l.payout)))}</span>`}
        empty=${html`<${Empty}>No lease yet. When a request meets your offer, it runs here and shows what it paid.<//>`}>
        ${() => html`<${Fragment}><table class="rows"><thead><tr><th scope="col">State</th><th scope="col">Lease</th><th scope="col">Units</th><th scope="col" class="number">Price</th>
            <th scope="col" class="number">Billed</th><th scope="col" class="number">Paid</th><th scope="col" class="number">Traded</th></tr></thead>
            <tbody>${leases.rows.map((l) => html`<${LeaseRow} key=${l.lease_id} lease=${l} amount=${amount} />`)}</tbody></table><${MoreRows} list=${leases} /><//>`}<//>`;
}

function PayoutForm({ me, done }) {
    const [amount, setAmount] = useState('');
    const [tried, setTried] = useState(false);
    const [sure, setSure] = useState(false);
    const [error, setError] = useState(null);
    const keys = useMemo(keyring, []);
    const value = parseTyped(amount);
    const most = micros(me.balance.available);
    const wrong = !value ? 'An amount of dollars, such as 10.' : value > most ? `At most ${usd(most)} are available.` : null;
    const body = { amount: toMoney(value ?? 0n) };
    const ask = (event) => {
        event.preventDefault();
        setTried(true);
        setError(null);
        setSure(!wrong);
    };
    const send = async () => {
        await post('/v1/payouts', body, keys.for(body));
        keys.renew();
        setSure(false);
        setAmount('');
        setTried(false);
        done();
    };
    return html`<form class="form" onSubmit=${ask} novalidate>
        <${Field} label="Amount, $" wrong=${(tried && wrong) || complaints(error).at('/amount')} hint="It is held until the operator has paid it.">
            ${(a) => html`<div class="joined"><input ...${a} inputmode="decimal" value=${amount} onInput=${(e) => setAmount(e.target.value)} />
                <button type="button" onClick=${() => setAmount(usd(most).replace(/[$,]/g, ''))}>All</button><button class="main">Request</button></div>`}<//>
        ${sure && html`<${Confirm} title=${`Request a payout of ${usd(value)}?`} action="Request payout" onYes=${send} onNo=${() => setSure(false)}>
            <p>The operator pays it out by hand. Until then the amount is held.</p><//>`}</form>`;
}

function Money({ me, payouts }) {
    const done = () => { payouts.reload(); refreshAccount().catch(() => {}); };
    return html`<${Panel} title="Balance"><div class="form">
        <dl class="figures few"><div><dt>Available</dt><dd>${usd(me.balance.available)}</dd></div><div><dt>Held</dt><dd>${usd(me.balance.held)}</dd></div></dl>
        <${PayoutForm} me=${me} done=${done} /></div><//>
        <${Panel} title="Payouts" resource=${payouts} flush rows=${2} isEmpty=${payouts.rows?.length === 0}
            empty=${html`<${Empty}>No payout yet. What leases pay is available at once.<//>`}>
            ${() => html`<${Fragment}><table><tbody>${payouts.rows.map((p) => html`<tr key=${p.payout_id}><td><${Pill} state=${p.state} /></td>
                <td class="number">${usd(p.amount)}</td><td class="number"><${When} at=${p.created_at} relative /></td></tr>`)}</tbody></table><${MoreRows} list=${payouts} /><//>`}<//>`;
}

function Mine({ me }) {
    const pools = usePools();
    const nodes = useList('/v1/nodes?limit=25', { every: EVERY });
    const asks = useList('/v1/asks?limit=25', { every: EVERY });
    const leases = useList(query('/v1/leases', { role: 'provider', limit: 25 }), { every: EVERY });
    const payouts = useList('/v1/payouts?limit=10', { every: EVERY });
    const paidRows = leases.rows?.filter((l) => l.ended_at).length;
    useEffect(() => { refreshAccount().catch(() => {}); }, [paidRows]);
    const provider = may('provider');
    return html`<div class="three"><${Money} me=${me} payouts=${payouts} />
            ${provider ? html`<${Join} />` : html`<p class="notice warn">This API key may look but not offer: it lacks the scope <code>provider</code>.</p>`}</div>
        <${Nodes} nodes=${nodes} />
        <${Offers} asks=${asks} nodes=${nodes} />
        ${provider && nodes.rows?.length > 0 && pools.data && html`<${NewOffer} nodes=${nodes.rows} pools=${pools.data.data} done=${asks.reload} />`}
        <${Leases} leases=${leases} />
        <${Curl} path="/v1/leases?role=provider&limit=25" />`;
}

export function EarnPage() {
    const me = useSignal(account);
    return html`<div class="stack">
        <${Page} title="Earn" heading="Earn with my GPU" lede=${me ? null : 'Join a machine with one command and offer units of it at your price. Each second of use is paid, and shown with its arithmetic.'} />
        ${me ? html`<${Mine} me=${me} />` : html`<${Fragment}>
            <ol class="three">
                <li class="door"><h2>1. Join</h2><p>One command, no open port. The agent checks the market's key before anything else.</p></li>
                <li class="door"><h2>2. Offer</h2><p>You say which units, at which price, and until when. Nothing is sold before.</p></li>
                <li class="door"><h2>3. Get paid</h2><p>A lease is paid the moment its receipt is checked. Take the money out when you like.</p></li></ol>
            <${MinePanel} title="My machines" hint="Machines, offers and payouts are here once you are signed in." /><//>`}</div>`;
}
