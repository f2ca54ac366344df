// SPDX-License-Identifier: Apache-2.0
// One way to ask the server. The browser sends the session cookie by itself.

export class ApiError extends Error {
    constructor({ status = 0, code = 'network', title, detail, requestId = null, errors = [] }) {
        super(detail || title);
        Object.assign(this, { status, code, title, detail, requestId, errors });
    }
}

// Set by session.js: what to do when the server no longer knows us.
export const onSignedOut = { run: () => {} };

async function problemOf(res) {
    const requestId = res.headers.get('X-Request-Id');
    const body = (res.headers.get('Content-Type') ?? '').includes('json') ? await res.json().catch(() => null) : null;
    return new ApiError({
        status: res.status,
        code: body?.code ?? `http-${res.status}`,
        title: body?.title ?? `The server answered ${res.status}.`,
        detail: body?.detail ?? '',
        requestId: body?.request_id ?? requestId,
        errors: body?.errors ?? [],
    });
}

async function send(method, path, options) {
    try {
        return await fetch(path, { method, cache: 'no-store', credentials: 'same-origin', ...options });
    } catch (error) {
        if (error.name === 'AbortError')
            throw error;
        throw new ApiError({ title: 'The server did not answer.', detail: 'Check the connection; this page tries again by itself.' });
    }
}

// → { status, data, etag }. Throws ApiError for every other answer than 2xx and 304.
export async function request(method, path, { body, headers = {}, signal } = {}) {
    const json = body !== undefined && !(body instanceof Blob);
    const res = await send(method, path, {
        signal,
        headers: { Accept: 'application/json', ...(json ? { 'Content-Type': 'application/json' } : {}), ...headers },
        body: json ? JSON.stringify(body) : body,
    });
    if (res.status === 401)
        onSignedOut.run();
    if (!res.ok && res.status !== 304)
        throw await problemOf(res);
    const hasJson = res.status !== 204 && res.status !== 304 && (res.headers.get('Content-Type') ?? '').includes('json');
    return { status: res.status, etag: res.headers.get('ETag'), data: hasJson ? await res.json() : null };
}

export const get = async (path, options) => (await request('GET', path, options)).data;
export const post = async (path, body, headers) => (await request('POST', path, { body, headers })).data;

// A new key for a new wish. crypto.randomUUID exists on secure origins only.
export function newKey() {
    const b = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
}

// The same wish keeps its key, so that trying again cannot do it twice; another body is another wish.
export function keyring() {
    let last = null;
    let key = newKey();
    return {
        for(body) {
            const text = JSON.stringify(body);
            if (last !== null && last !== text)
                key = newKey();
            last = text;
            return { 'Idempotency-Key': key };
        },
        renew() {
            last = null;
            key = newKey();
        },
    };
}

export function query(path, params) {
    const given = Object.entries(params).filter(([, v]) => v !== null && v !== undefined && v !== '');
    return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

// Fetch something as the type that is asked for, and hand it to the person as a file.
export async function save(path, accept, name) {
    const res = await send('GET', path, { headers: { Accept: accept } });
    if (!res.ok)
        throw await problemOf(res);
    const address = URL.createObjectURL(await res.blob());
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
}
