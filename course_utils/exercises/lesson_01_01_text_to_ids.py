"""Exercises of 01_tokenization/01_text_to_ids: bytes as ids, pairs, words found by position, what survives, how long is long enough."""

import functools
from numbers import Integral
from typing import Any

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

COLD_START = 60.0  # seconds: the first check in a fresh process imports transformers

_SENTENCE = "Zoë's café was unforgettably cosy!"
_LINES = ["Zoë paid £3 for two scones.", "def add(a, b):\n    return a + b", "Great scones! 🎈", "Привет, Зоя!"]
_NAMES = ("english-encoder", "tokenizer-wordpiece", "tokenizer-unigram", "tokenizer-bpe", "bytes")


@functools.cache
def _tokenizer(name: str) -> Any:
    """Returns a tokenizer of the catalogue; "bytes" is ByT5's, which needs no file."""
    from transformers import AutoTokenizer, ByT5Tokenizer

    from course_utils.catalog import checkpoint

    return ByT5Tokenizer() if name == "bytes" else AutoTokenizer.from_pretrained(checkpoint(name))


def _verify_byte_ids(answer: Any) -> str:
    for text in ("hi", "a b", "é", "茶", ""):
        found, expected = call(answer, text), _tokenizer("bytes")(text)["input_ids"]
        expect(isinstance(found, (list, tuple)), f"byte_ids({text!r}) is {short(found)}; a list of ids is expected.")
        if list(found) == expected:
            continue
        where = f"byte_ids({text!r}) is {short(found)}, and ByT5's tokenizer gives {expected}."
        data, characters = list(text.encode()), [ord(character) + 3 for character in text]
        expect(list(found) != expected[:-1], f"The end is missing: each text closes with the id 1, </s>. {where}")
        expect(list(found) not in (data, [*data, 1]), f"The bytes are not shifted: special tokens hold the ids 0, 1 and 2. {where}")
        expect(
            list(found) != [*characters, 1],
            f"These are code points, one a character. A character outside English takes several bytes in UTF-8. {where}",
        )
        refuse(f"The ids differ. {where}")
    return "No vocabulary file, nothing unknown, and a long list of ids: that is the bargain of a byte tokenizer."


def _byte_ids(text):
    special_tokens = 3  # 0 is <pad>, 1 is </s>, 2 is <unk>
    ids = [byte + special_tokens for byte in text.encode("utf-8")]
    return [*ids, 1]


def _byte_ids_unshifted(text):
    return [*text.encode("utf-8"), 1]


def _byte_ids_of_code_points(text):
    return [ord(character) + 3 for character in text] + [1]


def _byte_ids_without_end(text):
    return [byte + 3 for byte in text.encode("utf-8")]


def _byte_ids_in_a_loop(text):
    ids = []
    for character in text:
        for byte in bytes(character, "utf-8"):
            ids.append(byte + 3)
    ids.append(1)
    return ids


def _verify_pair_input(answer: Any) -> str:
    tokenizer = _tokenizer("english-encoder")
    ends = tokenizer.cls_token_id, tokenizer.sep_token_id
    for pair in (("Who was cosy?", "The café."), ("Where?", "In the unforgettable café of Zoë.")):
        first, second = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in pair)
        found, expected = call(answer, first, second, *ends), tokenizer(*pair)
        expect(isinstance(found, dict), f"A dictionary of three lists is expected; pair_input returned {short(found)}.")
        missing = [key for key in ("input_ids", "token_type_ids", "attention_mask") if key not in found]
        expect(not missing, f"The dictionary lacks {', '.join(missing)}.")
        _check_pair(found, expected, len(first), ends[1])
    return "This is what tokenizer(first, second) hands to a model of BERT's kind."


def _check_pair(found: dict, expected: Any, length: int, sep_id: int) -> None:
    ids, types, mask = (list(found[key]) for key in ("input_ids", "token_type_ids", "attention_mask"))
    wanted = expected["token_type_ids"]
    separators = ids.count(sep_id)
    expect(separators == 2, f"[SEP] closes each of the two texts; your input_ids hold it {separators} time(s): {ids}.")
    expect(ids == expected["input_ids"], f"input_ids are {ids}; expected {expected['input_ids']}.")
    expect(len(types) == len(ids), f"token_type_ids hold {len(types)} numbers for {len(ids)} tokens: special tokens need one too.")
    expect(
        types != [0] * (length + 1) + [1] * (len(ids) - length - 1),
        f"The first [SEP] belongs to the first text, so its type is 0. Yours are {types}.",
    )
    expect(
        types == wanted, f"token_type_ids are {types}; expected {wanted}: 0 for the first text with its special tokens, 1 for the second."
    )
    expect(
        mask == [1] * len(ids),
        f"attention_mask is {mask}. Every token here is real, [CLS] and [SEP] too: only padding gets 0.",
    )


def _pair_input(first, second, cls_id, sep_id):
    opening = [cls_id, *first, sep_id]
    closing = [*second, sep_id]
    return {
        "input_ids": opening + closing,
        "token_type_ids": [0] * len(opening) + [1] * len(closing),
        "attention_mask": [1] * len(opening + closing),
    }


def _pair_without_middle(first, second, cls_id, sep_id):
    ids = [cls_id, *first, *second, sep_id]
    types = [0] * (len(first) + 1) + [1] * (len(second) + 1)
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": [1] * len(ids)}


def _pair_with_late_separator(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    types = [0] * (len(first) + 1) + [1] * (len(second) + 2)
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": [1] * len(ids)}


def _pair_with_masked_ends(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    types = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": [int(i not in (cls_id, sep_id)) for i in ids]}


def _pair_with_types_of_text_alone(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return {"input_ids": ids, "token_type_ids": [0] * len(first) + [1] * len(second), "attention_mask": [1] * len(ids)}


def _pair_by_appending(first, second, cls_id, sep_id):
    ids, types = [cls_id], [0]
    for number, text in enumerate((first, second)):
        for token in (*text, sep_id):
            ids.append(token)
            types.append(number)
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": [1 for _ in ids]}


def _verify_word_at(answer: Any) -> str:
    encoding = _tokenizer("english-encoder")(_SENTENCE, return_offsets_mapping=True)
    for position in (_SENTENCE.index("get"), 1, 0, _SENTENCE.index(" "), len(_SENTENCE) - 1, _SENTENCE.index("cosy") + 3):
        word = encoding.char_to_word(position)
        expected = "" if word is None else _SENTENCE[slice(*encoding.word_to_chars(word))]
        piece = next((_SENTENCE[a:b] for a, b in encoding["offset_mapping"] if a <= position < b), "")
        letters = "".join(t.removeprefix("##") for t, w in zip(encoding.tokens(), encoding.word_ids(), strict=True) if w == word)
        found = call(answer, _SENTENCE, encoding, position)
        where = f"At position {position} of {_SENTENCE!r} stands {_SENTENCE[position]!r}; expected {expected!r}, found {short(found)}."
        expect(isinstance(found, str), f"A piece of the text is expected. {where}")
        expect(found == expected or not expected or found != piece, f"That is one piece; the word has more of them. {where}")
        expect(
            found in ("", expected) or found not in (letters, expected.lower()),
            f"The answer comes from the tokens, which are lower-cased: cut it out of `text` instead. {where}",
        )
        expect(
            found == expected or expected,
            f"Between words nothing is covered. An offset's end is exclusive: begin <= position < end. {where}",
        )
        expect(found == expected, f"That is another stretch of text. {where}")
    return "Entity taggers mark words in a text this way: pieces vote, offsets point."


def _word_at(text, encoding, position):
    places, words = encoding["offset_mapping"], encoding.word_ids()
    for (begin, end), word in zip(places, words, strict=True):
        if begin <= position < end:
            pieces = [place for place, other in zip(places, words, strict=True) if other == word]
            return text[pieces[0][0] : pieces[-1][1]]
    return ""


def _word_at_one_piece(text, encoding, position):
    return next((text[begin:end] for begin, end in encoding["offset_mapping"] if begin <= position < end), "")


def _word_at_inclusive_end(text, encoding, position):
    for (begin, end), word in zip(encoding["offset_mapping"], encoding.word_ids(), strict=True):
        if word is not None and begin <= position <= end:
            return text[slice(*encoding.word_to_chars(word))]
    return ""


def _word_at_from_tokens(text, encoding, position):
    wanted = encoding.char_to_word(position)
    pieces = [token.removeprefix("##") for token, word in zip(encoding.tokens(), encoding.word_ids(), strict=True) if word == wanted]
    return "" if wanted is None else "".join(pieces)


def _word_at_through_encoding(text, encoding, position):
    word = encoding.char_to_word(position)
    if word is None:
        return ""
    begin, end = encoding.word_to_chars(word)
    return text[begin:end]


def _verify_lossless(answer: Any) -> str:
    expect(isinstance(answer, (list, tuple, set, frozenset)), f"A list of names is expected, not {short(answer)}.")
    unknown = sorted(set(map(str, answer)) - set(_NAMES))
    expect(not unknown, f"{', '.join(unknown)}: not one of the five names, which are {', '.join(_NAMES)}.")
    for name in _NAMES:
        tokenizer = _tokenizer(name)
        for line in _LINES:
            returned = tokenizer.decode(tokenizer(line)["input_ids"], skip_special_tokens=True)
            expect(name not in answer or returned == line, f"{name} loses something: {line!r} comes back as {returned!r}.")
    for name in _NAMES:
        expect(name in answer or name not in _lossless(), f"{name} returns each of the four lines as typed, and your list lacks it.")
    return "What has every byte in its vocabulary returns everything, at a price in tokens."


def _lossless():
    from transformers import AutoTokenizer, ByT5Tokenizer

    from course_utils import checkpoint

    lines = ["Zoë paid £3 for two scones.", "def add(a, b):\n    return a + b", "Great scones! 🎈", "Привет, Зоя!"]
    names = ["english-encoder", "tokenizer-wordpiece", "tokenizer-unigram", "tokenizer-bpe"]
    tokenizers = {name: AutoTokenizer.from_pretrained(checkpoint(name)) for name in names}
    tokenizers["bytes"] = ByT5Tokenizer()

    def survives(tokenizer, line):
        return tokenizer.decode(tokenizer(line)["input_ids"], skip_special_tokens=True) == line

    return [name for name, tokenizer in tokenizers.items() if all(survives(tokenizer, line) for line in lines)]


@functools.cache
def _review_lengths() -> tuple[int, ...]:
    from course_utils.loaders import dataset

    texts = list(dataset("reviews")["train"]["text"])
    return tuple(map(len, _tokenizer("english-encoder")(texts)["input_ids"]))


def _share_cut(limit: int) -> float:
    lengths = _review_lengths()
    return sum(length > limit for length in lengths) / len(lengths)


def _verify_smallest_max_length(answer: Any) -> str:
    expect(isinstance(answer, Integral) and not isinstance(answer, bool), f"One whole number of tokens is expected, not {short(answer)}.")
    share = f"max_length={answer} cuts {_share_cut(answer):.1%} of the training reviews"
    expected = _smallest_max_length()
    if answer == expected:
        return f"{share}. The model would take more than ten times as many tokens; most of that room, and its cost, is not needed here."
    expect(answer != expected - 2, f"[CLS] and [SEP] take two places of max_length: {share}.")
    expect(answer != max(_review_lengths()), f"{share}: that is the longest review. One in ten may be cut.")
    expect(answer > expected, f"{share}, more than one in ten.")
    refuse(f"{share}, and a smaller number still cuts at most one in ten: {answer - 1} cuts {_share_cut(answer - 1):.1%}.")


def _smallest_max_length():
    from transformers import AutoTokenizer

    from course_utils import checkpoint, dataset

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    texts = list(dataset("reviews")["train"]["text"])
    lengths = [len(ids) for ids in tokenizer(texts)["input_ids"]]  # [CLS] and [SEP] are counted
    limit = 1
    while sum(length > limit for length in lengths) > len(lengths) / 10:
        limit += 1
    return limit


EXERCISES = (
    Exercise(
        name="byte_ids",
        verify=_verify_byte_ids,
        solution=_byte_ids,
        hints=(
            'Python knows the bytes of a text: look at list("é".encode("utf-8")).',
            "ByT5 keeps the ids 0, 1 and 2 for <pad>, </s> and <unk>, so each byte moves up by three.",
            "Add three to each byte of text.encode('utf-8'), collect them in a list, and put the id of </s> behind the last.",
        ),
        wrong={
            "no shift": Wrong(_byte_ids_unshifted, "not shifted"),
            "code points": Wrong(_byte_ids_of_code_points, "code points"),
            "no end": Wrong(_byte_ids_without_end, "The end is missing"),
        },
        other=_byte_ids_in_a_loop,
        seconds=COLD_START,
    ),
    Exercise(
        name="pair_input",
        verify=_verify_pair_input,
        solution=_pair_input,
        hints=(
            "Write the order of the tokens on paper first: [CLS] first [SEP] second [SEP].",
            "Three lists of one length. The type says which text a token serves; each [SEP] serves the text that it closes.",
            "Build two parts, [cls_id, *first, sep_id] and [*second, sep_id]; their lengths give the zeros and the ones.",
        ),
        wrong={
            "one separator": Wrong(_pair_without_middle, "[SEP] closes each"),
            "first separator counted to the second text": Wrong(_pair_with_late_separator, "The first [SEP] belongs"),
            "special tokens masked": Wrong(_pair_with_masked_ends, "only padding gets 0"),
            "special tokens without a type": Wrong(_pair_with_types_of_text_alone, "special tokens need one too"),
        },
        other=_pair_by_appending,
        seconds=COLD_START,
    ),
    Exercise(
        name="word_at",
        verify=_verify_word_at,
        solution=_word_at,
        hints=(
            'Print encoding["offset_mapping"] beside encoding.word_ids(): the pieces of one word share a number.',
            "Find the piece with begin <= position < end, then all pieces with the same word number.",
            "The word reaches from the first of those pieces' begin to the last one's end: cut that stretch out of text.",
        ),
        wrong={
            "one piece": Wrong(_word_at_one_piece, "one piece"),
            "end included": Wrong(_word_at_inclusive_end, "exclusive"),
            "read from the tokens": Wrong(_word_at_from_tokens, "lower-cased"),
        },
        other=_word_at_through_encoding,
        seconds=COLD_START,
    ),
    Exercise(
        name="lossless_tokenizers",
        verify=_verify_lossless,
        solution=_lossless,
        value=True,
        hints=(
            "Do not guess: send each line through each tokenizer and back, and compare with ==.",
            "each.decode(each(line)['input_ids'], skip_special_tokens=True) is the way there and back.",
            "A name belongs in the list when all(returned == line) holds over the four lines.",
        ),
        wrong={
            "the ones that lose nothing in English": Wrong(["tokenizer-unigram", "tokenizer-bpe", "bytes"], "tokenizer-unigram loses"),
            "only bytes": Wrong(["bytes"], "your list lacks it"),
            "the largest vocabulary": Wrong(["english-encoder"], "english-encoder loses"),
        },
        other={"bytes", "tokenizer-bpe"},
        seconds=COLD_START,
    ),
    Exercise(
        name="smallest_max_length",
        verify=_verify_smallest_max_length,
        solution=_smallest_max_length,
        value=True,
        hints=(
            'Measure first: the number of ids of each text in dataset("reviews")["train"], special tokens included.',
            "A review is cut when it is longer than max_length. Which share is longer than 30? Than 100?",
            "Raise max_length from 1, one at a time, until the share of longer reviews is at most one in ten.",
        ),
        wrong={
            "special tokens forgotten": Wrong(36, "take two places"),
            "the longest review": Wrong(118, "the longest review"),
            "the mean length": Wrong(30, "more than one in ten"),
            "the model's limit": Wrong(512, "a smaller number"),
        },
        other=38,
        seconds=COLD_START,
    ),
)
