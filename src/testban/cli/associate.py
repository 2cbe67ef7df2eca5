"""testban associate: picks to located events."""

from pathlib import Path
from typing import Any, Literal

from testban.base.records import Event
from testban.base.times import format_time
from testban.base.words import counted


def associate(
    picks: Path,
    /,
    *,
    out: Path,
    stations: Path | None = None,
    explain: str | None = None,
    min_stations: int | None = None,
    model: Literal["ak135", "iasp91"] = "ak135",
    rule: Literal["stations", "idc"] = "stations",
    simulated: bool = False,
    json: bool = False,
) -> int:
    """Form and locate events from a table of picks, near or far, in any order.

    Example: `testban associate picks.csv --stations stations.csv --out events`, then the same with
    `--explain EVENT` for what each pick adds to one event. Only station and time are required of a pick; phase,
    slowness and back-azimuth (with their sigmas) are used where they are there. A pick table says nothing about who
    was listening, so that silence counts only in `process`.

    Parameters
    ----------
    picks
        CSV or Parquet: station, time; also id, net, phase, slow, baz, amp_nm, period, snr, lat, lon, elev_m.
        Coordinates in it win over --stations; picks without any are counted and left out.
    out
        Folder for events.csv, arrivals.csv, bulletin.quakeml, discarded.csv and findings.csv.
    stations
        Station table or StationXML.
    explain
        Name of an event, or the beginning of it: say what each pick adds to its score. `discarded:N`: why the N-th
        hypothesis of discarded.csv became no event, and which event has its picks.
    min_stations
        Stations that an event needs (3); one fewer, but at least 2, where one of them measures slowness and
        back-azimuth.
    model
        Travel-time model: ak135 or iasp91.
    rule
        What an event needs: `stations` (--min-stations), or `idc`, three stations and a sum of weights of 4.6.
    simulated
        Label the tables and the bulletin as simulated.
    json
        Print one JSON object on stdout.

    """
    from testban.associate import Settings
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.run import stages

    if min_stations is not None and not 2 <= min_stations <= 50:
        raise InputError(f"--min-stations: expected a number from 2 to 50, got {min_stations}; correct it")
    needed = 3 if min_stations is None else min_stations
    settings = Settings(
        model=model, rule=rule, min_stations=needed, min_stations_with_array=max(2, needed - 1)
    )

    def begin(n_picks: int, n_sites: int) -> None:
        if not json:
            terminal.say(f"associating {n_picks} picks of {n_sites} stations")

    formed = stages.associate(picks, stations, out, settings, simulated=simulated, said=begin)
    why = lost = None
    if explain is not None and explain.startswith("discarded:"):
        lost = stages.explain_discarded(formed, explain)
    elif explain is not None:
        why = stages.explain(formed, explain)
    if json:
        result = {
            "out": str(out),
            "simulated": simulated,
            "picks": len(formed.picks),
            "stations": len(formed.sites),
            "associated": sum(len(e.arrivals) for e in formed.events),
            "discarded": len(formed.discarded),
            "findings": [f.message for f in formed.findings],
            "events": [terminal.event_summary(e) for e in formed.events],
        }
        if why is not None:
            result["explanation"] = {
                **terminal.event_summary(why[0]),
                "score": round(why[1].score, 3),
                "needed": round(why[1].needed, 3),
                "picks": [{"pick_id": i, "phase": p, "adds": round(v, 3)} for i, p, v in why[1].picks],
                "neighbours": round(why[1].score - sum(v for _, _, v in why[1].picks), 3),
                "silent": _silent(why[0]),
            }
        if lost is not None:
            result["explanation"] = {
                "time": format_time(lost[0].time_ns),
                "latitude": lost[0].latitude,
                "longitude": lost[0].longitude,
                "score": round(lost[0].score, 3),
                "reason": lost[0].reason,
                "picks": [{"pick_id": p.pick_id, "event": e} for p, e in lost[1]],
            }
        terminal.out(result)
        return 0
    for f in formed.findings:
        terminal.say(f"note: {f.message}")
    for event in formed.events:
        terminal.say(terminal.event_line(event))
    if why is not None:
        event, x = why
        terminal.say(f"{event.event_id} stands with {x.score:.1f} where {x.needed:.1f} is needed:")
        for arrival, (name, phase, value) in zip(event.arrivals, x.picks, strict=True):
            terminal.say(
                f"  {value:+7.2f}  {phase:6} {arrival.station_key:12} {format_time(arrival.time_ns)}  "
                f"{arrival.distance_deg:6.2f} deg  {arrival.residual_s or 0.0:+.2f} s  {name}"
            )
        terminal.say(
            f"  {x.score - sum(v for _, _, v in x.picks):+7.2f}  likeness of residuals of neighbouring stations"
        )
        silent = _silent(event)
        if silent:
            terminal.say("  should have seen it and did not: " + ", ".join(str(s["station"]) for s in silent))
        else:
            terminal.say("  silence of other stations: not counted (a pick table does not say who listened)")
    if lost is not None:
        h, picks_of = lost
        terminal.say(
            f"discarded: {format_time(h.time_ns, 1)} {h.latitude:.2f} {h.longitude:.2f} {h.depth_km:.0f} km, "
            f"score {h.score:.1f}: {h.reason}"
        )
        for pick, event_id in picks_of:
            terminal.say(
                f"  {pick.station_key:12} {format_time(pick.time_ns)}  {pick.phase_hint or '-':4} "
                + (f"belongs to {event_id}" if event_id else "belongs to no event")
            )
    terminal.say(
        f"{counted(len(formed.events), 'event|events')} from {counted(len(formed.picks), 'pick|picks')}, "
        f"{counted(len(formed.discarded), 'hypothesis|hypotheses')} discarded: {out}"
    )
    return 0


def _silent(event: Event) -> list[dict[str, Any]]:
    return [
        {"station": e.station_key, "phase": e.phase, "probability": round(e.probability, 3)}
        for e in event.expected
        if e.status == "not-seen"
    ]
