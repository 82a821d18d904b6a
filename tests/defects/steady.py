"""A pytest plugin: hypothesis tries the same examples every time and does not shrink what fails.

Whether a defect is caught must not be chance, and how small a counterexample can be made is of no
interest here; shrinking one of a whole month takes minutes.
"""

from hypothesis import Phase, settings

settings.register_profile(
    "defects", derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("defects")
