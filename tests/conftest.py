"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A loaded machine is slow, and no promise of ours is about how fast an example is made.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")
