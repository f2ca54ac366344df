#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build the examples: static programs, their image archives, and job files that name the archives.
#
#     examples/build.sh OUTDIR        (CC=gcc by default)
#
# The same compiler gives the same bytes, so each image has one digest, which the job files carry.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
out=${1:?usage: build.sh OUTDIR}
cc=${CC:-gcc}
mkdir -p "$out"

# No -march and no contraction: the arithmetic must be that of every x86-64. No errno after a square
# root: it is one instruction.
flags='-std=c17 -D_GNU_SOURCE -O2 -ffp-contract=off -fno-math-errno -static -s'
flags="$flags -Wall -Wextra -Wl,--build-id=none"

for name in hello charlm; do
    source=$here/$name/$name.c
    [ -f "$source" ] || source=$here/$name/train.c
    # shellcheck disable=SC2086 # the flags are words
    "$cc" $flags -Wa,-I,"$here/$name" -o "$out/$name" "$source"
    sha=$(python3 "$here/../tools/make_image.py" --out "$out/$name.tar" --tag "localhost/bourse-$name:latest" \
        --entrypoint "/$name" --dir /out "$out/$name:/$name")
    sed "s/@SHA256@/$sha/" "$here/$name.json" >"$out/$name.json"
    echo "$name: image blob:sha256:$sha, job $out/$name.json"
done

# The CUDA example opens the driver's library when it runs, so it is dynamic, and its image brings the C
# library along, with the parts that the driver's library wants of it.
"$cc" -std=c17 -D_GNU_SOURCE -O2 -s -Wall -Wextra -Wl,--build-id=none -o "$out/cuda" "$here/cuda/mix.c" -ldl
libs=''
for lib in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1; do
    path=$("$cc" -print-file-name=$lib)
    [ "$path" = "$lib" ] || libs="$libs $path:/lib/x86_64-linux-gnu/$lib"
done
loader=$("$cc" -print-file-name=ld-linux-x86-64.so.2)
[ -f "$loader" ] || loader=/lib64/ld-linux-x86-64.so.2
# shellcheck disable=SC2086 # the libraries are words
sha=$(python3 "$here/../tools/make_image.py" --out "$out/cuda.tar" --tag localhost/bourse-cuda:latest \
    --entrypoint /cuda --dir /out --dir /etc --dir /usr/lib/x86_64-linux-gnu \
    --env LD_LIBRARY_PATH=/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/usr/lib64:/usr/local/nvidia/lib64 \
    "$out/cuda:/cuda" "$loader:/lib64/ld-linux-x86-64.so.2" $libs)
sed "s/@SHA256@/$sha/" "$here/cuda.json" >"$out/cuda.json"
echo "cuda: image blob:sha256:$sha, job $out/cuda.json"
