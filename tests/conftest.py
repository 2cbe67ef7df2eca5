"""What every test shares: property tests have no deadline, since a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("testban", deadline=None)
settings.load_profile("testban")
