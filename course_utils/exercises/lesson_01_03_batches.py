"""The exercises of `01_tokenization/03_batches`: padding, windows, masked means and their cost."""

import functools
import itertools

from course_utils.exercises.core import Exercise, Wrong, call, expect, short

LENGTHS = (16, 32, 48, 64, 128, 256)
_TOLERATED = 0.10
_PATIENCE = 60.0  # seconds: the first check of a process may have to import torch, and an import must not be cut short


def _verify_pad(answer):
    for sequences, pad_id in (([[5, 6, 7], [8]], 0), ([[3], [1, 2, 9, 4], [6, 7]], 99), ([[5, 0, 7], [8], [0, 4, 0]], 0)):
        _judge_padding(answer, sequences, pad_id)


def _judge_padding(answer, sequences, pad_id):
    given = [list(row) for row in sequences]
    result = call(answer, given, pad_id)
    two = isinstance(result, tuple | list) and len(result) == 2 and all(_is_table(part) for part in result)
    expect(two, f"Return two tables, the ids and the mask, each a list of lists; found {short(result)}.")
    ids, mask = ([list(row) for row in part] for part in result)
    where = f"For {sequences} and pad_id {pad_id}"
    expect(given == sequences, f"{where}, your function changed the lists that it was given. `+=` and `append` do; `+` makes a new list.")
    widest = max(map(len, sequences))
    widths = [len(row) for row in ids]
    expect(
        set(widths) == {widest},
        f"{where}, the rows of ids have lengths {widths}; each should be as long as the longest sequence, {widest}.",
    )
    expected = _pad_by_columns(sequences, pad_id)
    left = [[pad_id] * (widest - len(row)) + row for row in sequences]
    expect(ids != left, f"{where}, the filler stands on the left. An encoder's text begins in the first column.")
    expect(ids == expected, f"{where}, the ids are {ids}; expected {expected}.")
    shape = [len(row) for row in mask]
    expect(shape == widths, f"{where}, the rows of the mask have lengths {shape}; the mask has the shape of the ids.")
    right = [[int(place < len(row)) for place in range(widest)] for row in sequences]
    expect(any(0 in row for row in mask), f"{where}, your mask calls every token real; it should be 0 where you put filler.")
    looked = [[int(token != pad_id) for token in row] for row in ids]
    expect(
        mask == right or mask != looked,
        f"{where}, a real token that happens to have the id {pad_id} is masked. Make the mask from the lengths, not from the ids.",
    )
    expect(mask == right, f"{where}, the mask is {mask}; expected 1 for each real token and 0 for filler.")


def _is_table(part):
    return hasattr(part, "__len__") and all(hasattr(row, "__len__") for row in part)


def _pad_by_columns(sequences, pad_id):
    """Returns the padded rows, made column by column; the oracle."""
    columns = itertools.zip_longest(*sequences, fillvalue=pad_id)
    return [list(row) for row in zip(*columns, strict=True)]


def pad_batch(sequences, pad_id):
    longest = max(len(ids) for ids in sequences)
    input_ids = [ids + [pad_id] * (longest - len(ids)) for ids in sequences]
    attention_mask = [[1] * len(ids) + [0] * (longest - len(ids)) for ids in sequences]
    return input_ids, attention_mask


def _other_pad(sequences, pad_id):
    places = range(max(map(len, sequences)))
    ids = [[ids[k] if k < len(ids) else pad_id for k in places] for ids in sequences]
    return ids, [[int(k < len(ids)) for k in places] for ids in sequences]


def _pad_left(sequences, pad_id):
    longest = max(map(len, sequences))
    ids = [[pad_id] * (longest - len(s)) + s for s in sequences]
    return ids, [[0] * (longest - len(s)) + [1] * len(s) for s in sequences]


def _pad_mask_from_ids(sequences, pad_id):
    ids = pad_batch(sequences, pad_id)[0]
    return ids, [[int(token != pad_id) for token in row] for row in ids]


def _pad_no_mask(sequences, pad_id):
    ids = pad_batch(sequences, pad_id)[0]
    return ids, [[1] * len(row) for row in ids]


def _pad_in_place(sequences, pad_id):
    ids, mask = pad_batch(sequences, pad_id)
    for row, padded in zip(sequences, ids, strict=True):
        row.extend(padded[len(row) :])
    return sequences, mask


def _pad_only_ids(sequences, pad_id):
    return pad_batch(sequences, pad_id)[0]


_WINDOW_CASES = ((7, 4, 1), (10, 4, 1), (11, 5, 3), (9, 4, 0), (3, 5, 2), (8, 4, 2), (12, 4, 1))


def _verify_windows(answer):
    for count, max_length, stride in _WINDOW_CASES:
        ids = list(range(count))
        result = [list(window) for window in call(answer, ids, max_length, stride)]
        where = f"For the ids 0 to {count - 1} with max_length={max_length} and stride={stride}"
        longest = max(map(len, result), default=0)
        expect(longest <= max_length, f"{where}, a window holds {longest} ids: more than max_length allows.")
        missing = sorted(set(ids) - {i for window in result for i in window})
        expect(not missing, f"{where}, the ids {missing} are in no window. The last window may be shorter than the others.")
        for before, after in itertools.pairwise(result):
            shared = len(set(before) & set(after))
            expect(
                set(after) - set(before),
                f"{where}, the window {after} holds nothing new: all of it is in {before}. Stop once a window reaches the end.",
            )
            expect(
                shared == stride,
                f"{where}, the windows {before} and {after} share {shared} ids; expected {stride}. "
                "Here the stride is the overlap, not the step from one start to the next.",
            )
        expected = _library_windows(count, max_length, stride)
        expect(result == expected, f"{where}, the windows are {short(result)}; the tokenizers library makes {short(expected)}.")


def _library_windows(count, max_length, stride):
    """Returns the windows that the library makes of the ids 0 to count - 1; the oracle."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({str(i): i for i in range(count)}, unk_token="0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(max_length, stride=stride)
    first = tokenizer.encode(" ".join(map(str, range(count))))
    return [window.ids for window in (first, *first.overflowing)]


def windows_of(ids, max_length, stride):
    step = max_length - stride
    windows = []
    for start in range(0, len(ids), step):
        windows.append(ids[start : start + max_length])
        if start + max_length >= len(ids):
            break
    return windows


def _other_windows(ids, max_length, stride):
    if len(ids) <= max_length:
        return [ids]
    return [ids[:max_length], *_other_windows(ids[max_length - stride :], max_length, stride)]


def _windows_by_step(ids, max_length, stride):
    return [ids[k : k + max_length] for k in range(0, max(1, len(ids) - max_length + stride), max(1, stride))]


def _windows_with_tail(ids, max_length, stride):
    return [ids[k : k + max_length] for k in range(0, len(ids), max_length - stride)]


def _windows_full_only(ids, max_length, stride):
    return [ids[k : k + max_length] for k in range(0, len(ids) - max_length + 1, max_length - stride)]


def _windows_without_overlap(ids, max_length, stride):
    return [ids[k : k + max_length] for k in range(0, len(ids), max_length)]


_MASKS = ([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0, 0, 1], [1, 1, 1], [0, 1, 1]], [[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]])


def _verify_last(answer):
    import torch

    for mask in map(torch.tensor, _MASKS):
        texts, tokens = mask.shape
        hidden = torch.arange(2.0 * texts * tokens).reshape(texts, tokens, 2)
        result = call(answer, hidden.clone(), mask.clone())
        where = f"For hidden of shape {tuple(hidden.shape)} and the mask {mask.tolist()}"
        expect(isinstance(result, torch.Tensor), f"{where}, expected a tensor and found {short(result)}.")
        expected = torch.stack([vectors[row.bool()][-1] for vectors, row in zip(hidden, mask, strict=True)])
        expect(
            result.shape == expected.shape,
            f"{where}, the result has shape {tuple(result.shape)}; expected one vector for each text, {tuple(expected.shape)}. "
            "Index texts and places together: hidden[rows, places].",
        )
        if torch.allclose(result, expected):
            continue
        told = f"found {result.tolist()}, expected {expected.tolist()}."
        expect(not torch.allclose(result, hidden[:, -1]), f"{where}, you take the last column, which may be filler: {told}")
        counted = hidden[torch.arange(texts), mask.sum(1) - 1]
        expect(
            not torch.allclose(result, counted),
            f"{where}, the number of real tokens minus one is the place of the last only when the text begins in column zero: {told}",
        )
        first = hidden[torch.arange(texts), mask.argmax(1)]
        expect(
            not torch.allclose(result, first), f"{where}, that is the first real token; `argmax` finds the first of equal values: {told}"
        )
        expect(False, f"{where}, {told}")


def last_real_vector(hidden, attention_mask):
    import torch

    tokens = attention_mask.shape[1]
    from_the_end = attention_mask.flip(1).argmax(dim=1)  # how many columns of filler follow the last real token
    return hidden[torch.arange(len(hidden)), tokens - 1 - from_the_end]


def _other_last(hidden, attention_mask):
    places = (attention_mask.cumsum(1) * attention_mask).argmax(1)
    return hidden.gather(1, places[:, None, None].expand(-1, 1, hidden.shape[2])).squeeze(1)


def _last_column(hidden, attention_mask):
    return hidden[:, -1]


def _last_by_count(hidden, attention_mask):
    import torch

    return hidden[torch.arange(len(hidden)), attention_mask.sum(1) - 1]


def _last_is_first(hidden, attention_mask):
    import torch

    return hidden[torch.arange(len(hidden)), attention_mask.argmax(1)]


def _last_of_every_text(hidden, attention_mask):
    return hidden[:, attention_mask.sum(1) - 1]


_WASTE_CASES = (([4, 2, 1, 1], 2), ([9, 1, 1, 1, 2, 2], 2), ([3, 5, 4, 10, 1], 2), ([7, 7, 7], 2), ([2, 6, 3], 8))


def _verify_waste(answer):
    for lengths, size in _WASTE_CASES:
        expected, found = _waste_by_drawing(lengths, size), call(answer, list(lengths), size)
        where = f"For the lengths {lengths} in batches of {size}"
        expect(isinstance(found, int | float), f"{where}, expected a number and found {short(found)}.")
        if abs(found - expected) < 1e-6:
            continue
        told = f"found {found:.4f}, expected {expected:.4f}."
        real, cut = sum(lengths), [lengths[k : k + size] for k in range(0, len(lengths), size)]
        mistakes = {
            "you padded to the longest of all texts; each batch has a longest of its own": 1 - real / (max(lengths) * len(lengths)),
            "you averaged the shares of the batches; a large batch weighs more, so sum the tokens first": sum(
                1 - sum(c) / (max(c) * len(c)) for c in cut
            )
            / len(cut),
            "you counted the last batch as a full one; it may be smaller": 1 - real / sum(max(c) * size for c in cut),
            "you divided filler by real tokens; divide by all tokens": expected / (1 - expected),
            "that is the share of real tokens; filler is the rest": 1 - expected,
        }
        why = next((text for text, value in mistakes.items() if abs(found - value) < 1e-6), "count all tokens, then the real ones")
        expect(False, f"{where}, {why}: {told}")


def _waste_by_drawing(lengths, size):
    """Returns the share of zeros in batches written out as ones and zeros; the oracle."""
    batches = [lengths[k : k + size] for k in range(0, len(lengths), size)]
    cells = [int(place < length) for batch in batches for length in batch for place in range(max(batch))]
    return cells.count(0) / len(cells)


def wasted_share(lengths, batch_size):
    total = 0
    for start in range(0, len(lengths), batch_size):
        batch = lengths[start : start + batch_size]
        total += max(batch) * len(batch)
    return (total - sum(lengths)) / total


def _other_waste(lengths, batch_size):
    batches = [lengths[k : k + batch_size] for k in range(0, len(lengths), batch_size)]
    filler = [sum(max(batch) - length for length in batch) for batch in batches]
    return sum(filler) / (sum(filler) + sum(lengths))


def _waste_to_longest_of_all(lengths, batch_size):
    return 1 - sum(lengths) / (max(lengths) * len(lengths))


def _waste_averaged(lengths, batch_size):
    batches = [lengths[k : k + batch_size] for k in range(0, len(lengths), batch_size)]
    return sum(wasted_share(batch, batch_size) for batch in batches) / len(batches)


def _waste_of_full_batches(lengths, batch_size):
    total = sum(max(lengths[k : k + batch_size]) * batch_size for k in range(0, len(lengths), batch_size))
    return 1 - sum(lengths) / total


def _waste_against_real(lengths, batch_size):
    share = wasted_share(lengths, batch_size)
    return share / (1 - share)


def _share_of_real(lengths, batch_size):
    return 1 - wasted_share(lengths, batch_size)


def _verify_brief(answer):
    expect(answer in LENGTHS, f"Found {short(answer)}; the telephone offers {', '.join(map(str, LENGTHS))}: answer with one of them.")
    lengths = _review_lengths()
    cut = sum(length > answer for length in lengths) / len(lengths)
    filler = 1 - sum(min(length, answer) for length in lengths) / (answer * len(lengths))
    mean = sum(lengths) / len(lengths)
    near = f" It lies near the mean length, {mean:.1f}, but a mean says nothing of how many are longer." if abs(answer - mean) < 4 else ""
    expect(
        cut <= _TOLERATED,
        f"At {answer}, {cut:.1%} of the reviews lose tokens: more than the brief allows, {_TOLERATED:.0%}.{near}",
    )
    smaller = [n for n in LENGTHS if n < answer and sum(length > n for length in lengths) / len(lengths) <= _TOLERATED]
    expect(
        not smaller,
        f"At {answer} the brief is kept ({cut:.1%} are cut), but {filler:.1%} of the tokens are filler; a smaller length also keeps it.",
    )
    return f"At {answer}, {cut:.1%} of the reviews are cut and {filler:.1%} of the tokens are filler."


@functools.cache
def _review_lengths():
    """Returns the number of tokens of each training review, as in the lesson."""
    from transformers import AutoTokenizer

    from course_utils import checkpoint, dataset

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    return [len(ids) for ids in tokenizer(list(dataset("reviews")["train"]["text"]), truncation=True)["input_ids"]]


def fixed_length():
    from transformers import AutoTokenizer

    from course_utils import checkpoint, dataset

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    encoded = tokenizer(list(dataset("reviews")["train"]["text"]), truncation=True)["input_ids"]
    lengths = [len(ids) for ids in encoded]
    for fixed in (16, 32, 48, 64, 128, 256):
        cut = sum(length > fixed for length in lengths) / len(lengths)
        print(fixed, f"{cut:.1%} of the reviews are cut")
        if cut <= 0.10:
            return fixed


EXERCISES = (
    Exercise(
        name="pad_batch_and_mask",
        verify=_verify_pad,
        solution=pad_batch,
        hints=(
            "How long must every row become? One number answers it for the whole batch.",
            "A row of n ids needs `longest - n` times the id of filler behind it; a list times a number repeats it.",
            "The mask needs the same two lengths and no ids at all: n ones, then `longest - n` zeros.",
        ),
        wrong={
            "padded on the left": Wrong(_pad_left, because="filler stands on the left"),
            "mask read from the ids": Wrong(_pad_mask_from_ids, because="from the lengths, not from the ids"),
            "mask of ones": Wrong(_pad_no_mask, because="calls every token real"),
            "changes its argument": Wrong(_pad_in_place, because="changed the lists that it was given"),
            "no mask": Wrong(_pad_only_ids, because="Return two tables"),
        },
        other=_other_pad,
    ),
    Exercise(
        name="overlapping_windows",
        verify=_verify_windows,
        solution=windows_of,
        hints=(
            "`stride` ids are shared. How many ids further does the next window begin, then?",
            "Begin windows at 0, step, 2 * step, … with step = max_length - stride, each `ids[start : start + max_length]`.",
            "When a window reaches the last id, the loop is done: a further one would hold only what has been read.",
        ),
        wrong={
            "stride taken as the step": Wrong(_windows_by_step, because="the stride is the overlap"),
            "a tail with nothing new": Wrong(_windows_with_tail, because="holds nothing new"),
            "only full windows": Wrong(_windows_full_only, because="are in no window"),
            "no overlap": Wrong(_windows_without_overlap, because="share 0 ids"),
        },
        other=_other_windows,
    ),
    Exercise(
        name="last_real_vector",
        verify=_verify_last,
        solution=last_real_vector,
        hints=(
            "Which column holds the last 1 of each row of the mask? The ones need not begin in column zero.",
            "`argmax` finds the *first* largest value. Seen from the right end, the last 1 comes first: `attention_mask.flip(1)`.",
            "With `k = attention_mask.flip(1).argmax(1)`, the last 1 stands in column `tokens - 1 - k`.",
            "One vector a text: `hidden[torch.arange(len(hidden)), places]`.",
        ),
        wrong={
            "last column": Wrong(_last_column, because="which may be filler"),
            "counted from the left": Wrong(_last_by_count, because="only when the text begins in column zero"),
            "first real token": Wrong(_last_is_first, because="that is the first real token"),
            "every pair of text and place": Wrong(_last_of_every_text, because="one vector for each text"),
        },
        other=_other_last,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="wasted_share_of_batches",
        verify=_verify_waste,
        solution=wasted_share,
        hints=(
            "Count two numbers over all batches: the tokens after padding, and the real ones. The second needs no batches at all.",
            "A batch takes its longest length times its number of texts: `max(batch) * len(batch)`.",
            "With `total` summed over `lengths[start : start + batch_size]`, the share is `(total - sum(lengths)) / total`.",
        ),
        wrong={
            "one longest for all": Wrong(_waste_to_longest_of_all, because="each batch has a longest of its own"),
            "mean of shares": Wrong(_waste_averaged, because="sum the tokens first"),
            "last batch full": Wrong(_waste_of_full_batches, because="it may be smaller"),
            "divided by real tokens": Wrong(_waste_against_real, because="divide by all tokens"),
            "share of real tokens": Wrong(_share_of_real, because="filler is the rest"),
        },
        other=_other_waste,
    ),
    Exercise(
        name="fixed_length_for_a_brief",
        verify=_verify_brief,
        solution=fixed_length,
        hints=(
            "A review loses tokens when its length is above the fixed one. For each of the six, count the share of such reviews.",
            "`sum(length > 64 for length in lengths) / len(lengths)` is that share for 64. Which of the six stay at or below 0.10?",
            "Of those that do, the smallest wastes least.",
        ),
        wrong={
            "near the mean": Wrong(32, because="a mean says nothing"),
            "too short": Wrong(16, because="more than the brief allows"),
            "safe and wasteful": Wrong(64, because="a smaller length also keeps it"),
            "nothing cut": Wrong(256, because="a smaller length also keeps it"),
            "not on offer": Wrong(118, because="answer with one of them"),
        },
        other=48,
        value=True,
        seconds=_PATIENCE,
    ),
)
