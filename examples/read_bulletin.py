"""Read a bulletin back with ObsPy, as any other program would: nothing of testban is imported here.

Usage: python examples/read_bulletin.py out/bulletin.quakeml
"""

import sys

import obspy


def main(path: str) -> None:
    """Print origins, ellipses, magnitudes, arrivals and the comments that carry the verdict."""
    for event in obspy.read_events(path, format="QUAKEML"):
        origin = event.preferred_origin() or event.origins[0]
        u = origin.origin_uncertainty
        print(f"{origin.time}  {origin.longitude:.3f} {origin.latitude:.3f}  {origin.depth / 1000:.1f} km")
        print(
            f"  {u.confidence_level:.0f} % ellipse {u.max_horizontal_uncertainty / 1000:.1f} x "
            f"{u.min_horizontal_uncertainty / 1000:.1f} km; "
            + ", ".join(f"{m.magnitude_type} {m.mag:.2f}" for m in event.magnitudes)
        )
        picks = {p.resource_id: p for p in event.picks}
        for arrival in sorted(origin.arrivals, key=lambda a: a.distance):
            code = picks[arrival.pick_id].waveform_id.get_seed_string()
            print(
                f"  {arrival.phase:6} {code:16} {arrival.distance:7.2f} deg  {arrival.time_residual:+.2f} s"
            )
        for comment in event.comments:
            print(f"  {comment.text}")


if __name__ == "__main__":
    main(sys.argv[1])
