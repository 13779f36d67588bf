"""A small probe file of our own, in nmap's format, and what plays it."""

import runpy
from pathlib import Path

import pytest

from secops.discover.probes.ask import Kit
from secops.discover.probes.file import parse
from secops.discover.probes.matchers import matcher

Player = runpy.run_path(str(Path(__file__).parents[1] / "conftest.py"))["Player"]

FILE = rb"""# a comment
Exclude T:9100-9102,U:7

Probe TCP NULL q||
totalwaitms 6000
tcpwrappedms 3000
match ssh m|^SSH-([\d.]+)-OpenSSH_([\w._-]+)\r?\n| p/OpenSSH/ v/$2/ i/protocol $1/ cpe:/a:openbsd:openssh:$2/
match ftp m=^220 \(vsFTPd ([\d.]+)\)\r\n$= p/vsftpd/ v/$1/ o/Unix/ cpe:/a:vsftpd:vsftpd:$1/
softmatch smtp m|^220 [\w.-]+ E?SMTP|
match smtp m|^220 ([\w.-]+) ESMTP Postfix\r\n$|s p/Postfix smtpd/ h/$1/

Probe TCP Lines q|\r\n\r\n|
rarity 1
ports 4000-4001
match echo m|^\r\n\r\n$|

Probe TCP GetRequest q|GET / HTTP/1.0\r\n\r\n|
rarity 1
ports 80,8080
sslports 443
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: nginx/([\d.]+)\r\n|s p/nginx/ v/$1/ cpe:/a:igor_sysoev:nginx:$1/
match http m=^HTTP/1\.0 404 Gone\r\n(?:[^<]+|<(?!/head>))*?<style>never= p/Slow page/
match ssl/imap m|^secret imap$|
softmatch http m|^HTTP/1\.[01] \d\d\d|

Probe TCP Hello q|\x16\x03\0|
rarity 1
ports 443,8443
fallback GetRequest
match ssl m|^\x16\x03[\0-\x03]|

Probe TCP Options q|OPTIONS / HTTP/1.0\r\n\r\n|
rarity 8
match http m|^HTTP/1\.0 405 Tiny ([\w ]+)\r\n| p/tiny/ i/$SUBST(1," ","-")/ d/printer/

Probe TCP Rare q|rare|
rarity 9
match rare m|^rare|

Probe UDP Ask q|ask|
rarity 2
ports 53
match domain m|^\0\x06(..)|s p/thing/ v/$I(1,">")/ i/$P(1)/
"""


@pytest.fixture(scope="session")
def book():
    return parse(FILE)


class Ticking:
    """A clock that a test moves."""

    def __init__(self):
        self.at = 0.0

    def monotonic(self):
        return self.at

    def now(self):
        return 0


@pytest.fixture
def clock():
    return Ticking()


@pytest.fixture
def kit(book, clock):
    made = matcher(book)
    yield Kit(book, made, clock)
    made.close()


@pytest.fixture
def player():
    return Player
