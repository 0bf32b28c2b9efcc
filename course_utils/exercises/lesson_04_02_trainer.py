"""The exercises of `04_fine_tuning/02_trainer`: label maps, early stopping, whole checkpoints, topics, a moderator, a guard."""

import functools
import tempfile
from pathlib import Path

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 120.0  # seconds: the first check of a process may have to import torch and transformers, on a busy machine

# Written by hand: 1 attacks a person, 0 does not. Strong words for things are no attack, and some attacks use no strong word.
MODERATION = (
    ("You are the worst referee I have ever seen, go home.", 1),
    ("Nobody asked for your opinion.", 1),
    ("What an idiot, he cannot even read a map.", 1),
    ("Only a fool would vote for her.", 1),
    ("Shut up and let the grown-ups talk.", 1),
    ("Your singing makes dogs cry.", 1),
    ("She is too dim to run a lemonade stand.", 1),
    ("Get lost, useless clown.", 1),
    ("Did you write this with your elbow?", 1),
    ("His brother is a liar and a coward.", 1),
    ("I have met turnips with more sense than him.", 1),
    ("Stop whining, pathetic little man.", 1),
    ("People like you should not be allowed near a keyboard.", 1),
    ("He is a lazy, greedy pig.", 1),
    ("Three weeks for one letter, what a genius.", 1),
    ("They ruin every place they move to.", 1),
    ("Your cooking is an insult and so are you.", 1),
    ("Go back to school before commenting again, child.", 1),
    ("Thank you for refereeing the match, it cannot have been easy.", 0),
    ("I do not agree with your opinion, but I see what you mean.", 0),
    ("This stupid printer jams every morning.", 0),
    ("Could you explain the map to me, please?", 0),
    ("I was a fool to sell my bicycle.", 0),
    ("Please keep your voices down after ten o'clock.", 0),
    ("The dog next door sings along with the church bells.", 0),
    ("She runs a lemonade stand near the station.", 0),
    ("Did you get lost in the old town as well?", 0),
    ("My elbow hurts since the tennis match.", 0),
    ("The film is about a liar who learns to tell the truth.", 0),
    ("Your turnips need less water than you might think.", 0),
    ("I hate waiting in the rain for a late bus.", 0),
    ("The pigs on my uncle's farm are surprisingly clean.", 0),
    ("You wrote that your letter took three weeks to arrive.", 0),
    ("New neighbours moved in and brought us a cake.", 0),
    ("Your cooking class was the best evening of the month.", 0),
    ("My daughter goes back to school on Monday.", 0),
)
_COMMENTS = (
    ("You are a disgrace to this club.", 1),
    ("Nobody likes him, and he still has not noticed.", 1),
    ("What a moron, parking across two places.", 1),
    ("Your baby is as ugly as your car.", 1),
    ("Learn to spell before lecturing others, genius.", 1),
    ("She only got the job because nobody else wanted it.", 1),
    ("I have seen snails with more ambition than you.", 1),
    ("He should keep his stupid advice to himself.", 1),
    ("That useless man could not organise a picnic.", 1),
    ("Everything you write is rubbish, give up.", 1),
    ("Those fans are animals, every one of them.", 1),
    ("Your face would curdle milk.", 1),
    ("This disgraceful weather ruined our picnic.", 0),
    ("Did you notice that nobody had watered the plants?", 0),
    ("I feel stupid, I locked my keys in the car again.", 0),
    ("Your baby has the loveliest smile.", 0),
    ("How do you spell the name of your street?", 0),
    ("The snails ate all my lettuce.", 0),
    ("May I ask you for your advice?", 0),
    ("You organised a lovely picnic for the whole street.", 0),
    ("The rubbish is collected on Tuesdays.", 0),
    ("The animals in this shelter need a home.", 0),
    ("Milk keeps longer in the coldest part of your fridge.", 0),
    ("I am sorry, but I think that your second argument is wrong.", 0),
)
_LEAST_FOUND, _MOST_ACCUSED = 9, 1

# Sentences of the ten topics, to be told apart beside the test split.
_SENTENCES = (
    ("Frost is expected in the valleys tonight, and the roads may be icy by dawn.", "weather"),
    ("She equalised two minutes before the whistle and the stadium went mad.", "sports"),
    ("The cabinet is split over the bill, and a vote of confidence may follow.", "politics"),
    ("The new phone folds in half but its software crashes every hour.", "technology"),
    ("Profits fell by a third and the board will close two factories.", "business"),
    ("My blood pressure came down once I started walking every day.", "health"),
    ("Pupils will sit one exam less from next autumn, the head teacher wrote.", "education"),
    ("We took the night train to Lisbon and found a guesthouse by the harbour.", "travel"),
    ("The telescope caught light from a star that exploded long before the Earth was born.", "science"),
    ("The gallery shows her late paintings beside the letters to her sister.", "culture"),
)
_TOPICS_FLOOR, _OWN_FLOOR = 0.75, 7

_LABELS = (
    ["rude", "fine", "rude", "spam"],
    ["spam", "rude", "fine", "fine"],
    ["b", "a"],
    ["only"],
    ["pear", "apple", "fig", "apple", "date", "pear"],
)


def _verify_maps(answer):
    for labels in _LABELS:
        given = list(labels)
        found = call(answer, given)
        where = f"For {short(labels)}"
        expect(given == labels, f"{where}, your function changed the list that it was given.")
        is_pair = isinstance(found, (tuple, list)) and len(found) == 2 and all(isinstance(part, dict) for part in found)
        expect(is_pair, f"{where}, expected two dictionaries, (id2label, label2id); found {short(found)}.")
        _judge_maps(*found, labels, where)


def _judge_maps(id2label, label2id, labels, where):
    names = sorted(set(labels))
    expect(not all(isinstance(key, str) for key in id2label), f"{where}, the first dictionary has names as keys: id2label comes first.")
    count = len(id2label)
    expect(count == len(names), f"{where}, there are {len(names)} different labels and {count} ids: each name has one id.")
    expect(min(id2label) == 0, f"{where}, the ids begin at {min(id2label)}. They are places in the model's output and begin at 0.")
    expect(
        id2label == dict(enumerate(names)),
        f"{where}, found {short(id2label)}. The ids should not depend on the order of the rows: sort the names.",
    )
    expect(label2id == {name: k for k, name in enumerate(names)}, f"{where}, label2id is {short(label2id)}, not the reverse of id2label.")


def label_maps(labels):
    names = sorted(set(labels))
    return dict(enumerate(names)), {name: k for k, name in enumerate(names)}


def _other_maps(labels):
    label2id = {}
    for name in sorted(labels):
        label2id.setdefault(name, len(label2id))
    return {k: name for name, k in label2id.items()}, label2id


def _maps_by_appearance(labels):
    names = list(dict.fromkeys(labels))
    return dict(enumerate(names)), {name: k for k, name in enumerate(names)}


def _maps_from_one(labels):
    names = sorted(set(labels))
    return dict(enumerate(names, 1)), {name: k for k, name in enumerate(names, 1)}


def _maps_swapped(labels):
    return label_maps(labels)[::-1]


def _maps_of_rows(labels):
    names = sorted(labels)
    return dict(enumerate(names)), {name: k for k, name in enumerate(names)}


_CURVES = (
    ([0.7, 0.5, 0.4, 0.45, 0.5, 0.3], 2),
    ([0.7, 0.5, 0.4, 0.45, 0.5, 0.3], 3),
    ([0.7, 0.8, 0.6, 0.7, 0.5, 0.6, 0.7], 2),
    ([0.5, 0.5, 0.5, 0.5], 2),
    ([0.9, 0.8, 0.7], 1),
    ([0.3, 0.9, 0.8, 0.7], 2),
    ([0.4, 0.6], 5),
    ([0.4], 1),
    ([0.6, 0.8, 0.5, 0.7, 0.6, 0.4, 0.9], 2),
)


def _stopping(losses, patience):
    """Returns (epochs run, best epoch); the oracle, which looks back from each epoch."""
    for epoch in range(1, len(losses) + 1):
        best = min(range(epoch), key=lambda k: (losses[k], k)) + 1
        if epoch - best >= patience:
            return epoch, best
    return epoch, best


def _verify_stop(answer):
    for losses, patience in _CURVES:
        found = call(answer, list(losses), patience)
        epochs, best = _stopping(losses, patience)
        where = f"For losses {losses} and patience {patience}"
        is_pair = isinstance(found, (tuple, list)) and len(found) == 2
        expect(is_pair, f"{where}, expected a pair (epochs, best) and found {short(found)}.")
        told = f"found {short(tuple(found))}, expected {(epochs, best)}."
        if tuple(found) == (epochs, best):
            continue
        if found[1] == best - 1 and found[0] in (epochs, epochs - 1):
            refuse(f"{where}, {told} The first epoch is 1, not 0.")
        if found[0] == epochs:
            refuse(f"{where}, the epochs agree and the best does not: {told} The best is the first of those with the lowest loss.")
        if found[0] > epochs:
            refuse(f"{where}, the training goes on too long: {told} Compare with the lowest loss so far; an equal loss is not below it.")
        refuse(f"{where}, the training stops too early: {told} Count the epochs in a row, and begin anew at each new lowest loss.")


def early_stop(losses, patience):
    best, waited = 1, 0
    for epoch, loss in enumerate(losses, start=1):
        if epoch > 1 and loss >= losses[best - 1]:
            waited += 1
        else:
            best, waited = epoch, 0
        if waited == patience:
            break
    return epoch, best


def _other_stop(losses, patience):
    epoch = best = 0
    lowest = float("inf")
    while epoch < len(losses) and (not epoch or epoch - best < patience):
        epoch += 1
        if losses[epoch - 1] < lowest:
            lowest, best = losses[epoch - 1], epoch
    return epoch, best


def _stop_without_reset(losses, patience):
    best, waited = 1, 0
    for epoch, loss in enumerate(losses, start=1):
        if epoch > 1 and loss >= losses[best - 1]:
            waited += 1
        else:
            best = epoch
        if waited == patience:
            break
    return epoch, best


def _stop_by_previous(losses, patience):
    waited = 0
    for epoch in range(1, len(losses) + 1):
        waited = waited + 1 if epoch > 1 and losses[epoch - 1] >= losses[epoch - 2] else 0
        if waited == patience:
            break
    return epoch, losses.index(min(losses[:epoch])) + 1


def _stop_with_last_as_best(losses, patience):
    epoch, _ = early_stop(losses, patience)
    return epoch, epoch


def _stop_from_zero(losses, patience):
    epoch, best = early_stop(losses, patience)
    return epoch, best - 1


def _stop_best_of_all(losses, patience):
    epoch, _ = early_stop(losses, patience)
    return epoch, losses.index(min(losses)) + 1


_FOLDERS = (
    ({"checkpoint-2": True, "checkpoint-4": True}, "checkpoint-4", ""),
    ({"checkpoint-2": True, "checkpoint-4": False}, "checkpoint-2", "the higher number is not whole: it has no trainer_state.json"),
    ({"checkpoint-9": True, "checkpoint-10": True}, "checkpoint-10", "10 is more than 9: compare numbers, not texts"),
    ({"checkpoint-500": False}, None, "the only checkpoint is not whole"),
    ({"checkpoint-6": True, "checkpoint-best": True, "final-9": True, "runs": False}, "checkpoint-6", "other folders lie beside it"),
    ({}, None, "there is no checkpoint"),
)


def _verify_whole(answer):
    with tempfile.TemporaryDirectory() as place:
        for number, (content, expected, why) in enumerate(_FOLDERS):
            folder = Path(place, f"case{number}")
            for name, whole in content.items():
                (folder / name).mkdir(parents=True)
                (folder / name / "model.safetensors").touch()
                if whole:
                    (folder / name / "trainer_state.json").touch()
            folder.mkdir(exist_ok=True)
            (folder / "checkpoint-77").touch()  # a file, not a folder
            _judge_whole(answer, folder, sorted(content), expected, why or "take the highest number")
        _judge_whole(answer, Path(place, "nowhere"), [], None, "the folder does not exist")


def _judge_whole(answer, folder, names, expected, why):
    where = f"For a folder with {', '.join(names) or 'no folders'}"
    try:
        found = answer(folder)
    except Exception as error:
        refuse(f"{where} ({why}), your function raised {type(error).__name__}: {short(str(error).splitlines()[0] if str(error) else '')}.")
    if expected is None:
        expect(found is None, f"{where}, found {_last_part(found)} and expected None: {why}.")
        return
    expect(found is not None, f"{where}, found None and expected {expected}: {why}.")
    expect(isinstance(found, (str, Path)), f"{where}, expected a path and found {short(found)}.")
    expect(Path(found) == folder / expected, f"{where}, found {_last_part(found)} and expected {expected}: {why}.")


def _last_part(found):
    return Path(found).name if isinstance(found, (str, Path)) else short(found)


def last_whole(folder):
    whole = {}
    for seal in folder.glob("checkpoint-*/trainer_state.json"):
        number = seal.parent.name.removeprefix("checkpoint-")
        if number.isdecimal():
            whole[int(number)] = seal.parent
    return whole[max(whole)] if whole else None


def _other_whole(folder):
    best = None
    for path in folder.iterdir() if folder.is_dir() else ():
        head, _, number = path.name.partition("-")
        if head == "checkpoint" and number.isdigit() and (path / "trainer_state.json").exists():
            best = path if best is None or int(number) > int(best.name.partition("-")[2]) else best
    return best


def _whole_by_number_alone(folder):
    found = [path for path in folder.glob("checkpoint-*") if path.is_dir() and path.name[11:].isdecimal()]
    return max(found, key=lambda path: int(path.name[11:]), default=None)


def _whole_by_text(folder):
    return max((seal.parent for seal in folder.glob("checkpoint-*/trainer_state.json") if seal.parent.name[11:].isdecimal()), default=None)


def _whole_of_all_folders(folder):
    return max((seal.parent for seal in folder.glob("checkpoint-*/trainer_state.json")), key=lambda path: int(path.name[11:]), default=None)


def _whole_without_care(folder):
    whole = {int(path.name[11:]): path for path in folder.iterdir() if path.is_dir() and path.name[11:].isdecimal()}
    whole = {number: path for number, path in whole.items() if (path / "trainer_state.json").exists()}
    return whole[max(whole)] if whole else None


def _said(answer, texts, kind, what):
    """Returns the answers to all texts as a list; refuses another shape, or answers that hang on the neighbours."""
    found = call(answer, list(texts))
    expect(not isinstance(found, (str, dict)) and hasattr(found, "__len__"), f"Expected a list of {what} and found {short(found)}.")
    found = list(found)
    expect(len(found) == len(texts), f"For {len(texts)} texts, expected as many answers and found {len(found)}.")
    odd = next((one for one in found if not isinstance(one, kind)), None)
    expect(odd is None, f"Expected {what}; one answer is {short(odd)}.")
    alone = list(call(answer, [texts[-1]]))
    expect(alone == found[-1:], "The last text alone gets another answer than among the others. Does your function depend on the batch?")
    return found


def _verify_topics(answer):
    from course_utils import dataset

    test = dataset("topics")["test"]
    names = sorted(set(test["topic"]))
    texts = [*test["text"], *(text for text, _ in _SENTENCES)]
    found = _said(answer, texts, str, "names of topics")
    strange = next((name for name in found if name not in names), None)
    expect(strange is None, f"{short(strange)} is no topic; the topics are {', '.join(names)}.")
    share = sum(a == b for a, b in zip(found, test["topic"], strict=False)) / len(test)
    own = sum(a == b for a, (_, b) in zip(found[len(test) :], _SENTENCES, strict=True))
    told = f"{share:.2f} of the test sentences are right and {own} of ten new ones"
    expect(len(set(found)) > 1, f"Every text gets the same topic, {found[0]}. Has anything been learned?")
    expect(own >= _OWN_FLOOR or share < _TOPICS_FLOOR, f"{told}: were the test sentences learned by heart?")
    expect(
        share >= _TOPICS_FLOOR, f"{told}; {_TOPICS_FLOOR:.2f} is asked for. Words alone are not enough: start from a pretrained encoder."
    )
    return f"Right: {told}."


def topic_reader():
    import tempfile

    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    from course_utils import checkpoint, dataset

    train = dataset("topics")["train"]
    names = sorted(set(train["topic"]))
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint("english-encoder"), num_labels=len(names))
    model.bert.embeddings.requires_grad_(False)
    model.bert.encoder.layer[:4].requires_grad_(False)
    rows = [{**tokenizer(row["text"], truncation=True, max_length=32), "labels": names.index(row["topic"])} for row in train]
    usual = {"num_train_epochs": 2, "per_device_train_batch_size": 12, "learning_rate": 1e-3, "warmup_steps": 0.1, "use_cpu": True}
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(folder, save_strategy="no", logging_strategy="no", report_to=[], log_level="error", **usual)
        Trainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer).train()
    model.eval()

    @torch.no_grad()
    def classify(texts):
        ids = (tokenizer(text, return_tensors="pt", truncation=True) for text in texts)
        return [names[int(model(**one).logits.argmax())] for one in ids]

    return classify


@functools.cache
def _encoder():
    """Returns the tokenizer and the encoder, as they ship."""
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    from course_utils import checkpoint

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    encoder = AutoModel.from_pretrained(checkpoint("english-encoder")).eval()
    if shown:
        logging.enable_progress_bar()
    return AutoTokenizer.from_pretrained(checkpoint("english-encoder")), encoder


def _mean_vectors(texts):
    """Returns the mean of the tokens' vectors of each text, as rows."""
    import torch

    tokenizer, encoder = _encoder()
    with torch.no_grad():
        found = [encoder(**tokenizer(text, return_tensors="pt", truncation=True)).last_hidden_state[0].mean(dim=0) for text in texts]
    return torch.stack(found).numpy()


@functools.cache
def _topic_probe():
    from sklearn.linear_model import LogisticRegression

    from course_utils import dataset

    train = dataset("topics")["train"]
    return LogisticRegression(max_iter=1000).fit(_mean_vectors(train["text"]), train["topic"])


def _topics_by_probe(texts):
    return _topic_probe().predict(_mean_vectors(texts)).tolist()


def _topics_constant(texts):
    return ["weather"] * len(texts)


def _topics_as_ids(texts):
    return [0] * len(texts)


@functools.cache
def _topic_words():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from course_utils import dataset

    train = dataset("topics")["train"]
    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(list(train["text"]), list(train["topic"]))


def _topics_by_words(texts):
    return _topic_words().predict(list(texts)).tolist()


def _topics_by_heart(texts):
    from course_utils import dataset

    known = {row["text"]: row["topic"] for row in dataset("topics")["test"]}
    return [known.get(text, "sports") for text in texts]


def _verify_moderator(answer):
    import numpy

    texts, attacks = zip(*_COMMENTS, strict=True)
    found = [bool(one) for one in _said(answer, texts, (bool, int, numpy.bool_, numpy.integer), "True and False")]
    caught = sum(flag and attack for flag, attack in zip(found, attacks, strict=True))
    accused = sum(flag and not attack for flag, attack in zip(found, attacks, strict=True))
    told = f"{caught} of 12 attacks flagged (at least {_LEAST_FOUND}), {accused} of 12 harmless comments flagged (at most {_MOST_ACCUSED})"
    enough, fair = caught >= _LEAST_FOUND, accused <= _MOST_ACCUSED
    expect(any(found), f"Nothing is flagged: {told}.")
    expect(enough or not fair, f"Too many attacks pass: {told}. Some attacks use no strong word.")
    expect(fair or not enough, f"Too many people are accused: {told}. Ask for a higher probability before you flag.")
    expect(enough and fair, f"Neither side is good enough: {told}.")
    return f"On new comments: {told}."


def moderator():
    import torch
    from sklearn.linear_model import LogisticRegression
    from transformers import AutoModel, AutoTokenizer

    from course_utils import checkpoint
    from course_utils.exercises.lesson_04_02_trainer import MODERATION as moderation

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    encoder = AutoModel.from_pretrained(checkpoint("english-encoder")).eval()

    @torch.no_grad()
    def vectors(texts):
        found = [encoder(**tokenizer(text, return_tensors="pt", truncation=True)).last_hidden_state[0].mean(dim=0) for text in texts]
        return torch.stack(found).numpy()

    texts, attacks = zip(*moderation, strict=True)
    probe = LogisticRegression(max_iter=1000).fit(vectors(texts), attacks)
    return lambda texts: [bool(share > 0.6) for share in probe.predict_proba(vectors(texts))[:, 1]]


@functools.cache
def _attack_probe():
    from sklearn.linear_model import LogisticRegression

    texts, attacks = zip(*MODERATION, strict=True)
    return LogisticRegression(C=10, max_iter=1000).fit(_mean_vectors(texts), attacks)


def _moderator_by_odds(texts):
    return (_attack_probe().decision_function(_mean_vectors(texts)) > 0.5).tolist()


def _moderator_by_words(texts):
    bad = ("stupid", "idiot", "moron", "useless", "rubbish", "disgrace", "ugly", "animals", "hate")
    return [any(word in text.lower() for word in bad) for text in texts]


def _moderator_flags_all(texts):
    return [True] * len(texts)


def _moderator_flags_none(texts):
    return [False] * len(texts)


def _moderator_of_you(texts):
    return ["you" in text.lower() for text in texts]


def _moderator_with_scores(texts):
    return [0.7] * len(texts)


_STEPS, _BROKEN_AT, _GRACE = 12, 5, 3


def _verify_guard(answer):
    from transformers import TrainerCallback

    expect(callable(answer), f"Expected a class of callbacks and found {short(answer)}. Hand in the class itself.")
    built = call(answer)
    expect(isinstance(built, TrainerCallback), f"Expected a subclass of TrainerCallback and found {short(answer)}.")
    for what, settings in (("a healthy training", {}), ("a healthy training on labels that are noise", {"noise": True})):
        weights = _unguarded(**settings)
        steps, after = _guarded(answer, **settings)
        expect(steps == _STEPS, f"In {what}, training ended after {steps} of {_STEPS} steps. Losses go up and down without being ruined.")
        unchanged = all((a == b).all() for a, b in zip(weights, after, strict=True))
        expect(unchanged, f"In {what}, the weights at the end differ from those without the guard. A guard looks and does not touch.")
    ruins = (("with an absurd learning rate", 1, {"rate": 1e20}), ("whose weights become NaN", _BROKEN_AT, {"broken": True}))
    for what, begin, settings in ruins:
        steps, _ = _guarded(answer, **settings)
        expect(
            steps <= begin + _GRACE,
            f"A training {what} was ruined after step {begin} and still being trained at step {steps} of {_STEPS}. "
            "The logged loss hides NaN: it says 0. What else is logged, and what do the weights say?",
        )
    return "Ruined trainings end within three steps, healthy ones are left alone."


@functools.cache
def _unguarded(noise=False):
    """Returns the weights at the end of a healthy training that nobody guards."""
    return _guarded(None, noise=noise)[1]


def _guarded(guard, rate=1e-3, noise=False, broken=False):
    """Returns the steps that a small training takes under a guard, and its weights at the end."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    class Poison(TrainerCallback):
        def on_step_end(self, args, state, control, model=None, **more):
            if broken and state.global_step == _BROKEN_AT:
                with torch.no_grad():
                    model.classifier.weight[0, 0] = float("nan")

    with torch.random.fork_rng(), tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        sizes = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        model = BertForSequenceClassification(BertConfig(**sizes))
        ids = torch.randint(0, 40, (48, 6))
        labels = torch.randint(0, 2, (48,)) if noise else (ids[:, 0] > 19).long()
        rows = [{"input_ids": row, "labels": label} for row, label in zip(ids, labels, strict=True)]
        usual = {"max_steps": _STEPS, "per_device_train_batch_size": 8, "learning_rate": rate, "logging_steps": 1, "save_strategy": "no"}
        usual |= {"report_to": [], "disable_tqdm": True, "log_level": "error", "use_cpu": True}
        own = [guard()] if guard else []
        trainer = Trainer(model=model, args=TrainingArguments(folder, **usual), train_dataset=rows, callbacks=[Poison(), *own])
        trainer.remove_callback(PrinterCallback)
        try:
            trainer.train()
        except Exception as error:
            refuse(f"The training raised {type(error).__name__}: {short(str(error))}. End it through control.should_training_stop.")
        return trainer.state.global_step, [values.detach().numpy().copy() for values in model.parameters()]


def guard():
    from transformers import TrainerCallback

    class Guard(TrainerCallback):
        def on_step_end(self, args, state, control, model=None, **more):
            if not all(bool(values.isfinite().all()) for values in model.parameters()):
                control.should_training_stop = True

    return Guard


def _guard_by_gradient():
    import math

    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **more):
            if not math.isfinite(logs.get("grad_norm", 0.0)):
                control.should_training_stop = True

    return Watcher()


def _guard_asleep():
    from transformers import TrainerCallback

    return TrainerCallback()


def _guard_of_the_logged_loss():
    import math

    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **more):
            if math.isnan(logs.get("loss", 0.0)):
                control.should_training_stop = True

    return Watcher()


def _guard_of_rising_losses():
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        before = float("inf")

        def on_log(self, args, state, control, logs=None, **more):
            if logs.get("loss", 0.0) > self.before:
                control.should_training_stop = True
            self.before = logs.get("loss", self.before)

    return Watcher()


def _guard_that_raises():
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        def on_step_end(self, args, state, control, model=None, **more):
            if not all(bool(values.isfinite().all()) for values in model.parameters()):
                raise FloatingPointError("NaN in the weights")

    return Watcher()


def _guard_that_clamps():
    import torch
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        @torch.no_grad()
        def on_step_end(self, args, state, control, model=None, **more):
            for values in model.parameters():
                values.copy_(values.nan_to_num().clamp(-0.01, 0.01))

    return Watcher()


EXERCISES = (
    Exercise(
        name="label_maps",
        verify=_verify_maps,
        solution=label_maps,
        hints=(
            "Each name once, in an order that does not hang on the rows: which two functions of Python give you that?",
            "`names = sorted(set(labels))`; then `enumerate(names)` yields pairs (id, name).",
        ),
        wrong={
            "in order of appearance": Wrong(_maps_by_appearance, because="sort the names"),
            "from one": Wrong(_maps_from_one, because="begin at 0"),
            "swapped": Wrong(_maps_swapped, because="id2label comes first"),
            "an id for each row": Wrong(_maps_of_rows, because="each name has one id"),
        },
        other=_other_maps,
    ),
    Exercise(
        name="early_stop",
        verify=_verify_stop,
        solution=early_stop,
        hints=(
            "Keep two things while you go through the epochs: the epoch of the lowest loss so far, and how many epochs have passed since.",
            "An equal loss is not *below* the lowest: it counts as an epoch that has brought nothing.",
            "Stop when `epoch - best == patience`; what has come after that epoch was never seen.",
        ),
        wrong={
            "never begins to count anew": Wrong(_stop_without_reset, because="begin anew at each new lowest"),
            "compares with the epoch before": Wrong(_stop_by_previous, because="Compare with the lowest loss so far"),
            "the last epoch is the best": Wrong(_stop_with_last_as_best, because="the best does not"),
            "counts from zero": Wrong(_stop_from_zero, because="The first epoch is 1"),
            "looks at epochs that were never run": Wrong(_stop_best_of_all, because="the best does not"),
        },
        other=_other_stop,
    ),
    Exercise(
        name="last_whole",
        verify=_verify_whole,
        solution=last_whole,
        hints=(
            '`folder.glob("checkpoint-*/trainer_state.json")` finds the seals, and their `.parent` the folders that are whole.',
            "What follows `checkpoint-` has to be a number: `str.isdecimal()` tells. `checkpoint-best` is none.",
            "`max` of texts puts 9 above 10; take `max(..., key=lambda path: int(...))`, and None if there is nothing.",
        ),
        wrong={
            "the highest number": Wrong(_whole_by_number_alone, because="not whole"),
            "the last by text": Wrong(_whole_by_text, because="compare numbers, not texts"),
            "trusts every name": Wrong(_whole_of_all_folders, because="raised ValueError"),
            "no folder, no answer": Wrong(_whole_without_care, because="raised FileNotFoundError"),
        },
        other=_other_whole,
    ),
    Exercise(
        name="topic_reader",
        verify=_verify_topics,
        solution=topic_reader,
        hints=(
            "Ten classes need ten ids: exercise 1 makes them. Everything else is the lesson's `fresh` and `trainer_for` with other rows.",
            "Ten topics want a few epochs more than two feelings; or take the probe of the lesson, which needs none.",
            "The function: tokenize the texts, take the largest logit of each (`argmax(-1)`), and look its name up in your list.",
        ),
        wrong={
            "always the same": Wrong(_topics_constant, because="Every text gets the same topic"),
            "ids in place of names": Wrong(_topics_as_ids, because="Expected names of topics"),
            "counting words": Wrong(_topics_by_words, because="start from a pretrained encoder"),
            "the test part by heart": Wrong(_topics_by_heart, because="learned by heart"),
        },
        other=_topics_by_probe,
        value=True,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="moderator",
        verify=_verify_moderator,
        solution=moderator,
        hints=(
            "18 examples a class are very few: the probe of the lesson is a good first try, and trains in a moment.",
            "`predict_proba(...)[:, 1]` gives the probability of an attack; flag where it is above a limit of your choice.",
            "To choose the limit, keep some of the 36 comments out of the training, or use scikit-learn's `cross_val_predict`.",
        ),
        wrong={
            "a list of words": Wrong(_moderator_by_words, because="Neither side"),
            "flags all": Wrong(_moderator_flags_all, because="Too many people are accused"),
            "flags none": Wrong(_moderator_flags_none, because="Nothing is flagged"),
            "whoever says you": Wrong(_moderator_of_you, because="Neither side"),
            "probabilities": Wrong(_moderator_with_scores, because="Expected True and False"),
        },
        other=_moderator_by_odds,
        value=True,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="guard",
        verify=_verify_guard,
        solution=guard,
        hints=(
            "What does a ruined training look like from outside? The lesson's cell on NaN shows the log; print `state.log_history` of one.",
            "`on_step_end` gets the model as a keyword: `def on_step_end(self, args, state, control, model=None, **more)`.",
            "`values.isfinite().all()` for each of `model.parameters()`; or `grad_norm` in the logs that `on_log` gets.",
        ),
        wrong={
            "sleeps": Wrong(_guard_asleep, because="still being trained"),
            "believes the logged loss": Wrong(_guard_of_the_logged_loss, because="hides NaN"),
            "stops whatever rises": Wrong(_guard_of_rising_losses, because="without being ruined"),
            "raises": Wrong(_guard_that_raises, because="control.should_training_stop"),
            "repairs in secret": Wrong(_guard_that_clamps, because="does not touch"),
        },
        other=_guard_by_gradient,
        value=True,
        seconds=_PATIENCE,
    ),
)
