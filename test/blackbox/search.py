"""How the properties' inputs are looked for: the same ones in each run, unless the environment asks.

ORGD_TEST_SEED=N      other inputs: those of this seed
ORGD_TEST_EXAMPLES=N  so many for each property, however long it takes, instead of its own number
"""

import os

import hypothesis

SEED = os.environ.get("ORGD_TEST_SEED")
EXAMPLES = int(os.environ.get("ORGD_TEST_EXAMPLES", "0"))


def search(examples, **options):
    """Decorates a property (a function that hypothesis.given decorates) that so many inputs show;
    options as of hypothesis.settings."""
    settings = hypothesis.settings(
        max_examples=EXAMPLES or examples,
        derandomize=SEED is None,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        **options,
    )
    seeded = hypothesis.seed(int(SEED)) if SEED is not None else lambda test: test
    return lambda test: seeded(settings(test))


def longest_s(seconds):
    """The time limit of a test, for pytest.mark.timeout, whose properties' own numbers need so long."""
    return 0 if EXAMPLES else seconds
