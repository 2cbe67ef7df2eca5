"""Who caught what, in words that a diplomat reads, in English and Russian: one HTML file with both, and plain text of each."""

from collections.abc import Mapping, Sequence

from testban.show import equality
from testban.show.equality import Attempt, Fact, Page
from testban.show.evidence import VERDICTS
from testban.show.texts import Both, joined, t
from testban.station.attacks import Result
from testban.trust.audit import Report
from testban.trust.inspect import Finding

_WORDS: dict[str, Both] = {
    "title": Both("Equality without espionage: what was tried, and who noticed", "Равенство без шпионажа: что пытались сделать и кто это заметил"),
    "sub": Both("A demonstration of the chain from the sensor to a log that all parties witness", "Показ цепи от датчика до журнала, который свидетельствуют все стороны"),
    "simulated": Both("SIMULATED", "МОДЕЛЬ"),
    "label": Both(
        "Demonstration keys, stations and seismic noise; the bulletin is the one that was just computed.",
        "Ключи, станции и сейсмический шум показательные; бюллетень тот, который только что вычислен.",
    ),
    "lead": Both(
        "A station that watches over a test ban stands on the soil of the state that it watches. That state must be sure that nothing but "
        "the agreed record leaves; the other must be sure that the record is true and whole. Neither may have to take the other at its word.",
        "Станция, следящая за запретом испытаний, стоит на земле того государства, за которым следит. Это государство должно быть уверено, "
        "что наружу выходит только согласованная запись; другое — что запись подлинна и полна. Верить друг другу на слово не должен никто.",
    ),
    "how": Both(
        "Here two parties, A and B, run three stations with a warden of the host beside each. Everything that crosses the border is signed "
        "twice, written into one log, and seen by five witnesses: one of each party and three neutral ones. Nothing counts that both "
        "parties and at least one neutral have not seen.",
        "Здесь две стороны, A и B, ведут три станции; рядом с каждой стоит контрольный узел принимающей стороны. Всё, что пересекает границу, "
        "подписано дважды, внесено в один журнал и засвидетельствовано пятью свидетелями: по одному от каждой стороны и тремя нейтральными. "
        "Не имеет силы ничто, чего не видели обе стороны и хотя бы один нейтральный.",
    ),
    "tried": Both("What was tried", "Что пытались сделать"),
    "caption": Both(
        "The way of ten seconds of record. A number stands where that attempt was noticed.",
        "Путь десяти секунд записи. Номер стоит там, где попытка была замечена.",
    ),
    "border": Both("border", "граница"),
    "by": Both("Noticed by", "Кто заметил"), "why": Both("Because", "Почему"), "code": Both("Code of the reason", "Код причины"),
    "missed": Both("NOBODY", "НИКТО"),
    "honest": Both("The honest run", "Честная работа"),
    "limited": Both("What this does not show", "Чего это не доказывает"),
    "good": Both("It holds.", "Верно."), "bad": Both("IT DOES NOT HOLD.", "НЕВЕРНО."),
}  # fmt: skip

_NODES = (
    (Both("Station", "Станция"), Both("sealed; signs", "опечатана; подписывает")),
    (Both("Host's warden", "Контрольный узел"), Both("checks; signs too", "проверяет и подписывает")),
    (Both("Joint log", "Общий журнал"), Both("one order, for all", "один порядок для всех")),
    (Both("Witnesses", "Свидетели"), Both("A, B and three neutral", "A, B и три нейтральных")),
    (Both("Anyone", "Любой"), Both("checks it all alone", "проверяет всё сам")),
)
_PLACE = {"station": 0, "warden": 1, "log": 2, "witness": 3, "auditor": 4, "third party": 4, "everyone": 4}
_BY: dict[str, Both] = {
    "warden": Both("the host's warden, before anything left", "контрольный узел принимающей стороны, прежде чем что-либо вышло"),
    "auditor": Both("any party that audits the log", "любая сторона, проверяющая журнал"),
    "witness": Both("every honest witness", "каждый честный свидетель"),
    "third party": Both("a third party", "третья сторона"),
    "station": Both("the station itself", "сама станция"),
    "everyone": Both("everyone who reads it", "каждый, кто это читает"),
}  # fmt: skip
_ATTEMPTS: dict[str, tuple[Both, Both]] = {
    "altered sample": (
        Both("One sample was altered on its way", "Один отсчёт изменён в пути"),
        Both(
            "Between the station and its warden a single number of the record was changed by one bit.",
            "Между станцией и контрольным узлом в записи изменён один бит одного числа.",
        ),
    ),
    "withheld slot": (
        Both("The host dropped ten seconds of data", "Принимающая сторона утаила десять секунд данных"),
        Both(
            "The station recorded and signed; the packet for one slot of time never reached the log.",
            "Станция записала и подписала, но пакет за один промежуток времени в журнал не попал.",
        ),
    ),
    "replay of the last packet": (
        Both("An old recording was sent as a new one", "Старая запись отправлена как новая"),
        Both(
            "A quiet recording made earlier was given out for what the sensor feels now.",
            "Прежняя спокойная запись выдана за то, что датчик чувствует сейчас.",
        ),
    ),
    "message in the state of health": (
        Both("A message was hidden in the state of health", "В сведениях об исправности спрятано сообщение"),
        Both(
            "The station's maker set a spare bit among the health indicators, to tell its own side something.",
            "Изготовитель станции поставил лишний бит среди признаков исправности, чтобы что-то сообщить своей стороне.",
        ),
    ),
    "split view": (
        Both("The log showed two histories", "Журнал показал две разные истории"),
        Both(
            "The keeper of the log prepared one history for one party and another for the rest.",
            "Хранитель журнала приготовил одну историю для одной стороны и другую для остальных.",
        ),
    ),
    "rollback asked of a witness": (
        Both("The log went back to an earlier state", "Журнал возвращён к прежнему состоянию"),
        Both(
            "The keeper of the log asked a witness to sign a shorter log, as if the last entries had never been.",
            "Хранитель журнала попросил свидетеля подписать более короткий журнал, словно последних записей не было.",
        ),
    ),
}  # fmt: skip
_WHY: dict[str, Both] = {
    "payload-digest": Both("the samples are not those that were signed", "отсчёты не те, что подписаны"),
    "slot-missing": Both(
        "every slot of time must have a note, even an empty one, and this one has none; who must answer for it is known, why it is missing is not",
        "на каждый промежуток должна быть запись, хотя бы пустая, а здесь её нет; кто за это отвечает, известно, почему её нет, журнал сказать не может",
    ),
    "slot-conflict": Both(
        "there is already another packet for this time, and the next one must follow from it",
        "за это время уже есть другой пакет, и следующий должен вытекать из него",
    ),
    "soh-mask": Both(
        "a bit is set that the agreed policy does not let out", "установлен бит, которому согласованные правила не разрешают выходить"
    ),
    "split-view": Both(
        "the log does not continue the one that the witness signed before", "журнал не продолжает того, который свидетель уже подписал"
    ),
    "rollback": Both("the log is shorter than the one that the witness signed", "журнал короче того, который свидетель уже подписал"),
}  # fmt: skip
_LIMITS = (
    Both(
        "That a sensor is honest about the ground: that takes seals, calibration at moments that nobody knows beforehand, and neighbours that feel the same waves.",
        "Что датчик честно передаёт движение земли: для этого нужны пломбы, калибровка в моменты, никому не известные заранее, и соседние станции, чувствующие те же волны.",
    ),
    Both("Why a packet is missing: only that it is, since when, and who must answer.", "Почему пакета нет: только то, что его нет, с какого времени и кто за это отвечает."),
    Both(
        "That nothing at all can be hidden in the samples: the command testban budget says how many bits a second could be, and what a coarser quantum or the dither loop leaves.",
        "Что в отсчётах вовсе ничего нельзя спрятать: команда testban budget говорит, сколько бит в секунду можно и что остаётся при более грубом кванте или с подмешиванием шума.",
    ),
    Both("Against both parties together nothing helps but the neutral witnesses' order and time.", "Против обеих сторон вместе помогают только порядок и время нейтральных свидетелей."),
)  # fmt: skip


def _fill(en: str, ru: str, **values: object) -> Both:
    def fill(form: str, language: str) -> str:
        return form.format(**{k: v.of(language) if isinstance(v, Both) else v for k, v in values.items()})

    return Both(fill(en, "en"), fill(ru, "ru"))


def _verdicts(found: Mapping[str, str]) -> Both:
    """What each party said; a verdict in the words of the language."""
    known = {v.value: t(words) for v, words in VERDICTS.items()}
    said = [joined([f"{party}:", known.get(word, word)]) for party, word in found.items()]
    return joined(said, "; ") if said else Both("–", "–")


def page(tried: Sequence[Result], found: Report, finding: Finding, whole: Finding) -> Page:
    """What is said, for both languages."""
    attempts = tuple(_attempt(r) for r in tried)
    caught = sum(a.place is not None for a in attempts)
    count = _fill(
        "{caught} of {n} attempts were noticed, each for its own reason. The command testban attack all tries all that are known.",
        "Замечено попыток: {caught} из {n}, каждая по своей причине. Команда testban attack all пробует все известные.",
        caught=caught, n=len(attempts),
    )  # fmt: skip
    return Page(
        words=_WORDS | {"count": count}, nodes=_NODES, attempts=attempts, facts=_facts(found, finding, whole), limits=_LIMITS
    )  # fmt: skip


def _attempt(r: Result) -> Attempt:
    plain = Both(r.name, r.name)
    title, story = _ATTEMPTS.get(r.name, (plain, Both("", "")))
    return Attempt(
        title=title, story=story, by=_BY.get(r.by, Both(r.by, r.by)), why=_WHY.get(r.reason, Both(r.detail or r.reason, r.detail or r.reason)),
        code=r.reason or "none", place=_PLACE.get(r.by, 4) if r.as_expected else None,
    )  # fmt: skip


def _facts(found: Report, finding: Finding, whole: Finding) -> tuple[Fact, ...]:
    witnesses = ", ".join(finding.facts.get("witnesses", []))
    return (
        Fact(
            holds=found.ok,
            text=_fill(
                "The whole log was read again from its first entry: {entries} entries, {packets} packets of {stations} stations, {faults} findings. "
                "{left} bytes left the stations, and every one of them is named in the log.",
                "Весь журнал прочитан заново с первой записи: записей {entries}, пакетов {packets} со станций числом {stations}, замечаний {faults}. "
                "Станции отдали {left} байт, и каждый из них назван в журнале.",
                entries=found.entries, packets=found.packets, stations=len(found.stations), faults=len(found.faults), left=f"{found.left:,}".replace(",", "\u202f"),
            ),
            command="testban audit log --policy policy.txt --payloads payloads",
        ),
        Fact(
            holds=finding.ok,
            text=_fill(
                "The bulletin was released by the signatures of both parties, and a third party checks that from one file and one policy. In earnest "
                "each party signs only what it recomputed itself to the same bytes (testban reproduce); here one computation stands for both. "
                "Witnesses: {witnesses}.",
                "Бюллетень выпущен за подписями обеих сторон, и третья сторона проверяет это по одному файлу и одним правилам. На деле каждая сторона "
                "подписывает только то, что сама пересчитала байт в байт (testban reproduce); здесь одно вычисление стоит за обе. "
                "Свидетели: {witnesses}.",
                witnesses=witnesses,
            ),
            command="testban verify release.tlog-proof --policy policy.txt",
        ),
        Fact(
            holds=whole.ok,
            text=_fill(
                "The dossier of the event holds {packets} signed packets with their samples, the bulletin, and what each party found. Each committed to "
                "its finding before either was shown, so that neither answered the other. {said}.",
                "Дело о событии содержит подписанные пакеты с отсчётами ({packets}), бюллетень и заключение каждой стороны. Каждая зафиксировала своё "
                "прежде, чем показано хотя бы одно, так что ни одна не отвечала другой. {said}.",
                packets=whole.facts.get("packets", 0), said=_verdicts(whole.facts.get("findings", {})),
            ),
            command="testban verify event.dossier --policy policy.txt",
        ),
    )  # fmt: skip


def html(
    tried: Sequence[Result], found: Report, finding: Finding, whole: Finding, language: str = "en"
) -> str:
    """The page, both languages in one file."""
    return equality.render(page(tried, found, finding, whole), language)


def reports(tried: Sequence[Result], found: Report, finding: Finding, whole: Finding) -> dict[str, str]:
    """The same as plain text (Markdown), one for each language."""
    made = page(tried, found, finding, whole)
    return {language: _plain(made, language) for language in ("en", "ru")}


def _plain(made: Page, language: str) -> str:
    w = {name: both.of(language) for name, both in made.words.items()}
    lines = [
        f"# {w['title']}",
        "",
        f"**{w['simulated']}** {w['label']}",
        "",
        w["lead"],
        "",
        w["how"],
        "",
        f"## {w['tried']}",
        "",
    ]
    lines += [w["count"], "", f"| | {w['by']} | {w['why']} | {w['code']} |", "|---|---|---|---|"]
    for a in made.attempts:
        by = w["missed"] if a.place is None else a.by.of(language)
        lines.append(f"| {a.title.of(language)} | {by} | {a.why.of(language)} | {a.code} |")
    lines += ["", f"## {w['honest']}", ""]
    for f in made.facts:
        lines += [
            f"**{w['good'] if f.holds else w['bad']}** {f.text.of(language)}",
            "",
            f"    {f.command}",
            "",
        ]
    lines += [f"## {w['limited']}", "", *(f"- {x.of(language)}" for x in made.limits)]
    return "\n".join(lines) + "\n"
