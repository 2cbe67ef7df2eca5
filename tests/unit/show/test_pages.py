"""What pages have in common: nothing vanishes on a telephone, no sentence stutters."""

import re
from importlib import resources

import fake

from testban.cli import verify
from testban.show import assurance_plan, headline, texts, watch

CSS = (resources.files("testban.show") / "resources" / "style.css").read_text()
CUT = "@media (max-width:760px){"


def test_a_narrow_screen_hides_nothing_outside_a_picture():
    rules = re.findall(r"([^{}]+){[^{}]*display:none", CSS[CSS.index(CUT) + len(CUT) :].split("@media")[0])
    assert [r for r in rules if not r.strip().startswith("svg ")] == []


def test_probabilities_of_a_series_take_the_comma_in_russian():
    said = assurance_plan.row(
        {"n": 3, "series_detected": 0.5, "series_seen": 0.25, "series_independent": 0.75}
    )
    assert said.en == "n   3: detected 0.5000; seen 0.2500; seen were the misses independent 0.7500"
    assert said.ru.endswith("0,7500")


def test_russian_texts_do_not_stutter():
    both = [texts.translate(m, "ru") for m in texts.russian()]
    assert [s for s in both if re.search(r"(?i)\b([а-яё]+) \1\b", s)] == []


def test_facts_of_a_proof_are_plain_words():
    assert verify._plain({"A": "explosion-like", "B": "undetermined"}) == "A explosion-like, B undetermined"
    assert verify._plain({}) == verify._plain([]) == "none"
    assert verify._plain(["A", 2]) == "A, 2"


def test_an_event_in_one_line_in_both_languages():
    event = fake.bulletin()[0].events[0]
    said = headline.line(event)
    assert f"{event.origin.n_defining} defining phases at {event.origin.n_stations} stations" in said.en
    assert "определяющ" in said.ru
    assert re.search(r"[a-z]{4,}", said.ru.replace(event.event_id, "")) is None


def test_the_watch_on_a_simulated_world_says_so():
    assert "SIMULATED" in watch.render([], "en", simulated=True)
    assert "SIMULATED" not in watch.render([], "en")
