// SPDX-License-Identifier: Apache-2.0
// The one place that names the vendored bundle; tools/vendor.mjs keeps the name right.
export * from '../vendor/preact.de03399e59.js';
