"""Control of a ban on nuclear tests: from recordings to a bulletin that every party recomputes."""

__version__ = "0.1.0"
