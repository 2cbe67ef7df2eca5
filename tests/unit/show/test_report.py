"""The report stands whatever the bulletin holds: nothing, too much, hostile or broken values."""

import re
from html.parser import HTMLParser

import fake
import msgspec
import numpy as np
import pytest

from testban.base.errors import InputError
from testban.base.records import Bulletin, Finding, Site
from testban.show import report, texts

VOID = {"meta", "input", "br", "img", "link", "hr", "path", "circle", "rect"}


class Checker(HTMLParser):
    """Counts that every element is closed, collects addresses and ids."""

    def __init__(self):
        super().__init__()
        self.stack, self.bad, self.links, self.ids, self.tags = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for k, v in attrs:
            if k in ("src", "href", "xlink:href"):
                self.links.append(v)
            if k == "id":
                self.ids.append(v)
            if k.startswith("on"):
                self.bad.append((tag, k))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.bad.append(("close", tag))


def checked(html):
    c = Checker()
    c.feed(html)
    c.close()
    assert c.bad == []
    assert c.stack == []
    assert all(link.startswith("#") for link in c.links)
    assert len(c.ids) == len(set(c.ids))
    assert "NaN" not in html.split("<script>")[0].replace("not a number", "")
    assert not re.search(r"[\"M L]nan|[\" ]inf\b", html)
    return c


@pytest.fixture(scope="module")
def made():
    return fake.bulletin()


def test_report_is_whole_self_contained_and_light(made):
    html = report.render(*made)
    c = checked(html)
    assert len(html.encode()) < 3_000_000
    assert html.count("<h1>") == 1
    assert c.tags.count("svg") > 15
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in html


def test_both_languages_are_inside_and_the_first_is_chosen(made):
    en, ru = report.render(*made), report.render(*made, language="ru")
    for html in (en, ru):
        assert "An event that looks like an explosion" in html
        assert "Событие, похожее на взрыв" in html
    assert '<html lang="en">' in en
    assert '<html lang="ru">' in ru
    assert re.search(r'id="l-ru" checked', ru)
    assert not re.search(r'id="l-ru" checked', en)


def test_selecting_a_language_leaves_only_that(made):
    html = report.render(*made)
    ru = report.select_language(html, "ru").split("</style>")[1].split("<script>")[0]
    assert "похоже на взрыв" in ru
    assert "Unassociated detections" not in ru
    assert "Unassociated detections" in report.select_language(html)
    checked(report.select_language(html, "ru"))


def test_the_russian_page_has_russian_units_hemispheres_and_plurals(made):
    html = report.render(*made, language="ru")
    page = report.select_language(html, "ru").split("<script>")[0]
    words = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>|<title>.*?</title>", " ", page))
    assert re.search(r"\d Гц", words)
    assert re.search(r"°\u00a0с\.ш\.", words)
    assert "σ,\u00a0с" in words
    assert re.findall(r"\d (?:Hz|nm|s)\b|°[NE]\b|,\s(?:nm|s)\b", words) == []
    n = len(made[0].events)
    assert f"<b>{n}</b> {texts.t('{n:|event|events}', n=n).ru}</li>" in page


def test_simulated_is_over_everything_and_absent_from_real_records():
    sim, _ = fake.bulletin(simulated=True)
    real, _ = fake.bulletin(simulated=False)
    assert report.render(sim).count("SIMULATED") >= 5
    assert "SIMULATED" not in report.render(real).split("</style>")[1]


def test_no_event_no_stations_nothing(made):
    full = made[0]
    empty = Bulletin(
        events=(), picks=(), sites=(), noise=(), findings=(), provenance=full.provenance, start_ns=0, end_ns=0
    )
    html = report.render(empty, [])
    checked(html)
    assert "No event was formed" in html
    checked(report.render(msgspec.structs.replace(full, events=()), made[1]))


def test_an_unknown_language_is_refused(made):
    with pytest.raises(InputError, match="expected the language"):
        report.render(made[0], language="de")


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}</title></svg>{0}%s\x00\u202e"


def test_hostile_and_very_long_texts_stay_texts(made):
    b, traces = made
    e = b.events[0]
    long = "W" * 5000
    bad_key = HOSTILE + long[:50]
    arrivals = (msgspec.structs.replace(e.arrivals[0], station_key=bad_key, phase=HOSTILE), *e.arrivals[1:])
    evidence = tuple(
        msgspec.structs.replace(v, name=HOSTILE, reason=HOSTILE, unit=HOSTILE, detail={HOSTILE: HOSTILE})
        for v in e.assessment.evidence
    )
    mags = tuple(
        msgspec.structs.replace(
            m,
            kind=HOSTILE,
            method=HOSTILE,
            stations=tuple(
                msgspec.structs.replace(s, station_key=HOSTILE, reason=HOSTILE) for s in m.stations
            ),
        )
        for m in e.magnitudes
    )
    event = msgspec.structs.replace(
        e,
        event_id=HOSTILE + long,
        arrivals=arrivals,
        magnitudes=mags,
        origin=msgspec.structs.replace(e.origin, depth_reason=HOSTILE, model=HOSTILE, margins=(HOSTILE,)),
        assessment=msgspec.structs.replace(e.assessment, evidence=evidence, reason=HOSTILE),
    )
    bulletin = msgspec.structs.replace(
        b,
        events=(event,),
        sites=(*b.sites, Site(key=bad_key, longitude=120.0, latitude=40.0)),
        findings=(Finding(kind=HOSTILE, subject=HOSTILE, message=HOSTILE + long),),
        provenance=msgspec.structs.replace(
            b.provenance, command=HOSTILE, code_version=HOSTILE, inputs=((HOSTILE, HOSTILE),)
        ),
    )
    traces = [
        msgspec.structs.replace(traces[0], station_key=bad_key, nslc=HOSTILE, band=HOSTILE),
        *traces[1:],
    ]
    for language in ("en", "ru"):
        html = report.render(bulletin, traces, language)
        c = checked(html)
        assert c.tags.count("script") == 1
        assert "img" not in c.tags
        assert "49" not in re.findall(r"alert\(1\)&gt;(\d+)", html)


def broken(e):
    nan = float("nan")
    o = msgspec.structs.replace(
        e.origin, longitude=nan, latitude=nan, depth_km=nan, time_sigma_s=nan, rms_s=float("inf"), gap_deg=nan,
        ellipse=msgspec.structs.replace(e.origin.ellipse, smajor_km=nan, sminor_km=nan, strike_deg=nan),
    )  # fmt: skip
    arrivals = tuple(
        msgspec.structs.replace(
            a, residual_s=nan, distance_deg=nan, azimuth_deg=nan, time_sigma_s=nan, weight=nan
        )
        for a in e.arrivals
    )
    mags = tuple(
        msgspec.structs.replace(
            m,
            value=nan,
            sigma=nan,
            stations=tuple(msgspec.structs.replace(s, value=nan, distance_deg=nan) for s in m.stations),
        )
        for m in e.magnitudes
    )
    evidence = tuple(
        msgspec.structs.replace(
            v,
            value=nan,
            sigma=nan,
            log10_lr=nan,
            p_explosion=nan,
            p_earthquake=nan,
            detail={"class_mean": nan},
        )
        for v in e.assessment.evidence
    )
    a = msgspec.structs.replace(
        e.assessment, log10_lr=nan, probability_explosion=nan, prior=nan, evidence=evidence
    )
    expected = tuple(msgspec.structs.replace(x, probability=nan, distance_deg=nan) for x in e.expected)
    return o, arrivals, mags, expected, a


def test_numbers_that_are_not_numbers(made):
    b, traces = made
    o, arrivals, mags, expected, a = broken(b.events[0])
    whole = msgspec.structs.replace(
        b.events[0], origin=o, arrivals=arrivals, magnitudes=mags, expected=expected, assessment=a
    )
    placed = msgspec.structs.replace(whole, origin=b.events[0].origin)
    located = msgspec.structs.replace(
        whole, origin=msgspec.structs.replace(b.events[0].origin, ellipse=o.ellipse)
    )
    noise = tuple(msgspec.structs.replace(n, rms_counts=float("nan"), a_over_t_nm_s=None) for n in b.noise)
    gone = [msgspec.structs.replace(t, samples=np.full(len(t.samples), np.nan)) for t in traces[:3]]
    holes = [
        msgspec.structs.replace(t, samples=np.where(np.arange(len(t.samples)) % 500 < 40, np.nan, t.samples))
        for t in traces[3:5]
    ]
    short = [
        msgspec.structs.replace(traces[6], samples=np.zeros(1)),
        msgspec.structs.replace(traces[7], sample_rate_hz=0.0),
    ]
    flat = [msgspec.structs.replace(traces[8], samples=np.zeros(4000))]
    sites = (*b.sites, Site(key="XX.NAN", longitude=float("nan"), latitude=float("nan")))
    for e in (whole, placed, located):
        checked(
            report.render(
                msgspec.structs.replace(b, events=(e,), noise=noise, sites=sites), gone + holes + short + flat
            )
        )


def test_sixty_events_and_hundreds_of_stations_stay_small(made):
    b, traces = made
    events = tuple(msgspec.structs.replace(b.events[i % 2], event_id=f"ev{i}") for i in range(60))
    sites = (
        *b.sites,
        *(Site(key=f"XX.S{i:03d}", longitude=-180 + i, latitude=-80 + i * 0.4) for i in range(360)),
    )
    html = report.render(msgspec.structs.replace(b, events=events, sites=sites), traces)
    c = checked(html)
    assert len(html) < 12_000_000
    assert c.tags.count("details") >= 60
    assert html.count('class="event ') == 60
    assert html.count('open="open"') == 3
    assert html.count("clip-path=") <= report.PICTURES


def test_pictures_go_to_the_explosion_first(made):
    html = report.render(*made, pictures=1)
    first, rest = html.split('id="e2"')
    assert "data-low" in first
    assert "data-low" not in rest.split("<script>")[0]


def test_rendering_twice_gives_the_same_bytes(made):
    assert report.render(*made) == report.render(*fake.bulletin())


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pdf_has_pages_and_cyrillic(made, language):
    pytest.importorskip(
        "weasyprint", reason="WeasyPrint or Pango is not installed", exc_type=(ImportError, OSError)
    )
    b, traces = made
    one = msgspec.structs.replace(b, events=b.events[2:], noise=(), picks=b.picks[:5])
    data = report.pdf(report.render(one, traces, language))
    assert data.startswith(b"%PDF-")
    assert len(data) > 10_000


def test_missing_pango_is_said_in_one_sentence(made, monkeypatch):
    import builtins

    real = builtins.__import__

    def broken_import(name, *args, **kwargs):
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken_import)
    with pytest.raises(InputError, match="libpango"):
        report.pdf("<p>x</p>")
