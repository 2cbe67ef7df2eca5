"""The automatic station, its warden and the attacks on them, as state machines. Pure: no clock, disk or socket."""
