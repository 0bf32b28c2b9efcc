"""Intervals of measured shares: against published values, and against what counting gives."""

import pytest

from course_utils.foundry import intervals


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_in_the_table_of_newcombe(hits, count, low, high):
    """Newcombe (1998), table I, method 3."""
    assert intervals.of_share(hits / count, count) == pytest.approx((low, high), abs=2e-4)


def _mean(groups: list[list[int]]) -> float:
    trials = [trial for group in groups for trial in group]
    return sum(trials) / len(trials)


def test_groups_of_one_give_about_what_wilson_gives():
    found = intervals.of_groups([[1]] * 120 + [[0]] * 80, _mean)
    assert found == pytest.approx(intervals.of_share(0.6, 200), abs=0.015)


def test_trials_that_agree_within_their_group_widen_the_interval():
    narrow = intervals.of_groups([[1, 0, 1, 0, 1]] * 40, _mean)
    wide = intervals.of_groups([[1] * 5] * 24 + [[0] * 5] * 16, _mean)
    assert narrow == pytest.approx((0.6, 0.6)) and wide[1] - wide[0] > 0.25


def test_same_groups_same_interval():
    groups = [[i % 3, 1] for i in range(50)]
    assert intervals.of_groups(groups, _mean) == intervals.of_groups(groups, _mean)
