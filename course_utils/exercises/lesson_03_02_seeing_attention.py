"""The exercises of `03_attention/02_seeing_attention`: a score, a fair chance, what induction wants, an ablation, a head of one's own."""

import functools

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and run the encoder


def _verify_looks_back(answer):
    import torch

    weights = torch.rand((3, 7, 7), generator=torch.Generator().manual_seed(4)).softmax(dim=-1) ** 2
    for steps in (1, 2, 3):
        found = call(answer, weights.clone(), steps)
        where = f"For {steps} step{'s' if steps > 1 else ''} back"
        expect(hasattr(found, "shape"), f"{where}, expected a tensor and found {short(found)}.")
        expect(tuple(found.shape) == (3,), f"{where}, the result has shape {tuple(found.shape)}; expected one number a head, (3,).")
        picked = torch.stack([weights[:, i, i - steps] for i in range(steps, 7)])
        if torch.allclose(found, picked.mean(dim=0), atol=1e-6):
            continue
        ahead = torch.stack([weights[:, i - steps, i] for i in range(steps, 7)]).mean(dim=0)
        expect(
            not torch.allclose(found, ahead, atol=1e-6), f"{where}, you looked ahead. A row looks, a column is looked at: weights[:, i, j]."
        )
        around = torch.stack([weights[:, i, i - steps] for i in range(7)]).mean(dim=0)
        expect(not torch.allclose(found, around, atol=1e-6), f"{where}, the first rows count too: index i - {steps} below 0 means the end.")
        expect(
            not torch.allclose(found, picked.sum(dim=0) / 7, atol=1e-6),
            f"{where}, you divided by all 7 rows; only {7 - steps} have such a token.",
        )
        refuse(f"{where}, found {short(found.tolist())}, expected {short(picked.mean(dim=0).tolist())}.")
    return "One line, and every head of a layer is scored."


def looks_back(weights, steps):
    return weights.diagonal(offset=-steps, dim1=-2, dim2=-1).mean(dim=-1)


def _other_looks_back(weights, steps):
    import torch

    rows = torch.arange(steps, weights.shape[1])
    return weights[:, rows, rows - steps].sum(dim=1) / len(rows)


def _looks_ahead(weights, steps):
    return weights.diagonal(offset=steps, dim1=-2, dim2=-1).mean(dim=-1)


def _looks_around(weights, steps):
    import torch

    rows = torch.arange(weights.shape[1])
    return weights[:, rows, rows - steps].mean(dim=1)


def _looks_back_by_all(weights, steps):
    return weights.diagonal(offset=-steps, dim1=-2, dim2=-1).sum(dim=-1) / weights.shape[1]


def _looks_back_summed(weights, steps):
    return weights.diagonal(offset=-steps, dim1=-2, dim2=-1).mean()


def _verify_luck(answer):
    import torch

    shuffled = torch.tensor([[0.10, 0.30, 0.20, 0.05], [0.40, 0.10, 0.10, 0.05], [0.20, 0.20, 0.25, 0.05]])
    for scores in ([0.35, 0.45, 0.30, 0.10], [0.41, 0.39, 0.60, 0.40], [0.1, 0.2, 0.3, 0.2], [0.9, 0.8, 0.7, 0.6]):
        found = call(answer, torch.tensor(scores), shuffled.clone())
        where = f"For the scores {scores}"
        expect(isinstance(found, list), f"{where}, expected a list of numbers of heads and found {short(found)}.")
        found, expected = [int(head) for head in found], [head for head, value in enumerate(scores) if value > 0.40001]
        if found == expected:
            continue
        alone = [head for head, value in enumerate(scores) if value > float(shuffled[:, head].max())]
        expect(
            found != alone, f"{where}, you compared each head with its own shuffles. You choose among all heads, so luck may choose too."
        )
        mean = [head for head, value in enumerate(scores) if value > float(shuffled.max(dim=1).values.mean()) + 1e-6]
        expect(found != mean, f"{where}, you compared with the mean of the bests; above every shuffle means above the largest.")
        single = [head for head, value in enumerate(scores) if value > float(shuffled.mean()) + 1e-6]
        expect(found != single, f"{where}, you compared with the mean of all shuffled scores. What is the best head of each shuffle?")
        expect(sorted(found) != expected, f"{where}, the right heads in another order: lowest number first.")
        refuse(f"{where}, found {found}, expected {expected}: the best of all shuffles is 0.40.")
    return "Those heads would have won any of the shuffles."


def beats_luck(scores, shuffled):
    best_by_luck = shuffled.max()
    return [head for head, score in enumerate(scores.tolist()) if score > best_by_luck]


def _other_luck(scores, shuffled):
    return (scores[None] > shuffled.amax(dim=1, keepdim=True)).all(dim=0).nonzero()[:, 0].tolist()


def _luck_alone(scores, shuffled):
    return (scores > shuffled.amax(dim=0)).nonzero()[:, 0].tolist()


def _luck_mean_of_bests(scores, shuffled):
    return (scores > shuffled.amax(dim=1).mean() + 1e-6).nonzero()[:, 0].tolist()


def _luck_mean(scores, shuffled):
    return (scores > shuffled.mean() + 1e-6).nonzero()[:, 0].tolist()


def _luck_unsorted(scores, shuffled):
    return [head for head in scores.argsort(descending=True).tolist() if scores[head] > shuffled.max()]


_LINES = ([5, 6, 7, 5, 6], [1, 2, 1, 3, 1], [4, 4, 4, 4], [1, 2, 3], [9, 8, 9, 8, 7, 8])


def _verify_induction(answer):
    for ids in _LINES:
        found = call(answer, list(ids))
        expect(isinstance(found, list), f"For {ids}, expected a list of pairs and found {short(found)}.")
        found = [tuple(map(int, pair)) for pair in found]
        expected = _induction_oracle(ids)
        if found == expected:
            continue
        where = f"For {ids}"
        mistakes = {
            "those columns hold the same word; an induction head looks one further, at what came after it": [
                (i, j - 1) for i, j in expected
            ],
            "you took the first earlier occurrence; the last one counts": [
                (i, ids.index(x) + 1) for i, x in enumerate(ids) if x in ids[:i] and ids.index(x) + 1 < i
            ],
        }
        for text, wrong in mistakes.items():
            expect(found != wrong or found == expected, f"{where}, {text}: found {found}, expected {expected}.")
        expect(all(j < i for i, j in found), f"{where}, {short(found)} holds a column that is not before its row.")
        expect(sorted(found) != expected, f"{where}, the right pairs in another order.")
        refuse(f"{where}, found {short(found)}, expected {expected}.")
    return "These are the rows and columns over which a score of induction is the mean."


def _induction_oracle(ids):
    """Returns the pairs by looking at every pair of places; a column that is no column before the row is left out."""
    last = {i: max((j for j in range(i) if ids[j] == ids[i]), default=None) for i in range(len(ids))}
    return [(i, j + 1) for i, j in last.items() if j is not None and j + 1 < i]


def induction_places(ids):
    seen, pairs = {}, []
    for row, token in enumerate(ids):
        if token in seen and seen[token] + 1 < row:
            pairs.append((row, seen[token] + 1))
        seen[token] = row
    return pairs


def _other_induction(ids):
    pairs = []
    for row in range(len(ids)):
        earlier = [j for j in range(row) if ids[j] == ids[row]]
        if earlier and earlier[-1] != row - 1:
            pairs.append([row, earlier[-1] + 1])
    return pairs


def _induction_same_word(ids):
    return [(i, j - 1) for i, j in induction_places(ids)]


def _induction_first(ids):
    return [(i, ids.index(x) + 1) for i, x in enumerate(ids) if x in ids[:i] and ids.index(x) + 1 < i]


def _induction_with_itself(ids):
    seen, pairs = {}, []
    for row, token in enumerate(ids):
        if token in seen:
            pairs.append((row, seen[token] + 1))
        seen[token] = row
    return pairs


def _verify_silenced(answer):
    import torch

    vectors = torch.randn((2, 3, 12), generator=torch.Generator().manual_seed(2)) + 5
    for heads, count in (([1], 3), ([0, 3], 4), ([], 4), ([1, 4, 5], 6)):
        given = vectors.clone()
        found = call(answer, given, list(heads), count)
        where = f"With heads={heads}, count={count}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(torch.equal(given, vectors), f"{where}, your function changed the vectors that it was given. Work on a copy.")
        expect(found.shape == vectors.shape, f"{where}, the result has shape {tuple(found.shape)}; expected {tuple(vectors.shape)}.")
        size = 12 // count
        quiet = torch.tensor([place // size in heads for place in range(12)])
        expected = torch.where(quiet, 0.0, vectors)
        if torch.equal(found, expected):
            continue
        kept = torch.where(~quiet, 0.0, vectors)
        expect(not torch.equal(found, kept), f"{where}, you kept the heads of the list and silenced the others.")
        strided = torch.where(torch.tensor([place % count in heads for place in range(12)]), 0.0, vectors)
        expect(not torch.equal(found, strided), f"{where}, a head's numbers stand side by side: {size} of them, not every {count}th.")
        rows = vectors.clone()
        rows[:, [head for head in heads if head < 3]] = 0
        expect(not torch.equal(found, rows), f"{where}, you silenced tokens; heads are slices of the last dimension.")
        refuse(f"{where}, zero are the places {_zeros(found)}; expected {_zeros(expected)}.")
    return "Put into a hook before the output matrix, this takes any set of heads away."


def _zeros(tensor):
    return (tensor == 0).all(dim=0).all(dim=0).nonzero()[:, 0].tolist()


def silenced(vectors, heads, count):
    split = vectors.clone().unflatten(-1, (count, -1))
    split[..., heads, :] = 0
    return split.flatten(-2)


def _other_silenced(vectors, heads, count):
    import torch

    size = vectors.shape[-1] // count
    kept = torch.ones(count)
    for head in heads:
        kept[head] = 0
    return vectors * kept.repeat_interleave(size)


def _silenced_in_place(vectors, heads, count):
    size = vectors.shape[-1] // count
    for head in heads:
        vectors[..., head * size : (head + 1) * size] = 0
    return vectors


def _silenced_the_others(vectors, heads, count):
    return vectors - silenced(vectors, heads, count)


def _silenced_strided(vectors, heads, count):
    vectors = vectors.clone()
    for head in heads:
        vectors[..., head::count] = 0
    return vectors


def _silenced_tokens(vectors, heads, count):
    vectors = vectors.clone()
    vectors[:, [head for head in heads if head < vectors.shape[1]]] = 0
    return vectors


_ROWS, _LEAST, _TIMES = 30, 0.1, 3


@functools.cache
def _encoder_maps():
    """Returns the tokens of 24 passages that the lesson does not use, and the attention of all heads over them."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from course_utils.catalog import checkpoint
    from course_utils.loaders import dataset

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("fill-mask"))
    encoder = AutoModel.from_pretrained(checkpoint("fill-mask"), dtype=torch.float32, attn_implementation="eager").eval()
    rows = dataset("passages")["test"].select(range(40, 64))
    texts = [tokenizer(row["text"], truncation=True, max_length=64)["input_ids"] for row in rows]
    with torch.no_grad():
        maps = [torch.cat(encoder(torch.tensor([ids]), output_attentions=True).attentions, dim=1)[0] for ids in texts]
    return [tokenizer.convert_ids_to_tokens(ids) for ids in texts], maps


def _verify_own_head(answer):
    import torch

    texts, maps = _encoder_maps()
    places = []
    for number, words in enumerate(texts):
        for i in range(1, len(words) - 1):
            j = _asked(answer, words, i)
            if j is not None:
                expect(0 <= j < len(words), f"For row {i} of a text of {len(words)} tokens your rule names column {j}, which is not there.")
                places.append((number, i, int(j)))
    expect(len(places) >= _ROWS, f"Your rule names a column in only {len(places)} rows of 24 texts; at least {_ROWS} are needed.")
    special = sum(texts[t][j] in ("[CLS]", "[SEP]") for t, _, j in places)
    expect(special <= 0.05 * len(places), f"{special} of {len(places)} of your columns are special tokens, which the lesson has scored.")
    near = sum(abs(i - j) <= 1 for _, i, j in places)
    expect(
        near <= 0.5 * len(places), f"{near} of {len(places)} of your columns are the row itself or its neighbours: scored in the lesson."
    )
    best, head = _mean_weight(maps, places).max(dim=0)
    found = f"The best head, L{head // 12}H{head % 12}, gives your columns {best:.2f}"
    expect(best >= _LEAST, f"{found}; at least {_LEAST} is asked for. Which words does one head really favour? Look at a few head views.")
    draws = torch.Generator().manual_seed(0)
    luck = 0.0
    for _ in range(50):
        wild = [(t, i, int(torch.randint(len(texts[t]), (1,), generator=draws))) for t, i, _ in places]
        luck = max(luck, float(_mean_weight(maps, wild).max()))
    expect(best >= _TIMES * luck, f"{found}, and a shuffle reaches {luck:.2f}: too near. Is your rule about too few rows?")
    return f"{found}, over {len(places)} rows; the luckiest of 50 shuffles reaches {luck:.2f}."


def _asked(answer, words, i):
    """Returns the column that a learner's rule names, None included, which `call` takes for a missing return."""
    if not callable(answer):
        refuse(f"The check expected a function and found {short(answer)}. Pass the function itself, without calling it.")
    given = list(words)
    column = call(lambda words, i: (answer(words, i),), given, i)[0]
    expect(column is None or isinstance(column, int), f"For row {i}, expected the number of a column or None and found {short(column)}.")
    return column


def _mean_weight(maps, places):
    import torch

    return torch.stack([maps[t][:, i, j] for t, i, j in places]).mean(dim=0)


def own_rule(words, i):
    """From an article to the word after the next: to the noun, where an adjective stands between."""
    return i + 2 if words[i] in ("the", "a", "an") and i + 2 < len(words) - 1 else None


def _other_rule(words, i):
    return i - 3 if i > 3 else None


def _rule_previous(words, i):
    return i - 1


def _rule_first(words, i):
    return 0


def _rule_of(words, i):
    return max((j for j in range(i) if words[j] == "of"), default=None)


def _rule_rare(words, i):
    return max((j for j in range(i) if words[j].isdigit()), default=None) if words[i].isdigit() else None


def _rule_outside(words, i):
    return i + 5


EXERCISES = (
    Exercise(
        name="looks_back",
        verify=_verify_looks_back,
        solution=looks_back,
        hints=(
            "For row i the column is i - steps. Which is the first row that has one?",
            "The weights in question lie on a diagonal below the main one: tensor.diagonal(offset=..., dim1=-2, dim2=-1).",
        ),
        wrong={
            "ahead": Wrong(_looks_ahead, because="you looked ahead"),
            "around the corner": Wrong(_looks_around, because="below 0 means the end"),
            "divides by all rows": Wrong(_looks_back_by_all, because="you divided by all 7 rows"),
            "one number": Wrong(_looks_back_summed, because="one number a head"),
        },
        other=_other_looks_back,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="beats_luck",
        verify=_verify_luck,
        solution=beats_luck,
        hints=(
            "In each shuffle some head is best by luck. What is the best that luck ever reached?",
            "shuffled.max() is the largest number of the whole table. Which scores are above it?",
        ),
        wrong={
            "each head alone": Wrong(_luck_alone, because="its own shuffles"),
            "mean of the bests": Wrong(_luck_mean_of_bests, because="the mean of the bests"),
            "mean of all": Wrong(_luck_mean, because="the mean of all shuffled scores"),
            "best head first": Wrong(_luck_unsorted, because="lowest number first"),
        },
        other=_other_luck,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="induction_places",
        verify=_verify_induction,
        solution=induction_places,
        hints=(
            "Walk through the text and keep in a dictionary where each token stood last.",
            "If the token stood at place j, the column is j + 1. When is j + 1 the row itself, and not before it?",
            "Look the token up before you write its new place into the dictionary.",
        ),
        wrong={
            "the same word": Wrong(_induction_same_word, because="hold the same word"),
            "first occurrence": Wrong(_induction_first, because="the last one counts"),
            "the row itself": Wrong(_induction_with_itself, because="not before its row"),
        },
        other=_other_induction,
    ),
    Exercise(
        name="silenced_heads",
        verify=_verify_silenced,
        solution=silenced,
        hints=(
            "Each head owns size / count numbers, one head after the other. Which places belong to head 2?",
            "Head h owns the places from h * width up to (h + 1) * width. Set them to zero in a clone.",
        ),
        wrong={
            "changes its argument": Wrong(_silenced_in_place, because="Work on a copy"),
            "the others": Wrong(_silenced_the_others, because="silenced the others"),
            "every nth number": Wrong(_silenced_strided, because="side by side"),
            "tokens": Wrong(_silenced_tokens, because="slices of the last dimension"),
        },
        other=_other_silenced,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="own_head",
        verify=_verify_own_head,
        solution=own_rule,
        hints=(
            "Draw a few model views and look for a head that is neither a sink nor a neighbour. What do its lines have in common?",
            "A rule may be about places alone, such as two or three steps away, or about words: from each article, say, to a word near it.",
            "If the best head gives your columns too little, narrow the rows: return None wherever you do not expect the pattern.",
        ),
        wrong={
            "the previous token": Wrong(_rule_previous, because="its neighbours"),
            "the first token": Wrong(_rule_first, because="special tokens"),
            "the last 'of'": Wrong(_rule_of, because="is asked for"),
            "too rare": Wrong(_rule_rare, because="rows of 24 texts"),
            "beyond the end": Wrong(_rule_outside, because="which is not there"),
        },
        other=_other_rule,
        seconds=_PATIENCE,
    ),
)
