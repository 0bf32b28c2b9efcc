"""95 % intervals of what the foundry measures. Knows no task."""

import math
import random
from collections.abc import Callable, Sequence


def of_share(share: float, count: int) -> tuple[float, float]:
    """Returns the bounds of a share of `count` independent trials. Source: Wilson (1927)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def of_groups(groups: Sequence, measure: Callable[[list], float], times: int = 1000) -> tuple[float, float]:
    """Returns the bounds of `measure(groups)` when trials come in groups, such as the questions of one passage.

    As many groups are drawn anew with replacement, again and again. Source: Efron (1979), the percentile bootstrap.
    """
    rng = random.Random(0)
    found = sorted(measure(rng.choices(groups, k=len(groups))) for _ in range(times))
    return found[int(0.025 * times)], found[int(0.975 * times)]
