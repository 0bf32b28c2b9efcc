"""The exercises of the lesson on data sets: cleaning, leaks between splits, batched maps, splits, a choice of data.

Knows nothing of the notebook. The checks build small data of their own, one mechanism at a time.
"""

import re
import unicodedata

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short


def clean_posting(text):
    import re
    import unicodedata

    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"https?://\S+", "[URL]", text)
    text = re.sub(r"(?<!\S)@\w+", "[USER]", text)
    text = re.sub(r"([!?])\1+", r"\1", text)
    return " ".join(text.split())


def _clean_posting_word_by_word(text):
    words = []
    for found in unicodedata.normalize("NFC", text).split():
        word = found
        if word.startswith(("http://", "https://")):
            word = "[URL]"
        elif len(word) > 1 and word[0] == "@":
            word = "[USER]" + word[1:].lstrip("_abcdefghijklmnopqrstuvwxyz")
        while "!!" in word or "??" in word:
            word = word.replace("!!", "!").replace("??", "?")
        words.append(word)
    return " ".join(words)


def _posting_without_unicode(text):
    text = re.sub(r"https?://\S+", "[URL]", text)
    text = re.sub(r"(?<!\S)@\w+", "[USER]", text)
    return " ".join(re.sub(r"([!?])\1+", r"\1", text).split())


def _posting_with_broken_mail(text):
    text = re.sub(r"https?://\S+", "[URL]", unicodedata.normalize("NFC", text))
    text = re.sub(r"@\w+", "[USER]", text)
    return " ".join(re.sub(r"([!?])\1+", r"\1", text).split())


def _posting_with_trimmed_ends(text):
    text = re.sub(r"https?://\S+", "[URL]", unicodedata.normalize("NFC", text))
    text = re.sub(r"(?<!\S)@\w+", "[USER]", text)
    return re.sub(r"([!?])\1+", r"\1", text).strip()


def _posting_with_pairs_only(text):
    text = re.sub(r"https?://\S+", "[URL]", unicodedata.normalize("NFC", text))
    text = re.sub(r"(?<!\S)@\w+", "[USER]", text)
    return " ".join(text.replace("!!", "!").replace("??", "?").split())


def _posting_without_addresses(text):
    text = re.sub(r"https?://\S+", "", unicodedata.normalize("NFC", text))
    text = re.sub(r"(?<!\S)@\w+", "", text)
    return " ".join(re.sub(r"([!?])\1+", r"\1", text).split())


_POSTINGS = (
    (
        "Bread  is\tfresh \n",
        "Bread is fresh",
        "White space is not one space between words and none at the ends; `text.split()` knows every kind.",
    ),
    ("Cafe\u0301 ouvert", "Caf\u00e9 ouvert", "A letter and its accent are still two characters. Which normal form composes them (NFC)?"),
    ("See https://example.org/a?b=1 now", "See [URL] now", "A web address becomes [URL], up to the next white space."),
    ("Thanks @anna and @tom_b", "Thanks [USER] and [USER]", "A user name becomes [USER]."),
    ("Write to anna@example.org", "Write to anna@example.org", "An @ inside a word, as in an e-mail address, begins no user name."),
    ("Really??? No!!!!", "Really? No!", "A run of the same mark, however long, becomes one mark."),
    ("What?! Yes.", "What?! Yes.", "Two different marks are no run of the same one."),
    ("Wait... what", "Wait... what", "Only ! and ? are shortened; other marks stay."),
)


def _plainly(found):
    return ascii(found) if isinstance(found, str) else short(found)


def _verify_clean_posting(answer):
    for text, right, mistake in _POSTINGS:
        found = call(answer, text)
        expect(found == right, f"{mistake} From {text!a} came {_plainly(found)}; expected {right!a}.")
    return "Five rules, and each of them tested alone: that is how a cleaning step earns trust."


def leaked_positions(train, test, threshold):
    import re

    def words(text):
        return set(re.findall(r"\w+", text.casefold()))

    seen = [words(text) for text in train]
    leaked = []
    for position, text in enumerate(test):
        own = words(text)
        if any(len(own & other) / max(1, len(own | other)) >= threshold for other in seen):
            leaked.append(position)
    return leaked


def _leaked_positions_by_best(train, test, threshold):
    bags = [frozenset(re.findall(r"\w+", text.lower())) for text in train]

    def best(text):
        own = frozenset(re.findall(r"\w+", text.lower()))
        return max((len(own & bag) / len(own | bag) for bag in bags if own | bag), default=0)

    return [i for i in range(len(test)) if best(test[i]) >= threshold]


def _leaks_by_equality(train, test, threshold):
    return [i for i, text in enumerate(test) if text in set(train)]


def _leaks_by_position_in_train(train, test, threshold):
    bags = [set(re.findall(r"\w+", text.lower())) for text in test]
    return [i for i, text in enumerate(train) if any(_overlap(set(re.findall(r"\w+", text.lower())), bag) >= threshold for bag in bags)]


def _leaks_once_a_match(train, test, threshold):
    bags = [set(re.findall(r"\w+", text.lower())) for text in train]
    return [i for i, text in enumerate(test) for bag in bags if _overlap(set(re.findall(r"\w+", text.lower())), bag) >= threshold]


def _leaks_by_containment(train, test, threshold):
    bags = [set(re.findall(r"\w+", text.lower())) for text in train]
    own = [set(re.findall(r"\w+", text.lower())) for text in test]
    return [i for i, words in enumerate(own) if any(len(words & bag) / max(1, len(words)) >= threshold for bag in bags)]


def _leaks_above_threshold(train, test, threshold):
    bags = [set(re.findall(r"\w+", text.lower())) for text in train]
    own = [set(re.findall(r"\w+", text.lower())) for text in test]
    return [i for i, words in enumerate(own) if any(_overlap(words, bag) > threshold for bag in bags)]


def _overlap(one, other):
    return len(one & other) / max(1, len(one | other))


_SOUP, _PIZZA = "The soup was warm and the bread fresh.", "Two hours for one pizza."
_LEAKS = (
    ([_SOUP, _PIZZA], ["Nothing alike", "Not this either", _PIZZA], 0.6, [2], "The positions are those in the test texts."),
    (
        [_SOUP],
        ["the SOUP was warm, and the bread fresh!"],
        0.9,
        [0],
        "Case and punctuation are no difference: compare sets of lower-cased words.",
    ),
    ([_PIZZA], ["Two hours for a pizza"], 0.6, [0], "One exchanged word still leaves most words shared; equality is too strict."),
    ([_PIZZA, _PIZZA], [_PIZZA], 0.6, [0], "A test text that has several twins is still one leaked text: name it once."),
    ([_SOUP], ["Warm soup"], 0.6, [], "Divide by the words that either text has, not by those of the test text alone."),
    (["red green"], ["red green blue black"], 0.5, [0], "A similarity equal to the threshold counts as a leak."),
    ([_SOUP], ["Never again"], 0.6, [], "Two texts without a common word are no leak."),
)


def _verify_leaked_positions(answer):
    for train, test, threshold, right, mistake in _LEAKS:
        found = call(answer, list(train), list(test), threshold)
        expect(
            list(found) == right,
            f"{mistake} With train {short(train)}, test {short(test)} and threshold {threshold} came {short(found)}; expected {right}.",
        )
    return "Run it on your own splits before you believe a score."


def token_lengths(batch, tokenizer):
    encoded = tokenizer(batch["text"])
    return {"tokens": [len(ids) for ids in encoded["input_ids"]]}


def _token_lengths_from_mask(batch, tokenizer):
    mask = tokenizer(list(batch["text"]), padding=True)["attention_mask"]
    return {"tokens": [sum(row) for row in mask]}


def _one_number(batch, tokenizer):
    return {"tokens": len(tokenizer(batch["text"])["input_ids"])}


def _characters(batch, tokenizer):
    return {"tokens": [len(text) for text in batch["text"]]}


def _words(batch, tokenizer):
    return {"tokens": [len(text.split()) for text in batch["text"]]}


def _padded(batch, tokenizer):
    return {"tokens": [len(ids) for ids in tokenizer(batch["text"], padding=True)["input_ids"]]}


def _no_special_tokens(batch, tokenizer):
    return {"tokens": [len(tokenizer.tokenize(text)) for text in batch["text"]]}


def _bare_list(batch, tokenizer):
    return [len(ids) for ids in tokenizer(batch["text"])["input_ids"]]


def _verify_token_lengths(answer):
    from datasets import Dataset
    from transformers import AutoTokenizer

    from course_utils.catalog import checkpoint

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("tokenizer-wordpiece"))
    texts = ["a string", "unbelievable happenings", "Returns a list of the characters in the string."]
    found = call(answer, {"text": texts}, tokenizer)
    if not isinstance(found, dict):
        refuse(f"A function for map returns a dictionary, new column to values; yours returned {short(found)}.")
    expect("tokens" in found, f"The new column is called 'tokens'; yours are {short(list(found))}.")
    lengths = found["tokens"]
    expect(hasattr(lengths, "__len__"), f"A batch of three texts needs a list of three lengths; found the one number {short(lengths)}.")
    lengths = [int(n) for n in lengths]
    expect(len(lengths) == len(texts), f"A batch of three texts needs a list of three lengths; found {short(lengths)}.")
    right = [len(tokenizer.encode(text)) for text in texts]
    inner = [n - 2 for n in right]
    expect(lengths != [len(text) for text in texts], f"{lengths} counts characters. The tokenizer's input_ids are what a model reads.")
    expect(lengths != [len(text.split()) for text in texts], f"{lengths} counts words. A tokenizer cuts rare words into several tokens.")
    expect(lengths != inner, f"{lengths} leaves out the special tokens [CLS] and [SEP]; the model reads them too. Expected {right}.")
    expect(len(set(lengths)) > 1, f"All lengths are {lengths[0]}: that counts padding. A row's own length is asked. Expected {right}.")
    expect(lengths == right, f"For {texts} came {lengths}; expected {right}.")
    mapped = Dataset.from_dict({"text": texts}).map(answer, batched=True, batch_size=2, fn_kwargs={"tokenizer": tokenizer})
    expect(list(mapped["tokens"]) == right, "Called by map with batches of two, it gives other lengths. Does it read batch['text']?")
    return "And map passed the tokenizer through fn_kwargs, so no global variable takes part in the fingerprint."


def three_way_split(dataset, seed):
    from datasets import DatasetDict

    first = dataset.train_test_split(test_size=0.4, seed=seed, stratify_by_column="label")
    second = first["test"].train_test_split(test_size=0.5, seed=seed, stratify_by_column="label")
    return DatasetDict(train=first["train"], validation=second["train"], test=second["test"])


def _three_way_split_test_first(dataset, seed):
    outer = dataset.train_test_split(test_size=0.2, stratify_by_column="label", seed=seed)
    inner = outer["train"].train_test_split(test_size=0.25, stratify_by_column="label", seed=seed)
    return {"train": inner["train"], "validation": inner["test"], "test": outer["test"]}


def _two_fifths_of_the_rest(dataset, seed):
    outer = dataset.train_test_split(test_size=0.2, stratify_by_column="label", seed=seed)
    inner = outer["train"].train_test_split(test_size=0.2, stratify_by_column="label", seed=seed)
    return {"train": inner["train"], "validation": inner["test"], "test": outer["test"]}


def _without_strata(dataset, seed):
    first = dataset.train_test_split(test_size=0.4, seed=seed)
    second = first["test"].train_test_split(test_size=0.5, seed=seed)
    return {"train": first["train"], "validation": second["train"], "test": second["test"]}


def _in_file_order(dataset, seed):
    n = len(dataset)
    cuts = (range(n * 3 // 5), range(n * 3 // 5, n * 4 // 5), range(n * 4 // 5, n))
    return dict(zip(("train", "validation", "test"), map(dataset.select, cuts), strict=True))


def _validation_from_the_whole(dataset, seed):
    one = dataset.train_test_split(test_size=0.2, stratify_by_column="label", seed=seed)
    two = dataset.train_test_split(test_size=0.2, stratify_by_column="label", seed=seed + 1)
    three = one["train"].train_test_split(train_size=0.75, stratify_by_column="label", seed=seed)
    return {"train": three["train"], "validation": two["test"], "test": one["test"]}


def _seed_forgotten(dataset, seed):
    return _three_way_split_test_first(dataset, 0)


def _verify_three_way_split(answer):
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"number": Value("int64"), "label": ClassLabel(names=["common", "rare"])})
    rows = Dataset.from_dict({"number": list(range(100)), "label": [0] * 80 + [1] * 20}, features=features)
    found = call(answer, rows, 7)
    names = ["train", "validation", "test"]
    expect(hasattr(found, "keys") and set(found.keys()) == set(names), f"Expected the splits {names}; found {short(found)}.")
    numbers = {name: list(found[name]["number"]) for name in names}
    sizes = {name: len(numbers[name]) for name in names}
    together = [number for name in names for number in numbers[name]]
    expect(
        len(together) == len(set(together)), "Some rows stand in two splits: the second cut must be made in what the first one left over."
    )
    expect(
        sizes == {"train": 60, "validation": 20, "test": 20},
        f"Of 100 rows {sizes} were made; expected 60, 20, 20. A second fraction is a fraction of what is left.",
    )
    for seed in (7, 8, 9):
        splits = call(answer, rows, seed)
        rare = {name: sum(splits[name]["label"]) for name in names}
        expect(
            rare == {"train": 12, "validation": 4, "test": 4},
            f"With seed {seed} the rare fifth of the rows falls into the splits as {rare}; expected 12, 4, 4. Is each cut stratified?",
        )
    again, other = call(answer, rows, 7), call(answer, rows, 8)
    expect(list(again["test"]["number"]) == numbers["test"], "Two calls with seed 7 gave different test rows.")
    expect(set(other["test"]["number"]) != set(numbers["test"]), "Seeds 7 and 8 give the same test rows: is the seed passed on?")
    return "60, 20 and 20 of a hundred, no row twice, the rare label in proportion everywhere."


def verdict_on_candidates():
    import re

    from course_utils import dataset

    reviews = dataset("reviews")
    train, test = [list(reviews[split]) for split in ("train", "test")]
    negative, positive = [[row for row in train if row["label"] == label] for label in (0, 1)]
    candidates = {
        "A": (train, test + [row | {"text": row["text"].upper()} for row in train[:90]]),
        "B": (positive + negative[:20], [row for row in test if row["label"] == 1] + [row for row in test if row["label"] == 0][:8]),
        "C": (train[:200], test[:100]),
    }

    def key(text):
        return " ".join(re.findall(r"\w+", text.casefold()))

    verdicts = {}
    for name, (seen, held_out) in candidates.items():
        known = {key(row["text"]) for row in seen}
        leaks = sum(key(row["text"]) in known for row in held_out)
        share = sum(row["label"] for row in held_out) / len(held_out)
        verdicts[name] = "leaks" if leaks else "one-sided" if not 0.3 <= share <= 0.7 else "fit"
    return verdicts


_VERDICTS = {"A": "leaks", "B": "one-sided", "C": "fit"}
_REASONS = {
    "A": "A is the largest, and some of its test rows are training rows in capitals: an exact comparison misses them.",
    "B": "B has no row twice. Look at the share of positive reviews: how good is a model that always says positive?",
    "C": "C is the smallest, which is no fault here: no row is shared and the labels are in balance.",
}


def _verify_verdicts(answer):
    expect(isinstance(answer, dict), f"The answer is a dictionary, name to verdict; found {short(answer)}.")
    expect(set(answer) == set(_VERDICTS), f"Each of A, B and C needs a verdict; found {short(sorted(map(str, answer)))}.")
    for said in answer.values():
        expect(said in _VERDICTS.values(), f"{said!r} is no verdict; choose from 'fit', 'leaks' and 'one-sided'.")
    for name, right in _VERDICTS.items():
        expect(answer[name] == right, f"Not {answer[name]!r} for {name}. {_REASONS[name]}")
    return "The smallest of the three is the only one whose test score would mean anything."


EXERCISES = (
    Exercise(
        name="clean_posting",
        verify=_verify_clean_posting,
        solution=clean_posting,
        hints=(
            "One rule, one line that gives `text` a new value; `re.sub(pattern, replacement, text)` does three of them.",
            'Unicode: `unicodedata.normalize("NFC", text)`. White space: `" ".join(text.split())`, last.',
            r"A user name begins where no other character stands before it: `(?<!\S)@\w+`. A run of one mark: `([!?])\1+`.",
        ),
        wrong={
            "unicode left alone": Wrong(_posting_without_unicode, because="two characters"),
            "every @ is a user": Wrong(_posting_with_broken_mail, because="e-mail"),
            "only the ends trimmed": Wrong(_posting_with_trimmed_ends, because="White space"),
            "pairs, not runs": Wrong(_posting_with_pairs_only, because="however long"),
            "deleted, not marked": Wrong(_posting_without_addresses, because="[URL]"),
        },
        other=_clean_posting_word_by_word,
    ),
    Exercise(
        name="leaked_positions",
        verify=_verify_leaked_positions,
        solution=leaked_positions,
        hints=(
            "Turn each text into a set of lower-cased words once; then compare sets.",
            "`re.findall(r'\\w+', text.casefold())` gives words without punctuation; `a & b` is what two sets share, `a | b` all of them.",
            "For each position in test: does `any(...)` of the training sets reach the threshold? If so, append the position once.",
        ),
        wrong={
            "only equal texts": Wrong(_leaks_by_equality, because="Case and punctuation"),
            "positions in train": Wrong(_leaks_by_position_in_train, because="positions are those in the test"),
            "once for each twin": Wrong(_leaks_once_a_match, because="name it once"),
            "divided by one text": Wrong(_leaks_by_containment, because="either text"),
            "more than the threshold": Wrong(_leaks_above_threshold, because="equal to the threshold"),
        },
        other=_leaked_positions_by_best,
    ),
    Exercise(
        name="token_lengths",
        verify=_verify_token_lengths,
        solution=token_lengths,
        hints=(
            "In a batched map, `batch['text']` is a list of texts, and each value of the returned dictionary is a list of the same length.",
            "The tokenizer takes the whole list at once; its `input_ids` hold one list for each text, not padded unless you ask.",
            'The shape of the answer: `{"tokens": [len(ids) for ids in …]}`.',
        ),
        wrong={
            "the number of texts": Wrong(_one_number, because="one number"),
            "characters": Wrong(_characters, because="counts characters"),
            "words": Wrong(_words, because="counts words"),
            "padding counted": Wrong(_padded, because="counts padding"),
            "special tokens left out": Wrong(_no_special_tokens, because="special tokens"),
            "a list, no dictionary": Wrong(_bare_list, because="dictionary"),
        },
        other=_token_lengths_from_mask,
        seconds=20,
    ),
    Exercise(
        name="three_way_split",
        verify=_verify_three_way_split,
        solution=three_way_split,
        hints=(
            "`train_test_split` makes two parts. Three parts are two cuts, the second in a part of the first.",
            "Both cuts take `seed=seed` and `stratify_by_column='label'`.",
            "Cut 0.4 off; then cut that part in half. Return the three parts under the names train, validation and test.",
        ),
        wrong={
            "a fifth of the rest": Wrong(_two_fifths_of_the_rest, because="fraction of what is left"),
            "not stratified": Wrong(_without_strata, because="stratified"),
            "in file order": Wrong(_in_file_order, because="stratified"),
            "cut from the whole twice": Wrong(_validation_from_the_whole, because="two splits"),
            "seed not passed on": Wrong(_seed_forgotten, because="seed"),
        },
        other=_three_way_split_test_first,
        seconds=20,
    ),
    Exercise(
        name="verdict_on_candidates",
        verify=_verify_verdicts,
        solution=verdict_on_candidates,
        value=True,
        hints=(
            "Go down the printed table one column at a time, and ask what a score on that test split would mean.",
            "`leaks exact` and `leaks by key` disagree for one candidate. Which of the two would a model notice?",
            "A test split on which one constant answer is nearly always right cannot tell a good model from a lazy one.",
        ),
        wrong={
            "the largest is fit": Wrong({"A": "fit", "B": "one-sided", "C": "fit"}, because="in capitals"),
            "balance not looked at": Wrong({"A": "leaks", "B": "fit", "C": "fit"}, because="always says positive"),
            "small is unfit": Wrong({"A": "leaks", "B": "one-sided", "C": "one-sided"}, because="no fault"),
        },
        other={"C": "fit", "B": "one-sided", "A": "leaks"},
        seconds=20,
    ),
)
