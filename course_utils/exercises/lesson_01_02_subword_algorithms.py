"""Exercises of 01_tokenization/02_subword_algorithms: one step of training, bytes to text, counting splits, who says [UNK], what size."""

import functools
import itertools
from typing import Any

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

COLD_START = 60.0  # seconds: the first check in a fresh process imports transformers and trains five vocabularies

_CORPORA = (
    {"hug": 4, "pug": 2, "hut": 3},
    {"abab": 2, "bc": 3},
    {"zip": 5, "zap": 4, "nap": 6, "nip": 3},
    {"cab": 1, "dab": 1, "ox": 9, "zoo": 3},
    {"ba": 2, "ab": 2},
)


def _merge_of_the_library(counts: dict[str, int]) -> tuple[str, str]:
    """Returns the first merge that the library learns from these words."""
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    lines = [" ".join([word] * count) for word, count in counts.items()]
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(show_progress=False))
    return tuple(json.loads(tokenizer.to_str())["model"]["merges"][0])


def _verify_most_frequent_pair(answer: Any) -> str:
    for counts in _CORPORA:
        found, expected = call(answer, dict(counts)), _merge_of_the_library(counts)
        where = f"most_frequent_pair({counts!r}) is {short(found)}, and the library merges {expected} first."
        expect(not isinstance(found, str), f"A tuple of two letters is expected, not one text. {where}")
        if isinstance(found, (list, tuple)) and tuple(found) == expected:
            continue
        unweighted = _pair_in_distinct_words(counts)
        expect(
            isinstance(found, (list, tuple)) and len(found) == 2 and all(isinstance(part, str) and len(part) == 1 for part in found),
            f"A tuple of two letters is expected. {where}",
        )
        pairs = _pairs(counts)
        tied = pairs[tuple(found)] == pairs[expected]
        expect(not tied, f"Both pairs occur equally often; of equals, the alphabetically first is wanted. {where}")
        expect(
            tuple(found) != unweighted or unweighted == expected,
            f"Each word was counted once. A word that occurs nine times counts nine times. {where}",
        )
        refuse(f"Is each pair counted wherever it stands, also twice in one word? {where}")
    return "The library's first merge, ties included. Joining that pair and asking again is all of BPE's training."


def _pairs(counts: dict[str, int]) -> dict[tuple[str, str], int]:
    from collections import Counter

    found: Counter = Counter()
    for word, count in counts.items():
        for pair in itertools.pairwise(word):
            found[pair] += count
    return found


def _most_frequent_pair(counts):
    from itertools import pairwise

    pairs = {}
    for word, count in counts.items():
        for pair in pairwise(word):
            pairs[pair] = pairs.get(pair, 0) + count
    highest = max(pairs.values())
    return min(pair for pair in pairs if pairs[pair] == highest)


def _pair_in_distinct_words(counts):
    return _most_frequent_pair(dict.fromkeys(counts, 1))


def _pair_first_met(counts):
    pairs = _pairs(counts)
    return max(pairs, key=pairs.get)


def _pair_as_text(counts):
    return "".join(_most_frequent_pair(counts))


def _pair_once_a_word(counts):
    from collections import Counter

    pairs = Counter()
    for word, count in counts.items():
        for pair in set(itertools.pairwise(word)):
            pairs[pair] += count
    return min(pairs, key=lambda pair: (-pairs[pair], pair))


def _pair_by_sorting(counts):
    from collections import Counter

    pairs = Counter(pair for word, count in counts.items() for pair in list(itertools.pairwise(word)) * count)
    return sorted(pairs, key=lambda pair: (-pairs[pair], pair))[0]


@functools.cache
def _byte_of() -> dict[str, int]:
    """Returns the byte behind each character that byte-level tokens show; found by asking the library, byte by byte."""
    from tokenizers import pre_tokenizers

    shown = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    found = {}
    for text in map(chr, range(0x800)):
        pieces = shown.pre_tokenize_str(text)[0][0]
        found |= dict(zip(pieces, text.encode(), strict=True))
    for first in range(0xE1, 0xED):  # leading bytes of characters with three bytes, then with four
        text = bytes([first, 0x80, 0x80]).decode()
        found |= dict(zip(shown.pre_tokenize_str(text)[0][0], text.encode(), strict=True))
    for text in map(chr, (0x800, 0xE000, 0xF000, 0x10000, 0x40000, 0x80000, 0xC0000, 0x100000, 0xD000)):
        found |= dict(zip(shown.pre_tokenize_str(text)[0][0], text.encode(), strict=True))
    return found


def _verify_text_of_byte_tokens(answer: Any) -> str:
    from tokenizers import decoders

    decoder = decoders.ByteLevel()
    for tokens in (["The", "Ġcat"], ["ðŁĳį", "!"], ["Ġca", "f", "Ã", "©"], ["ð", "Ł", "ĳ", "į", "!"], [], ["a", "Ã"]):
        found, expected = call(answer, list(tokens), dict(_byte_of())), decoder.decode(tokens)
        where = f"text_of_byte_tokens({tokens!r}, byte_of) is {short(found)}; expected {expected!r}."
        expect(isinstance(found, str), f"A text is expected. Do the bytes still have to be decoded? {where}")
        if found == expected:
            continue
        joined = "".join(tokens)
        expect(
            found not in (joined, joined.replace("Ġ", " ")), f"These are the shown characters, not the bytes that they stand for. {where}"
        )
        expect(
            found.count("�") <= expected.count("�"),
            f"A letter's bytes were torn apart: put all bytes together first, and decode once. {where}",
        )
        expect("�" in found or "�" not in expected, f"The incomplete end was left out; it has to show as �. {where}")
        expect(
            found != "".join(chr(_byte_of()[shown]) for shown in joined),
            f"Each byte became a character of its own; bytes beyond 127 only make sense together, as UTF-8. {where}",
        )
        refuse(where)
    return "This is why a chat program that shows tokens as they come must wait for the rest of a letter."


def _text_of_byte_tokens(tokens, byte_of):
    data = bytes(byte_of[character] for token in tokens for character in token)
    return data.decode("utf-8", errors="replace")


def _text_by_spaces_only(tokens, byte_of):
    return "".join(tokens).replace("Ġ", " ")


def _text_token_by_token(tokens, byte_of):
    return "".join(bytes(byte_of[c] for c in token).decode("utf-8", errors="replace") for token in tokens)


def _text_byte_by_byte(tokens, byte_of):
    return "".join(chr(byte_of[c]) for token in tokens for c in token)


def _text_without_the_incomplete(tokens, byte_of):
    return bytes(byte_of[c] for c in "".join(tokens)).decode("utf-8", errors="ignore")


def _text_strict(tokens, byte_of):
    return bytes(byte_of[c] for c in "".join(tokens)).decode("utf-8")


def _text_with_a_bytearray(tokens, byte_of):
    data = bytearray()
    for token in tokens:
        data.extend(byte_of[character] for character in token)
    return str(data, "utf-8", "replace")


_SPLITTABLE = (
    ("tokens", {"token", "s", "to", "kens", "ken"}),
    ("tokens", {"tokens"}),
    ("abab", {"a", "b", "ab", "aba"}),
    ("cab", {"a", "b"}),
    ("aaaa", {"a", "aa"}),
    ("tokenx", {"token", "tok", "en"}),
)


def _every_split(word: str, pieces: set[str]) -> list[list[str]]:
    if not word:
        return [[]]
    return [[word[:end], *rest] for end in range(1, len(word) + 1) if word[:end] in pieces for rest in _every_split(word[end:], pieces)]


def _verify_count_splits(answer: Any) -> str:
    for word, pieces in _SPLITTABLE:
        found, every = call(answer, word, set(pieces)), _every_split(word, pieces)
        where = f"count_splits({word!r}, {sorted(pieces)}) is {short(found)}; expected {len(every)}."
        expect(isinstance(found, int) and not isinstance(found, bool), f"A whole number is expected. {where}")
        if found == len(every):
            continue
        if not every:
            refuse(f"Some letters are in no piece, so there is no split at all. {where}")
        inside = sum(piece in word for piece in pieces)
        expect(found != inside, f"This is the number of pieces that occur in the word, not the number of ways to write it. {where}")
        expect(found != len(every) - 1 or word not in pieces, f"The whole word as one piece is a split too. {where}")
        expect(found != 0, f"There is at least one split. The empty beginning counts as one way: what is ways[0]? {where}")
        expect(found > 1, f"Taking the longest piece each time gives one way; all ways are wanted. {where}")
        refuse(f"The splits are {' | '.join(' '.join(split) for split in every)}. {where}")
    before, ways = 1, 1
    for _ in range(59):
        before, ways = ways, before + ways
    found = call(answer, "a" * 60, {"a", "aa"})
    expect(found == ways, f"count_splits('a' * 60, ['a', 'aa']) is {short(found)}; expected {ways}.")
    return f"Sixty letters, {ways:,} splits, and no need to list them: that is what makes Viterbi possible."


def _count_splits(word, pieces):
    ways = [1]  # ways[end]: the number of splits of word[:end]; the empty beginning has one
    for end in range(1, len(word) + 1):
        ways.append(sum(ways[start] for start in range(end) if word[start:end] in pieces))
    return ways[-1]


def _count_pieces_inside(word, pieces):
    return sum(piece in word for piece in pieces)


def _count_without_the_whole(word, pieces):
    return _count_splits(word, pieces - {word})


def _count_by_greed(word, pieces):
    while word:
        end = next((end for end in range(len(word), 0, -1) if word[:end] in pieces), None)
        if end is None:
            return 0
        word = word[end:]
    return 1


def _count_at_least_one(word, pieces):
    return max(1, _count_splits(word, pieces))


def _count_by_listing(word, pieces):
    return len(_every_split(word, pieces))


def _count_with_memory(word, pieces):
    @functools.cache
    def from_here(start):
        if start == len(word):
            return 1
        return sum(from_here(start + len(piece)) for piece in pieces if word.startswith(piece, start))

    return from_here(0)


_MESSAGES = {
    "a": "teh cofee was awfull",
    "b": "GREAT COFFEE!!!",
    "c": "great coffee☕",
    "d": "naïve café crème",
    "e": "x = coffee[0]  # tasty",
    "f": "спасибо for the coffee",
}
_WHY = {
    "a": "a typing error is made of known letters, so it falls into more pieces",
    "b": "capitals are made small before anything is looked up",
    "c": "the cup is in no piece, and it touches a word",
    "d": "accents are removed before anything is looked up",
    "e": "brackets, = and # stand in plenty in the documentation",
    "f": "the documentation held no Cyrillic letters",
}


def _verify_texts_with_unknowns(answer: Any) -> str:
    if isinstance(answer, str):
        answer = set(answer.replace(",", "").replace(" ", ""))
    expect(
        isinstance(answer, (set, frozenset, list, tuple)), f'A set of letters is expected, such as {{"a", "b"}}; this is {short(answer)}.'
    )
    strange = [letter for letter in answer if letter not in _MESSAGES]
    expect(not strange, f"{short(strange)} is not among the letters a to f.")
    expected = _texts_with_unknowns()
    for letter in sorted(set(answer) - expected):
        refuse(f"{letter}, {_MESSAGES[letter]!r}, has no [UNK]: {_WHY[letter]}.")
    for letter in sorted(expected - set(answer)):
        refuse(f"One that has an [UNK] is missing: {_WHY[letter]}.")
    return "Characters decide, not words. And look at the tokens of c: the word coffee is lost with the cup."


def _texts_with_unknowns():
    from transformers import AutoTokenizer

    from course_utils.catalog import checkpoint

    messages = {
        "a": "teh cofee was awfull",
        "b": "GREAT COFFEE!!!",
        "c": "great coffee☕",
        "d": "naïve café crème",
        "e": "x = coffee[0]  # tasty",
        "f": "спасибо for the coffee",
    }
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("tokenizer-wordpiece"))
    return {letter for letter, text in messages.items() if "[UNK]" in tokenizer.tokenize(text)}


_SIZES = (500, 1000, 2000, 4000, 8000)


@functools.cache
def _tokens_per_word() -> dict[int, float]:
    """Returns the tokens per word of held-out text, by vocabulary size."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from course_utils.loaders import dataset

    documentation = dataset("python-docs")
    training, held_out = list(documentation["train"]["text"]), list(documentation["test"]["text"])
    words = sum(len(text.split()) for text in held_out)
    measured = {}
    for size in _SIZES:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        settings = {"special_tokens": ["<|endoftext|>"], "initial_alphabet": alphabet, "show_progress": False}
        tokenizer.train_from_iterator(training, trainers.BpeTrainer(vocab_size=size, **settings))
        measured[size] = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(held_out)) / words
    return measured


def _verify_vocabulary_size_for_brief(answer: Any) -> str:
    expect(
        isinstance(answer, int) and not isinstance(answer, bool),
        f"One of the five sizes is expected, such as 500; this is {short(answer)}.",
    )
    expect(answer in _SIZES, f"{answer} is not one of the five sizes measured: {', '.join(map(str, _SIZES))}.")
    ratio, megabytes = _tokens_per_word()[answer], answer * 384 * 4 / 1e6
    expect(ratio <= 1.8, f"With {answer} pieces, held-out text needs {ratio:.2f} tokens per word; the brief allows 1.8.")
    expect(megabytes <= 10, f"The table of {answer} pieces takes {megabytes:.1f} MB; the brief allows 10.")
    smaller = [size for size in _SIZES if size < answer and _tokens_per_word()[size] <= 1.8]
    expect(not smaller, f"{answer} satisfies both limits, and so does a smaller size; the smallest is wanted.")
    return "In 2 bytes a number the answer stays: the limit that binds here is tokens per word, and the table only rules out the largest."


def _vocabulary_size_for_brief():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from course_utils.loaders import dataset

    documentation = dataset("python-docs")
    training, held_out = list(documentation["train"]["text"]), list(documentation["test"]["text"])
    for size in (500, 1000, 2000, 4000, 8000):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        settings = {"special_tokens": ["<|endoftext|>"], "initial_alphabet": alphabet, "show_progress": False}
        tokenizer.train_from_iterator(training, trainers.BpeTrainer(vocab_size=size, **settings))
        tokens = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(held_out))
        per_word = tokens / sum(len(text.split()) for text in held_out)
        if per_word <= 1.8 and size * 384 * 4 <= 10_000_000:
            return size


EXERCISES = (
    Exercise(
        name="most_frequent_pair",
        verify=_verify_most_frequent_pair,
        solution=_most_frequent_pair,
        hints=(
            "Two steps: count all pairs of neighbouring letters, then choose one.",
            "`itertools.pairwise(word)` gives the neighbours. Add the word's count, not 1, for each of them.",
            "`min(pairs, key=lambda pair: (-pairs[pair], pair))` puts the highest count first and the alphabet second.",
        ),
        wrong={
            "each word once": Wrong(_pair_in_distinct_words, because="counted once"),
            "the first one met wins a tie": Wrong(_pair_first_met, because="alphabetically first"),
            "joined to one text": Wrong(_pair_as_text, because="tuple of two letters"),
            "a pair once a word": Wrong(_pair_once_a_word, because="twice in one word"),
        },
        other=_pair_by_sorting,
        seconds=COLD_START,
    ),
    Exercise(
        name="text_of_byte_tokens",
        verify=_verify_text_of_byte_tokens,
        solution=_text_of_byte_tokens,
        hints=(
            "A token is a row of shown characters, and each of them stands for one byte.",
            "Collect the bytes of all tokens before you decode any of them.",
            "`bytes(numbers)` makes bytes of a list of numbers; `.decode` takes an argument `errors` for what is incomplete.",
        ),
        wrong={
            "only the space undone": Wrong(_text_by_spaces_only, because="shown characters"),
            "each token decoded alone": Wrong(_text_token_by_token, because="torn apart"),
            "each byte a character": Wrong(_text_byte_by_byte, because="character of its own"),
            "the end dropped": Wrong(_text_without_the_incomplete, because="left out"),
            "the end raises": Wrong(_text_strict, because="raised UnicodeDecodeError"),
        },
        other=_text_with_a_bytearray,
        seconds=COLD_START,
    ),
    Exercise(
        name="count_splits",
        verify=_verify_count_splits,
        solution=_count_splits,
        hints=(
            "Call the number of splits of the first `end` letters ways[end]. What is ways[0]?",
            "A split of word[:end] ends in one piece, word[start:end]. What stands before it can be split in ways[start] ways.",
            "ways[end] is the sum of ways[start] over all start for which word[start:end] is a piece.",
        ),
        wrong={
            "pieces inside the word": Wrong(_count_pieces_inside, because="number of pieces that occur"),
            "without the whole word": Wrong(_count_without_the_whole, because="one piece is a split too"),
            "longest piece only": Wrong(_count_by_greed, because="all ways are wanted"),
            "never zero": Wrong(_count_at_least_one, because="no split at all"),
            "lists all splits": Wrong(_count_by_listing, because="still running"),
        },
        other=_count_with_memory,
        seconds=2.0,
    ),
    Exercise(
        name="texts_with_unknowns",
        verify=_verify_texts_with_unknowns,
        solution=_texts_with_unknowns,
        hints=(
            "Which of the messages hold a character that English documentation of Python never uses, after normalising?",
            "Normalising lower-cases and removes accents. So ask of each character left: can it stand in the documentation?",
            '`"[UNK]" in tokenizers["WordPiece"].tokenize(message)` measures it.',
        ),
        wrong={
            "typing errors too": Wrong({"a", "c", "f"}, because="known letters"),
            "accents too": Wrong({"c", "d", "f"}, because="accents are removed"),
            "capitals too": Wrong({"b", "c", "f"}, because="capitals are made small"),
            "only the other script": Wrong({"f"}, because="touches a word"),
        },
        other=["f", "c"],
        value=True,
        seconds=COLD_START,
    ),
    Exercise(
        name="vocabulary_size_for_brief",
        verify=_verify_vocabulary_size_for_brief,
        solution=_vocabulary_size_for_brief,
        hints=(
            "Everything you need is in the printed table of five rows. Mind which of its columns the brief speaks of.",
            "Strike out the rows with more than 1.8 tokens per word on held-out text, then those with a table above 10 MB.",
        ),
        wrong={
            "the fewest tokens": Wrong(8000, because="the brief allows 10"),
            "not the smallest": Wrong(4000, because="the smallest is wanted"),
            "the smallest table": Wrong(500, because="the brief allows 1.8"),
            "a size never measured": Wrong(1800, because="not one of the five"),
        },
        other=2000,
        value=True,
        seconds=COLD_START,
    ),
)
