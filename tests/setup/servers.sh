#!/bin/sh
# Have the real servers and tools that the lab tests speak to. As root on Debian what is missing is installed, without
# recommended packages and without starting any daemon; otherwise the tests that need it say so and are skipped.
set -eu
cd "$(dirname "$0")/../.."
missing=""
want() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
want nmap nmap
want masscan masscan
want nft nftables
want ip iproute2
want nginx nginx-light
want redis-server redis-server
want sshd openssh-server
want mvn maven
want java default-jre-headless
want snmpd snmpd
want ntpd ntpsec
want avahi-daemon avahi-daemon
want minissdpd minissdpd
[ -x /usr/lib/ipsec/charon ] || missing="$missing strongswan-charon"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
# what PDF and Word reports are laid out with, and what the tests read them back with
want pdftotext poppler-utils
if command -v dpkg-query >/dev/null 2>&1; then
    for each in fonts-noto-cjk libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$each" 2>/dev/null)" = installed ] || missing="$missing $each"
    done
fi
table=$("${PYTHON:-python3}" -m tests.lab.servers.table) # tests/lab/servers: what is installed, what only unpacked
if command -v dpkg-query >/dev/null 2>&1; then
    for each in $(echo "$table" | sed -n 's/^install //p'); do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$each" 2>/dev/null)" = installed ] || missing="$missing $each"
    done
fi
fetch() { (cd "$2" && { apt-get download -q "$1" || { apt-get update -q && apt-get download -q "$1"; }; }) >&2; }
unpack() { # packages that bar each other are not installed, their programs run from a folder of this tree
    for each in $(echo "$table" | sed -n 's/^unpack //p'); do
        [ -d ".cache/servers/$each/usr" ] && continue
        mkdir -p ".cache/servers/$each"
        folder=$(mktemp -d)
        if command -v apt-get >/dev/null 2>&1 && fetch "$each" "$folder"; then
            dpkg-deb -x "$folder"/*.deb ".cache/servers/$each"
        else
            echo "取不到 $each，相应测试将跳过 / $each cannot be fetched, its tests are skipped" >&2
        fi
        rm -rf "$folder"
    done
}
[ -n "$missing" ] || { unpack; exit 0; }
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "未安装，相应测试将跳过 / not installed, their tests are skipped:$missing" >&2
    exit 0
fi
policy=/usr/sbin/policy-rc.d
kept=""
clusters=/etc/postgresql-common/createcluster.conf
restore() {
    rm -f "$policy"
    [ ! -e "$clusters.before-secops-tests" ] || mv "$clusters.before-secops-tests" "$clusters"
    [ -z "$kept" ] || mv "$kept" "$policy"
}
if [ -e "$policy" ] || [ -L "$policy" ]; then
    kept="$policy.before-secops-tests"
    mv "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 1' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
echo "安装测试用的服务程序（不启动）/ installing test servers, starting none:$missing" >&2
case "$missing" in
*postgresql*) # the tests make clusters of their own: none is made, to be started at the next boot
    apt-get install -y -q --no-install-recommends postgresql-common </dev/null >&2 || true
    if [ -e "$clusters" ]; then
        cp -p "$clusters" "$clusters.before-secops-tests"
        echo "create_main_cluster = false" >>"$clusters"
    fi
    ;;
esac
# shellcheck disable=SC2086 # a list of names
apt-get install -y -q --no-install-recommends $missing </dev/null >&2 || {
    apt-get update -q </dev/null >&2 || true
    for each in $missing; do
        apt-get install -y -q --no-install-recommends "$each" </dev/null >&2 ||
            echo "装不上 $each，相应测试将跳过 / $each cannot be installed, its tests are skipped" >&2
    done
}
unpack
