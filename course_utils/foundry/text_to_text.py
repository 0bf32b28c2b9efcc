"""Recipe of `text-to-text`: a T5 from zero that translates English to French and sums up stories of the small world.

It sees bare phrases first, "the red ball": without them, a T5 of this size takes many times longer to find out that what it writes has
to do with what it reads. And recipe of `translations`, its data set.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import metrics
from course_utils.foundry import intervals, training, world
from course_utils.foundry.frame import Recipe, write_jsonl
from course_utils.foundry.world import lexicon, sentences, stories, truth
from course_utils.foundry.world.draw import Draw, held_out, joined
from course_utils.foundry.world.english import english, name_en, where_en
from course_utils.foundry.world.french import french, name_fr, where_fr

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration

TRANSLATE = "translate English to French: "
SUMMARIZE = "summarize: "
PHRASES, TRANSLATIONS, SUMMARIES = 6_400, 150_000, 30_000
VOCABULARY_SIZE = 2000

Pair = tuple[str, str]


def phrase_pairs(split: str, count: int) -> list[Pair]:
    """Returns that many different pairs of a phrase with the translation's prefix and its French."""
    draw, pairs = Draw(split), {}
    while len(pairs) < count:
        if draw.chance(0.25):
            where = draw.near() if draw.chance(0.8) else draw.at(to=draw.chance(0.5))
            pairs[TRANSLATE + where_en(where)] = where_fr(where)
        else:
            what = draw.several(*_KINDS) if draw.chance(0.3) else draw.some(*_KINDS, article=draw.one(("a", "the")))
            pairs[TRANSLATE + name_en(what)] = name_fr(what)
    return list(pairs.items())


def translation_pairs(split: str, count: int) -> list[Pair]:
    """Returns that many different pairs of a sentence with its prefix and its French; held-out ones hold a held-out combination."""
    draw, pairs = Draw(split), {}
    while len(pairs) < count:
        sentence = sentences.sentence(draw)
        if split != "held-out" or any(held_out(*pair) for pair in joined(sentence.clauses)):
            pairs[TRANSLATE + english(sentence)] = french(sentence)
    return list(pairs.items())


def summary_stories(split: str, count: int) -> list[stories.Story]:
    """Returns that many different stories."""
    draw, told = Draw(split), {}
    while len(told) < count:
        story = stories.story(draw)
        told[story.english] = story
    return list(told.values())


def tokenizer(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns the tokenizer: T5's special tokens, and an end after every text."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    made = training.byte_level_tokenizer(texts, VOCABULARY_SIZE, ["<pad>", "</s>"])
    made.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="</s>", pad_token="<pad>", model_max_length=256, clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def model(vocabulary_size: int) -> "T5ForConditionalGeneration":
    """Returns the untrained T5: 3 + 3 layers of width 192, each head with a strong liking for some distances from the start.

    The library starts these likings near zero, and small models then take long to tell subject from object.
    """
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(training.SEED)
    made = T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary_size,
            d_model=192,
            d_kv=32,
            num_heads=6,
            d_ff=512,
            num_layers=3,
            num_decoder_layers=3,
            dropout_rate=0.0,
            relative_attention_num_buckets=32,
            relative_attention_max_distance=64,
            decoder_start_token_id=0,
            pad_token_id=0,
            eos_token_id=1,
        )
    )
    for name, values in made.named_parameters():
        if "relative_attention_bias" in name:
            torch.nn.init.normal_(values, std=2.0)
    return made


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains on phrases, then on everything; writes the checkpoint and returns what it scores."""
    from transformers import DataCollatorForSeq2Seq

    share = 100 if quick else 1
    phrases = phrase_pairs("train", PHRASES // share)
    told = [(SUMMARIZE + story.english, story.summary) for story in summary_stories("train", SUMMARIES // share)]
    pairs = phrases + translation_pairs("train", TRANSLATIONS // share) + told
    words = tokenizer([text for pair in pairs[: PHRASES + 30_000] + told for text in pair])
    translator = model(len(words))
    for name, chosen in (("phrases", phrases), ("all", pairs)):
        inputs, labels = (words(list(side))["input_ids"] for side in zip(*chosen, strict=True))
        rows = [{"input_ids": i, "labels": o} for i, o in zip(inputs, labels, strict=True)]
        collator = DataCollatorForSeq2Seq(words)
        training.train(translator, rows, collator, work / name, epochs=1, batch_size=32, learning_rate=1e-3, quick=quick)
    training.save(translator, words, folder)
    return score(folder, {text for text, _ in pairs}, 20 if quick else 500)


def score(folder: Path, seen: set[str], count: int) -> dict:
    """Returns exact match and BLEU on new sentences and on held-out combinations, and what summaries say, right and wrong.

    New are those whose inputs are not among the `seen` ones.
    """
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    translator, words = AutoModelForSeq2SeqLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    found: dict = {}
    for name, split in (("score", "new"), ("held_out", "held-out")):
        new = [pair for pair in translation_pairs(split, 2 * count) if pair[0] not in seen]
        inputs, right = zip(*new[:count], strict=True)
        said = generate(translator, words, list(inputs))
        found[name] = round(metrics.load("exact_match").compute(predictions=said, references=list(right))["exact_match"], 3)
        found[f"{name}_low"], found[f"{name}_high"] = (round(bound, 3) for bound in intervals.of_share(found[name], count))
        found[f"{name}_bleu"] = round(metrics.load("bleu").compute(predictions=said, references=[[text] for text in right])["bleu"], 1)
        found.setdefault("examples", [[i, o] for i, o in zip(inputs[:2], said[:2], strict=True)])
    for name, split in (("summary", "new"), ("summary_held_out", "held-out")):
        told = [story for story in summary_stories(split, count) if SUMMARIZE + story.english not in seen][: count // 2]
        said = generate(translator, words, [SUMMARIZE + story.english for story in told])
        found[f"{name}_exact"] = round(sum(text == story.summary for text, story in zip(said, told, strict=True)) / len(told), 3)
        found[f"{name}_true"] = round(
            sum(truth.invents_nothing(text, story) for text, story in zip(said, told, strict=True)) / len(told), 3
        )
        found["examples"] = [*found["examples"][:2], [SUMMARIZE + told[0].english, said[0]]]
    return found


def generate(translator: "T5ForConditionalGeneration", words: "PreTrainedTokenizerFast", inputs: list[str]) -> list[str]:
    """Returns what the model writes for each input, greedily."""
    import torch

    said = []
    for start in range(0, len(inputs), 100):
        batch = words(inputs[start : start + 100], return_tensors="pt", padding=True)
        with torch.no_grad():
            out = translator.generate(**batch, do_sample=False, max_new_tokens=60)
        said += words.batch_decode(out, skip_special_tokens=True)
    return said


def build_data(folder: Path) -> dict:
    """Writes sentences in both languages: 8,000 to learn from, 1,000 that hold a held-out combination."""
    for split, source, count in (("train", "train", 8000), ("test", "held-out", 1000)):
        pairs = translation_pairs(source, count)
        write_jsonl(folder / f"{split}.jsonl", [{"english": text.removeprefix(TRANSLATE), "french": right} for text, right in pairs])
    return {"train_sentences": 8000, "test_sentences": 1000}


FEATURES = {"english": "string", "french": "string"}

LIMITS = """\
It translates sentences of the small world, from English to French and not back, and sums up stories of its twelve kinds. Other words, names
included, come out as ones that it knows, without a warning. Where English says "they" and no more, it writes "ils". A summary says one
thing out of the story, always the same for its kind; `summary true` is the share that says nothing false."""
LIMITS_OF_TRANSLATIONS = """\
Generated from one grammar of two languages, so every pair is right by construction and nothing in it is a surprise. The test split
holds pairs of adjective and noun, and of people, that the training split never joins."""

_KINDS = (lexicon.THINGS, lexicon.ANIMALS, lexicon.FOODS)
RECIPES = [
    Recipe("translations", build_data, LIMITS_OF_TRANSLATIONS, sources=world.modules("sentences")),
    Recipe(
        "text-to-text", build, LIMITS, trains=True, minutes=18, packages=training.PACKAGES,
        sources=(Path(training.__file__), Path(intervals.__file__), *world.modules("sentences", "stories", "truth")),
    ),
]  # fmt: skip
