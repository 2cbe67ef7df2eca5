"""The report: one HTML file in two languages that needs no network, and the same as PDF.

Rules: everything is inline; Jinja2 escapes every value, pictures escape their own texts; the page reads well
without JavaScript and in print; `language` only says which of the two is shown first.
"""

import functools
import re
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from testban.base.errors import InputError
from testban.base.records import Bulletin
from testban.show import texts, views
from testban.show.traces import ReportTrace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ReportTrace", "pdf", "render", "select_language"]

PICTURES = 12
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Control characters, marks that turn the direction of writing, half surrogates: shown as U+FFFD."""


def _resource(name: str) -> str:
    return (resources.files("testban.show") / "resources" / name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> Environment:
    load: Callable[[str], str] = _resource
    env = Environment(
        autoescape=True,
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["t"] = texts.t
    return env


def render(
    bulletin: Bulletin, traces: Sequence[ReportTrace] = (), language: str = "en", *, pictures: int = PICTURES
) -> str:
    """The report as one self-contained HTML text with both languages in it.

    traces: what the record sections draw, for any of the events. language: "en" or "ru", the one shown first.
    pictures: for how many events maps and records are drawn. Raises InputError for another language.
    """
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    values: dict[str, Any] = views.page(bulletin, traces, pictures)
    values["language"] = language
    values["script"] = Markup(_resource("script.js"))  # noqa: S704 - our own file
    return fill("report.html.j2", values)


def fill(template: str, values: dict[str, Any]) -> str:
    """A page out of a template of `resources` with our style sheet; characters unfit for a page are replaced."""
    css = Markup(_resource("style.css"))  # noqa: S704 - our own file
    page = _environment().get_template(template).render(values | {"css": css})
    return UNFIT.sub("\ufffd", page)


def select_language(html: str, language: str | None = None) -> str:
    """The page with one language only, for print engines that know no switch; None keeps the one shown first."""
    if language is None:
        language = "ru" if re.search(r'id="l-ru" checked', html) else "en"
    drop, keep = ("e", "r") if language == "ru" else ("r", "e")
    html = re.sub(rf'<(span|tspan) class="{drop}" lang="\w\w">.*?</\1>', "", html, flags=re.S)
    html = re.sub(rf'<tspan class="[{keep}x]" lang="\w\w">(.*?)</tspan>', r"\1", html, flags=re.S)
    return re.sub(rf'<span class="{keep}" lang="\w\w">(.*?)</span>', r"\1", html, flags=re.S)


def pdf(html: str, language: str | None = None) -> bytes:
    """The report as PDF in one language (that shown first, unless named), with every event unfolded.

    Raises InputError where WeasyPrint or the Pango library is not installed.
    """
    try:
        from weasyprint import HTML
    except ImportError as exc:
        raise InputError(
            "expected WeasyPrint for a PDF, it is not installed: run `pip install 'testban[pdf]'`, or print report.html from a browser"
        ) from exc
    except OSError as exc:
        raise InputError(
            "expected the Pango library for a PDF, it was not found: install it (Debian: libpango-1.0-0 libpangoft2-1.0-0), or print report.html from a browser"
        ) from exc
    page = select_language(html, language)
    page = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    page = re.sub(r"<title>[^<]*</title>(?=</g>)", "", page)
    page = re.sub(r'<details class="event', '<details open="open" class="event', page)
    made = HTML(string=page, url_fetcher=_no_network).write_pdf()
    return bytes(made or b"")


def _no_network(url: str, *_: object, **__: object) -> dict[str, Any]:
    """Nothing is fetched: whatever a page asks for is refused."""
    raise InputError(f"expected a report without outside links, got {url[:80]!r}")
