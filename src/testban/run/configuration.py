"""What a person may set: read from TOML, the environment (TESTBAN_*) and the command line.

Rules: every field is documented here and has a default that works; what changes a published number is part of
`Configuration.digest`, what only changes how the work is done (workers, executor) is not.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from testban.base.canonical import digest_of
from testban.base.errors import ConfigurationError


class Configuration(BaseSettings):
    """Settings of the main job."""

    model_config = SettingsConfigDict(env_prefix="TESTBAN_", extra="forbid", frozen=True)

    model: Literal["ak135", "iasp91"] = Field("ak135", description="travel-time model of the location")
    threshold_factor: float = Field(
        1.0,
        gt=0.1,
        lt=10,
        description="multiplies every detection threshold; 1 keeps the stated false-alarm rate",
    )
    min_stations: int = Field(3, ge=2, le=50, description="stations that an event needs")
    prior: float = Field(
        1e-2,
        gt=0,
        lt=1,
        description="prior probability that an event is an explosion, printed beside the verdict",
    )
    language: Literal["en", "ru"] = Field("en", description="language that the report opens in")
    executor: str = Field("processes", description="processes, serial, or dask://host:port")
    workers: int = Field(0, ge=0, le=1024, description="worker processes; 0 takes one for each processor")

    def digest(self) -> str:
        """SHA-256 of the settings that can change a published number."""
        return digest_of(self.model_dump(exclude={"executor", "workers", "language"}))


def load(path: Path | None = None, **overrides: object) -> Configuration:
    """Settings from a TOML file, with overrides (None means not given); ConfigurationError says what is wrong."""
    values: dict[str, object] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise ConfigurationError(f"the configuration {path} cannot be read as TOML: {exc}") from exc
    values |= {k: v for k, v in overrides.items() if v is not None}
    try:
        return Configuration(**values)  # type: ignore[arg-type]
    except ValidationError as exc:
        first = exc.errors()[0]
        name = ".".join(str(x) for x in first["loc"])
        known = ", ".join(sorted(Configuration.model_fields))
        if first["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, Configuration.model_fields, n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigurationError(f"{name!r} is no setting{meant}; the settings are {known}") from exc
        raise ConfigurationError(
            f"setting {name!r}: {first['msg']}, got {first['input']!r}; the settings are {known}"
        ) from exc
