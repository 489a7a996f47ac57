"""What all tests share."""

from hypothesis import settings

# A busy machine is no bug: time limits are pytest-timeout's business.
settings.register_profile("alertwire", deadline=None)
settings.load_profile("alertwire")
