"""The command line: one module a verb, plain functions behind it.

Contract: `--json` prints one machine-readable object on stdout, everything else goes to stderr; exit status 0 = done,
1 = a negative finding, 2 = input that cannot be used, said in one line, 70 = a fault of this program, its trace in a
file that the line names.
"""

import importlib
import keyword
import sys
import tempfile
import traceback

import cyclopts

import testban
from testban.base.errors import InputError, TestbanError

app = cyclopts.App(
    name="testban",
    help="Control of a ban on nuclear tests: from recordings to a bulletin that every party recomputes.",
    version=testban.__version__,
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # main says what to do next
)
# A verb's module is light: what the work needs is imported when the verb is used.
_VERBS = {
    "From recordings to a verdict": ("demo", "process", "follow", "identify", "yield", "reproduce"),
    "One stage alone, tables in and out": ("detect", "associate", "locate"),
    "Known events and their repeats": ("template", "watch", "relocate"),
    "What a network would see, what a series risks": ("assure",),
    "The sealed chain: stations, wardens, a log that all witness": (
        "keys", "station", "warden", "log", "witness", "party", "verify", "audit", "budget", "attack",
    ),
    "Data and this installation": ("doctor", "data", "simulate", "calibrate"),
}  # fmt: skip
for _order, (_title, _names) in enumerate(_VERBS.items(), 1):
    _group = cyclopts.Group(_title, sort_key=_order)
    for _place, _verb in enumerate(_names):
        # "yield" is a word of Python: its module and function bear an underscore.
        _name = f"{_verb}_" if keyword.iskeyword(_verb) else _verb
        _function = getattr(importlib.import_module(f"testban.cli.{_name}"), _name)
        app.command(_function, name=_verb)
        app[_verb].group, app[_verb].sort_key = _group, _place


def _misused(exc: cyclopts.CycloptsError) -> str:
    """One line on words that are no command: what is missing, or what the parser says of it."""
    said, argument = " ".join(str(exc).split()), exc.argument
    if type(exc) is not cyclopts.MissingArgumentError or argument is None:
        return said
    given = exc.keyword or next((x.keyword for x in argument.tokens if x.keyword), None)
    if given is not None:
        return f"{given}: expected a value after it, got none."
    meant = said[said.index("Did you mean") :] if "Did you mean" in said else ""
    about = " ".join((argument.parameter.help or "").split()).rstrip(".")
    return f"expected {argument.name}{f' ({about})' if about else ''}, got none. {meant}".rstrip()


def _own_fault(exc: Exception) -> str:
    """One line on a fault of ours, with its trace kept in a file to report."""
    said = f"testban: a fault of testban itself ({type(exc).__name__}: {' '.join(str(exc).split())[:200]})"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="testban-fault-", suffix=".txt", delete=False) as out:
            out.write(f"testban {testban.__version__} {' '.join(sys.argv[1:])}\n\n")
            traceback.print_exception(exc, file=out)
    except OSError:
        traceback.print_exception(exc)
        return said
    return f"{said}; please report it with {out.name}"


def main() -> None:
    """Run the command line and turn errors into one line and an exit status."""
    try:
        status = app(sys.argv[1:], exit_on_error=False, print_error=False, result_action="return_value")
    except cyclopts.CycloptsError as exc:
        chain = " ".join(["testban", *(exc.command_chain or ())])
        print(f"testban: {_misused(exc)} See: {chain} --help", file=sys.stderr)
        sys.exit(2)
    except InputError as exc:
        print(f"testban: {exc}", file=sys.stderr)
        sys.exit(2)
    except TestbanError as exc:
        print(f"testban: {exc}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("testban: stopped; give the same command again, what was finished is kept", file=sys.stderr)
        sys.exit(130)
    except (BrokenPipeError, SystemExit):  # the reader went away; rich turns that into an exit of its own
        sys.exit(0)
    except MemoryError:
        print("testban: out of memory; use fewer --workers or shorter spans", file=sys.stderr)
        sys.exit(2)
    except OSError as exc:
        print(f"testban: {exc.filename or ''}: {exc.strerror or exc}".replace(": :", ":"), file=sys.stderr)
        sys.exit(2)
    except Exception as exc:  # noqa: BLE001 - the last net: a fault of ours ends in one line too
        print(_own_fault(exc), file=sys.stderr)
        sys.exit(70)
    sys.exit(status if isinstance(status, int) else 0)
