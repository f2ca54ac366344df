// SPDX-License-Identifier: Apache-2.0
// Who is signed in. The cookie itself is out of reach of scripts, so a note is kept beside it.
import { get, onSignedOut, post, request } from './api.js';
import { effect, signal, useEffect, useRef, useState } from './lib.js';

const NOTE = 'signed-in';

function remembered() {
    try {
        return localStorage.getItem(NOTE) === '1';
    } catch {
        return false;
    }
}

function remember(yes) {
    try {
        if (yes)
            localStorage.setItem(NOTE, '1');
        else
            localStorage.removeItem(NOTE);
    } catch {
        // Without storage one signs in again after a reload.
    }
}

export const signedIn = signal(remembered());
export const account = signal(null);
export const paused = signal(false);

// The value of a signal, and a new render whenever it changes.
export function useSignal(s) {
    const [, render] = useState(0);
    const shown = useRef();
    shown.current = s.peek();
    useEffect(() => effect(() => {
        if (s.value !== shown.current)
            render((n) => n + 1);
    }), [s]);
    return shown.current;
}

function signedOut() {
    remember(false);
    signedIn.value = false;
    account.value = null;
}
onSignedOut.run = signedOut;

export async function refreshAccount() {
    account.value = await get('/v1/account');
    return account.value;
}

export async function signIn(token) {
    await post('/v1/session', { token });
    remember(true);
    signedIn.value = true;
    await refreshAccount();
}

export async function signOut() {
    await request('DELETE', '/v1/session');
    signedOut();
}

export const may = (scope) => account.peek()?.scopes.includes(scope) ?? false;
