"""`python -m bench [NAME...]`: every benchmark, each beside its rival in the same run."""

import importlib
import pkgutil
import sys

import bench


def main() -> None:
    wanted = sys.argv[1:]
    names = [m.name for m in pkgutil.iter_modules(bench.__path__) if not m.name.startswith(("_", "figures"))]
    for name in sorted(names):
        if wanted and name not in wanted:
            continue
        for row in importlib.import_module(f"bench.{name}").main():
            print(
                f"{name:12} {row['name']:44} ours {row['ours']:>12.4g}  rival {row['rival']:>12.4g}  "
                f"ratio {row['ratio']:>10.4g}  {row.get('unit', '')}  {row.get('note', '')}",
                flush=True,
            )


if __name__ == "__main__":
    main()
