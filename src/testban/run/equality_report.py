"""Who caught what, in words that a diplomat reads: English and Russian, one page each."""

from collections.abc import Sequence

from testban.station.attacks import Result
from testban.trust.audit import Report
from testban.trust.inspect import Finding

_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Equality without espionage: what was tried, and who noticed",
        "label": "SIMULATED: demonstration keys, stations and seismic noise; the bulletin is the one that was just computed.",
        "how": "Two parties, A and B, run three stations with a warden of the host beside each. Everything that crosses the border "
        "is signed twice, written into one log, and seen by five witnesses: one of each party and three neutral ones. Nothing counts "
        "that both parties and at least one neutral have not seen.",
        "tried": "What was tried", "by": "caught by", "why": "because", "missed": "NOT CAUGHT",
        "honest": "The honest run",
        "audit": "{entries} entries, {packets} packets of {stations} stations, {faults} findings; {left} bytes left the stations, all of them named in the log.",
        "release": "The bulletin was recomputed by both parties, released by both signatures, and checked by a third party from one file "
        "(`release.tlog-proof`) and one policy (`policy.txt`): {ok}. Seen by the witnesses {witnesses}.",
        "dossier": "The dossier of the event (`event.dossier`) holds {packets} signed packets with their samples, the bulletin, and both "
        "parties' findings, which were committed before either was shown: {ok}.",
        "limits": "What this does not show: that a sensor is honest about the ground, why a packet is missing, or that nothing at all can be "
        "hidden in the samples; `testban budget` says how much could be.",
        "good": "it holds", "bad": "IT DOES NOT HOLD",
    },
    "ru": {
        "title": "Равенство без шпионажа: что пытались сделать и кто это заметил",
        "label": "МОДЕЛЬ: ключи, станции и сейсмический шум показательные; бюллетень тот, который только что вычислен.",
        "how": "Две стороны, A и B, ведут три станции; рядом с каждой стоит контрольный узел принимающей стороны. Всё, что пересекает "
        "границу, подписано дважды, внесено в один журнал и засвидетельствовано пятью свидетелями: по одному от каждой стороны и тремя "
        "нейтральными. Не имеет силы ничто, чего не видели обе стороны и хотя бы один нейтральный.",
        "tried": "Что пытались сделать", "by": "кто обнаружил", "why": "почему", "missed": "НЕ ОБНАРУЖЕНО",
        "honest": "Честная работа",
        "audit": "Записей {entries}, пакетов {packets} со станций числом {stations}, замечаний {faults}; станции отдали {left} байт, все они названы в журнале.",
        "release": "Бюллетень пересчитан обеими сторонами, выпущен за двумя подписями и проверен третьей стороной по одному файлу "
        "(`release.tlog-proof`) и одним правилам (`policy.txt`): {ok}. Его видели свидетели {witnesses}.",
        "dossier": "Дело о событии (`event.dossier`) содержит подписанные пакеты с отсчётами ({packets}), бюллетень и заключения обеих сторон, "
        "которые были зафиксированы прежде, чем показано хотя бы одно: {ok}.",
        "limits": "Чего это не доказывает: что датчик честно передаёт движение земли, почему пакета нет, и что в отсчётах вовсе ничего нельзя "
        "спрятать; сколько можно, говорит `testban budget`.",
        "good": "верно", "bad": "НЕВЕРНО",
    },
}  # fmt: skip

_ATTACKS: dict[str, tuple[str, str]] = {
    "altered sample": ("One sample was altered on its way", "Один отсчёт изменён в пути"),
    "withheld slot": (
        "The host dropped ten seconds of data",
        "Принимающая сторона утаила десять секунд данных",
    ),
    "replay of the last packet": (
        "An old recording was sent as a new one",
        "Старая запись отправлена как новая",
    ),
    "message in the state of health": (
        "A message was hidden in the state of health",
        "В сведениях об исправности спрятано сообщение",
    ),
    "split view": ("The log showed two histories", "Журнал показал две разные истории"),
    "rollback asked of a witness": (
        "The log went back to an earlier state",
        "Журнал возвращён к прежнему состоянию",
    ),
}
_BY: dict[str, str] = {
    "warden": "контрольный узел", "auditor": "любая сторона при проверке", "witness": "свидетель", "third party": "третья сторона",
    "station": "станция", "everyone": "каждый",
}  # fmt: skip
_WHY: dict[str, tuple[str, str]] = {
    "payload-digest": ("the samples are not those that were signed", "отсчёты не те, что подписаны"),
    "slot-missing": (
        "every slot must have a note, and one has none",
        "на каждый промежуток должна быть запись, а здесь её нет",
    ),
    "slot-conflict": ("there is already another packet for this time", "за это время уже есть другой пакет"),
    "soh-mask": (
        "a bit is set that the policy does not allow to leave",
        "установлен бит, которому правила не разрешают выходить",
    ),
    "split-view": (
        "the tree does not continue the one that was signed",
        "дерево не продолжает того, что уже подписано",
    ),
    "rollback": ("the tree is shorter than the one that was signed", "дерево короче того, что уже подписано"),
}


def reports(tried: Sequence[Result], found: Report, finding: Finding, whole: Finding) -> dict[str, str]:
    """The page in each language."""
    return {language: _page(language, tried, found, finding, whole) for language in _TEXTS}


def _page(language: str, tried: Sequence[Result], found: Report, finding: Finding, whole: Finding) -> str:
    t = _TEXTS[language]
    place = 0 if language == "en" else 1
    lines = [f"# {t['title']}", "", f"**{t['label']}**", "", t["how"], "", f"## {t['tried']}", ""]
    lines += [f"| | {t['by']} | {t['why']} |", "|---|---|---|"]
    for r in tried:
        what = _ATTACKS.get(r.name, (r.name, r.name))[place]
        by = (r.by if place == 0 else _BY.get(r.by, r.by)) if r.as_expected else t["missed"]
        lines.append(f"| {what} | {by} | {_WHY.get(r.reason, (r.reason, r.reason))[place]} |")
    witnesses = ", ".join(finding.facts.get("witnesses", []))
    lines += [
        "", f"## {t['honest']}", "",
        t["audit"].format(
            entries=found.entries, packets=found.packets, stations=len(found.stations), faults=len(found.faults), left=found.left
        ), "",
        t["release"].format(ok=t["good" if finding.ok else "bad"], witnesses=witnesses), "",
        t["dossier"].format(ok=t["good" if whole.ok else "bad"], packets=whole.facts.get("packets", 0)), "",
        t["limits"],
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
