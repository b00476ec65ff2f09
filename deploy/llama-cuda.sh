#!/usr/bin/env bash
# Puts the language model's runtime for the GPU into the installed program: taken from the bucket, or compiled here, once
# for each version of it, of CUDA and of the GPU, and kept in the bucket for the instances to come.
#
#   llama-cuda.sh FOLDER BUCKET    FOLDER is the unpacked artifact, which has the source with the hash of the lock.
#
# ROOT stands before every path, so that the script can be tried without touching a machine.
set -euo pipefail

ROOT="${ROOT:-}"
artifact="${1:?Name the folder of the unpacked artifact.}"
bucket="${2:?Name the bucket that keeps what was compiled.}"
cuda="${CUDA_HOME:-/usr/local/cuda}"
program="$ROOT/opt/afirgen/current/venv/bin"
export PATH="$program:$cuda/bin:$PATH"

main() {
    local source=("$artifact"/sources/llama_cpp_python-*.tar.gz) place work
    place="s3://$bucket/builds/$(key "${source[0]}")/"
    work="$(mktemp -d)"
    aws s3 cp --recursive --only-show-errors "$place" "$work"
    if ! compgen -G "$work/*.whl" > /dev/null; then
        compile "${source[0]}" "$work"
        # One object, so that whoever looks meanwhile finds the whole or nothing.
        aws s3 cp --only-show-errors "$work"/*.whl "$place"
    fi
    echo "$cuda/lib64" > "$ROOT/etc/ld.so.conf.d/afirgen-cuda.conf"
    ldconfig
    "$program/python" -m pip install --quiet --no-index --no-deps --force-reinstall "$work"/*.whl
    "$program/python" -c 'import llama_cpp, sys; sys.exit(not llama_cpp.llama_supports_gpu_offload())'
    rm -rf "$work"
}

# What a compiled runtime depends on; a machine with another processor takes it too, see below.
key() {
    local release
    release="$(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')"
    echo "llama-$(sha256sum < "$1" | cut -c1-16)-cuda$release-sm$(capability)"
}

capability() { nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. '; }

compile() {
    echo "Compiling the language model's runtime for this GPU, once per version; it takes about ten minutes."
    CMAKE_ARGS="-DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=$(capability) -DGGML_NATIVE=OFF" \
        "$program/python" -m pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir "$2" "$1"
}

main
