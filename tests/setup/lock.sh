#!/bin/sh
# Renew the lock files (needs the package index). One lock serves x86_64 and aarch64, Python 3.11 and newer.
set -eu
cd "$(dirname "$0")/../.."
.venv/bin/python -m pip install -q 'uv>=0.13'
compile() {
    .venv/bin/python -m uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 \
        --no-annotate --custom-compile-command 'make lock' "$@"
}
compile tests/setup/build.in -o requirements-build.lock
compile pyproject.toml -o requirements.lock
compile pyproject.toml --extra identify --extra mirror --extra postgres --extra reports --extra sheets --group dev --group fuzz tests/setup/test.in tests/setup/build.in -c requirements.lock -c requirements-build.lock -o requirements-test.lock
