"""The same bulletin, byte for byte, whatever the processor, the libraries' threads, the chunks and the workers.

Makes a small simulated world, processes it once by default and once with each factor changed, and compares the digests
of the products. Exit status 1 names the factor and the first file that differs.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from testban import formats
from testban.base.times import HOUR_NS

PROFILES: dict[str, dict[str, str]] = {
    "OpenBLAS for an old core, 1 thread": {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
    "OpenBLAS with 4 threads": {"OPENBLAS_NUM_THREADS": "4"},
    "NumPy without AVX": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX2 FMA3"
    },
    "C library without FMA": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2_Usable,-FMA_Usable,-AVX2,-FMA"},
    "Numba for a generic processor": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}


def command(*words: str, env: dict[str, str] | None = None) -> dict[str, object]:
    """Run the command line with --json and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "testban.cli", *words, "--json"],
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"testban {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def split(source: Path, target: Path) -> None:
    """The same samples in hour-long files of other record lengths, in another folder, named backwards."""
    target.mkdir()
    for number, path in enumerate(sorted(p for p in source.rglob("*") if p.is_file())):
        segments, _ = formats.waveforms.read(path)
        for segment in segments:
            step = round(HOUR_NS * 1e-9 * segment.sample_rate_hz / 3)
            for i in range(0, len(segment.samples), step):
                part = type(segment)(
                    nslc=segment.nslc,
                    start_ns=segment.start_ns + round(i * 1e9 / segment.sample_rate_hz),
                    sample_rate_hz=segment.sample_rate_hz,
                    samples=segment.samples[i : i + step],
                )
                formats.waveforms.write_mseed(
                    target / f"{9999 - number}-{part.start_ns}.mseed", [part], record_length=4096
                )


def main() -> None:
    """Compare all profiles with the default."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        command("simulate", "small", "--out", str(home / "world"))
        inventory = str(home / "world" / "stations.xml")
        split(home / "world" / "archive", home / "split")
        runs: list[tuple[str, Path, str, dict[str, str]]] = [("default", home / "world" / "archive", "2", {})]
        runs += [(k, home / "world" / "archive", "2", v) for k, v in PROFILES.items()]
        runs += [
            ("one worker", home / "world" / "archive", "1", {}),
            ("other files and chunks", home / "split", "2", {}),
        ]
        reference: dict[str, str] = {}
        failed = 0
        for i, (label, source, workers, env) in enumerate(runs):
            words = [
                "process",
                str(source),
                "--inventory",
                inventory,
                "--out",
                str(home / f"out{i}"),
                "--workers",
                workers,
            ]
            said = command(*words, "--simulated", env=env)
            digests = dict(said["digests"])  # type: ignore[call-overload]
            if i == 0:
                reference = digests
                print(
                    f"reference bulletin {reference['bulletin'][:16]}: {len(said['events'])} events, {said['picks']} picks"
                )  # type: ignore[arg-type]
                continue
            different = sorted(k for k in reference if k != "bulletin" and digests[k] != reference[k])
            failed += bool(different)
            print(
                f"{'exact    ' if not different else 'DIFFERENT'} {label}{': ' + ', '.join(different) if different else ''}"
            )
        print(f"{len(runs) - 1 - failed} passed, {failed} failed")
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
