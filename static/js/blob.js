// SPDX-License-Identifier: Apache-2.0
// An image archive from this computer, kept in the market's blob store under its SHA-256.
import { ApiError, request } from './api.js';

const MOST = 2 ** 30;

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

// → "blob:sha256:…". `say` is told what goes on.
export async function keepImage(file, say) {
    if (file.size > MOST)
        throw new ApiError({ title: 'The file is larger than 1 GiB.', detail: 'Put the image into a registry instead.' });
    if (!crypto.subtle)
        throw new ApiError({ title: 'This page cannot compute a digest.', detail: 'Browsers allow it over HTTPS and on this computer only. Use the command line.' });
    say('Reading the file');
    const digest = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer())));
    say('Sending it');
    await request('PUT', `/v1/blobs/${digest}`, { body: file, headers: { 'Content-Type': 'application/octet-stream' } });
    return `blob:sha256:${digest}`;
}
