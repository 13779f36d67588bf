"""`make fuzz`: coverage-guided fuzzing by atheris over every entry point, FUZZ_SECONDS each.

`python tests/fuzz/run.py [NAME...]`: without names all, each in a process of its own. Texts that broke something
are left in build/fuzz/. Without atheris it says so and ends well: it is no dependency of the program.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
FOUND = ROOT / "build" / "fuzz"
RSS_MB = 1_024


def one(name: str) -> None:
    """Fuzz one entry point; libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["secops"]):
        from tests.fuzz.entries import entries
    entry = entries()[name]
    folder = FOUND / name.replace(" ", "-")
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for count, seed in enumerate(entry.seeds):
        (corpus / f"seed-{count}").write_bytes(seed)
    words = [sys.argv[0], f"-max_total_time={SECONDS}", "-timeout=10", f"-rss_limit_mb={RSS_MB}", "-max_len=16384",
             f"-artifact_prefix={folder}/", "-verbosity=0", str(corpus)]  # fmt: skip
    atheris.Setup(words, lambda data: entry.run(data) and None)
    atheris.Fuzz()


def main() -> int:
    """Every entry point in turn; 1 where any of them broke."""
    if find_spec("atheris") is None:
        print("make fuzz: skipped, the package atheris is not installed (pip install atheris)")
        return 0
    from tests.fuzz.entries import entries

    names = sys.argv[1:] or sorted(entries())
    broken = []
    for name in names:
        ended = subprocess.run(
            [sys.executable, __file__, "--one", name],
            capture_output=True,
            text=True,
            timeout=SECONDS * 2 + 120,
            check=False,
        )
        print(f"{'ok' if ended.returncode == 0 else 'BROKEN'}  {name}", flush=True)
        if ended.returncode:
            broken.append(name)
            print(ended.stderr[-4_000:])
    print(f"{len(names) - len(broken)} of {len(names)} entry points held, {SECONDS} s each")
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        sys.exit(main())
