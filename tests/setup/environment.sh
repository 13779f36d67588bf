#!/bin/sh
# Make .venv hold what a lock file says and this project, editable. `environment.sh run` or `environment.sh test`.
# Every package is checked against its hash. A second call with the same locks does nothing and needs no network.
set -eu
cd "$(dirname "$0")/../.."
level=${1:-run}
python=${PYTHON:-python3}
case $level in
    run) lock=requirements.lock ;;
    test) lock=requirements-test.lock ;;
    *) echo "environment.sh run|test" >&2; exit 2 ;;
esac

sum=$(cat requirements-build.lock "$lock" pyproject.toml | sha256sum | cut -c1-16)
runtime=$(cat requirements-build.lock requirements.lock pyproject.toml | sha256sum | cut -c1-16)
tests=$(cat requirements-build.lock requirements-test.lock pyproject.toml | sha256sum | cut -c1-16)
[ -e ".venv/.ready-$level-$sum" ] && .venv/bin/python -c '' 2>/dev/null && exit 0
[ "$level" = run ] && [ -e ".venv/.ready-test-$tests" ] && .venv/bin/python -c '' 2>/dev/null && exit 0

command -v "$python" >/dev/null 2>&1 || {
    echo "需要 Python 3.11 以上 / Python 3.11 or newer is needed: apt-get install python3" >&2
    exit 2
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 版本过低，需要 3.11 以上 / Python is too old, 3.11 or newer is needed (PYTHON=python3.12 make ...)" >&2
    exit 2
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "安装 $package / installing $package" >&2
        { apt-get install -y -q --no-install-recommends "$package" || { apt-get update -q && apt-get install -y -q --no-install-recommends "$package"; }; } >&2
    else
        echo "缺少 venv 模块，请先执行 / the venv module is missing, first run: sudo apt-get install $package" >&2
        exit 2
    fi
fi
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    echo "建立虚拟环境 .venv / making the virtual environment .venv" >&2
    rm -rf .venv
    "$python" -m venv .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }
echo "安装依赖（$lock，逐个校验哈希；只在第一次联网）/ installing what $lock names, each checked by its hash" >&2
rm -f .venv/.ready-*
pip install -q --require-hashes -r requirements-build.lock >&2
pip install -q --require-hashes --no-build-isolation -r "$lock" >&2
pip install -q --no-deps --no-build-isolation --no-index -e . >&2
touch ".venv/.ready-$level-$sum"
[ "$level" = run ] || touch ".venv/.ready-run-$runtime"
