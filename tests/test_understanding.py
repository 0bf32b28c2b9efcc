"""What is kept of a fine-tuning: the directions that matter most, within the bytes allowed."""

import pytest

from course_utils.foundry import understanding

torch = pytest.importorskip("torch")


def _changes() -> dict:
    """Returns a matrix of rank two whose directions are strong, a full one that is weak, and a wide one."""
    source = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=source)  # noqa: E731
    return {"strong": 5 * draw(30, 2) @ draw(2, 20), "weak": 0.1 * draw(30, 20), "wide": draw(10, 80)}


def _bytes(factors: dict) -> int:
    return 2 * sum(part.numel() for pair in factors.values() for part in pair)


def _missing(changes: dict, factors: dict) -> float:
    return float(sum(((changes[name] - left @ right) ** 2).sum() for name, (right, left) in factors.items()))


def test_a_change_of_low_rank_is_kept_whole():
    changes = {"strong": _changes()["strong"]}
    factors = understanding.strongest(changes, budget=2 * 2 * 50)
    assert _bytes(factors) == 200 and _missing(changes, factors) < 1e-6


@pytest.mark.parametrize("budget", [300, 500, 900, 2000])
def test_never_above_the_budget_and_each_keeps_one(budget):
    factors = understanding.strongest(_changes(), budget=budget)
    assert _bytes(factors) <= budget or {len(right) for right, _ in factors.values()} == {1}
    assert set(factors) == set(_changes()) and all(len(right) >= 1 for right, _ in factors.values())


def test_strong_directions_before_weak_ones():
    """Two matrices of full rank, one much the louder: all that is left over after the first direction of each is the louder one's."""
    quiet = _changes()["weak"]
    factors = understanding.strongest({"loud": 50 * quiet.flip(0), "quiet": quiet}, budget=2 * 50 * 7)
    assert {name: len(right) for name, (right, _) in factors.items()} == {"loud": 6, "quiet": 1}


def test_more_bytes_never_miss_more():
    missing = [_missing(_changes(), understanding.strongest(_changes(), budget)) for budget in (400, 800, 1600, 3200)]
    assert missing == sorted(missing, reverse=True) and missing[0] > missing[-1]


def test_it_is_the_best_of_its_rank():
    """Eckart and Young (1936): what a truncated decomposition misses is the sum of the squares of the singular values left out."""
    change = _changes()["wide"]
    right, left = understanding.strongest({"wide": change}, budget=2 * 90 * 4)["wide"]
    left_out = torch.linalg.svdvals(change)[4:]
    assert len(right) == 4 and float(((change - left @ right) ** 2).sum()) == pytest.approx(float((left_out**2).sum()), rel=1e-4)
