"""The exercises of `04_fine_tuning/06_little_data`: a fair draw, where curves cross, and briefs on finance, law and health."""

import functools

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 120.0  # seconds: the first check of a process may have to import torch and transformers, on a busy machine

# Written by hand. What the news means for the company: words of falling are good for costs and bad for profits.
FINANCE = (
    ("Quarterly profit doubled on strong demand for heat pumps.", "good"),
    ("The group raised its forecast for the full year.", "good"),
    ("Net debt fell by a third after the sale of the harbour site.", "good"),
    ("The retailer won back customers and gained market share.", "good"),
    ("Operating costs dropped faster than planned.", "good"),
    ("The bank passed the stress test with room to spare.", "good"),
    ("Orders hit a record in the autumn quarter.", "good"),
    ("The insurer will pay its highest dividend ever.", "good"),
    ("The airline warned that it would miss its profit target.", "bad"),
    ("Shares plunged after the auditor resigned.", "bad"),
    ("The steelmaker will close two plants and cut 900 jobs.", "bad"),
    ("Margins shrank as energy prices climbed.", "bad"),
    ("The builder has breached the terms of its loans.", "bad"),
    ("Sales of the new phone fell well short of expectations.", "bad"),
    ("A recall of faulty brakes will cost the firm millions.", "bad"),
    ("The lender set aside more money for loans that may fail.", "bad"),
    ("The annual meeting will be held in Lyon on 14 May.", "neutral"),
    ("The company has its seat in Rotterdam and employs 4,000 people.", "neutral"),
    ("Results for the third quarter are published on Thursday.", "neutral"),
    ("The board consists of nine members, three of them from abroad.", "neutral"),
    ("The firm makes valves and pumps for the food industry.", "neutral"),
    ("The shares have been listed in Milan since 1998.", "neutral"),
    ("The financial year ends on the last day of September.", "neutral"),
    ("Questions from the press are answered by the Oslo office.", "neutral"),
)
_FINANCE_HELD = (
    ("Earnings per share rose more than analysts had hoped.", "good"),
    ("The carmaker lifted its outlook after a strong spring.", "good"),
    ("Losses narrowed and the division expects a profit next year.", "good"),
    ("The chain opened forty shops and all of them make money.", "good"),
    ("Its rating was upgraded by two agencies.", "good"),
    ("The brewery cut its debt in half.", "good"),
    ("Revenue grew by a fifth thanks to new contracts.", "good"),
    ("The supplier has secured its largest order so far.", "good"),
    ("The publisher slashed its dividend after a weak year.", "bad"),
    ("The start-up is running out of cash.", "bad"),
    ("Profit collapsed because of write-downs on ships.", "bad"),
    ("The regulator fined the broker for misleading clients.", "bad"),
    ("The toy maker lost its biggest customer.", "bad"),
    ("The group lowered its forecast for the second time this year.", "bad"),
    ("Strikes brought production to a standstill in March.", "bad"),
    ("The hotel owner filed for insolvency.", "bad"),
    ("The company was founded in 1923 and is run from Porto.", "neutral"),
    ("The report is available in English and in Danish.", "neutral"),
    ("The chief executive will speak at a conference in June.", "neutral"),
    ("Its subsidiaries are in Chile, Peru and Spain.", "neutral"),
    ("The general meeting takes place at ten o'clock.", "neutral"),
    ("The group sells paper, cardboard and packaging.", "neutral"),
    ("The next report covers the months from April to June.", "neutral"),
    ("One share carries one vote.", "neutral"),
)
# Written by hand, and no medical advice: which message must a nurse see at once?
HEALTH = (
    ("I have a crushing pain in my chest and my left arm is numb.", "urgent"),
    ("My son swallowed a button battery ten minutes ago.", "urgent"),
    ("Her lips are turning blue and she can hardly breathe.", "urgent"),
    ("My father suddenly cannot speak and his face droops.", "urgent"),
    ("The cut on my leg will not stop bleeding.", "urgent"),
    ("My baby is two months old and has a fever of 39.", "urgent"),
    ("I took twice my dose of heart pills by mistake and feel faint.", "urgent"),
    ("After the bee sting my throat is swelling.", "urgent"),
    ("He hit his head and keeps vomiting.", "urgent"),
    ("I am pregnant and have heavy bleeding.", "urgent"),
    ("My wife had a seizure and does not wake up.", "urgent"),
    ("I see flashes and a dark curtain over one eye since this morning.", "urgent"),
    ("Could you renew my prescription for the hay fever spray?", "can wait"),
    ("I would like to move my check-up to next week.", "can wait"),
    ("When is the practice closed over the holidays?", "can wait"),
    ("My knee has been stiff in the mornings for some months.", "can wait"),
    ("Which vaccinations do I need for a trip to Peru?", "can wait"),
    ("Please send the results of my blood test to my new address.", "can wait"),
    ("The rash on my elbow comes back every winter.", "can wait"),
    ("I want to lose some weight and look for advice.", "can wait"),
    ("Do you offer appointments in the evening?", "can wait"),
    ("My daughter needs a note for her sports lessons.", "can wait"),
    ("I have had a runny nose since Monday, nothing else.", "can wait"),
    ("Is it all right to take my vitamins with coffee?", "can wait"),
)
_HEALTH_HELD = (
    ("I have a tight feeling in my chest and am sweating all over.", "urgent"),
    ("My toddler drank from the bottle of drain cleaner.", "urgent"),
    ("He is choking and cannot get any air.", "urgent"),
    ("Grandmother cannot lift her right arm and speaks nonsense since breakfast.", "urgent"),
    ("There is blood everywhere, the wound is deep.", "urgent"),
    ("My newborn is limp and will not drink.", "urgent"),
    ("My husband took a whole packet of sleeping pills.", "urgent"),
    ("I ate nuts by mistake and my tongue is swelling up.", "urgent"),
    ("She fell off a ladder and is unconscious.", "urgent"),
    ("I cough up blood and have trouble breathing.", "urgent"),
    ("I cannot see out of my left eye any more.", "urgent"),
    ("My stomach is hard as a board and the pain is unbearable.", "urgent"),
    ("May I have a copy of my vaccination card?", "can wait"),
    ("I would like an appointment for a routine check of my teeth.", "can wait"),
    ("Are you open on Saturday mornings?", "can wait"),
    ("My back aches a little when I sit for long.", "can wait"),
    ("Please cancel my visit on Thursday, I am away.", "can wait"),
    ("I need a new referral for physiotherapy.", "can wait"),
    ("My skin gets dry in winter, what cream do you recommend?", "can wait"),
    ("Can I bring my cousin as an interpreter?", "can wait"),
    ("I sleep badly before exams, is there a tea that helps?", "can wait"),
    ("My prescription for the eye drops has run out.", "can wait"),
    ("How long does it take until the results arrive?", "can wait"),
    ("My wart is still there after four weeks of treatment.", "can wait"),
)
# Written by hand in the manner of contracts: two clauses of each kind, all that you get.
LEGAL = (
    ("The tenant shall pay the rent on the first day of each month.", "payment"),
    ("Invoices are due within thirty days of receipt.", "payment"),
    ("Either party may end this agreement by giving three months' notice.", "termination"),
    ("The contract expires automatically at the end of the year.", "termination"),
    ("Neither party shall disclose what it learns about the other's business.", "confidentiality"),
    ("The recipient shall keep all documents secret and return them on request.", "confidentiality"),
    ("The supplier is not responsible for loss of profit.", "liability"),
    ("Damages are limited to the price of the goods.", "liability"),
)
_LEGAL_HELD = (
    ("The customer shall transfer the fee in advance.", "payment"),
    ("Late sums bear interest at four per cent a year.", "payment"),
    ("The price includes value added tax.", "payment"),
    ("The buyer pays a deposit of ten per cent upon signature.", "payment"),
    ("Instalments fall due on the last day of each quarter.", "payment"),
    ("Travel expenses are reimbursed against receipts.", "payment"),
    ("The landlord may terminate the lease if the flat stands empty.", "termination"),
    ("This agreement ends when the work has been delivered.", "termination"),
    ("Notice must be given in writing and takes effect after four weeks.", "termination"),
    ("The employment may be ended without notice for a serious breach.", "termination"),
    ("If not renewed, the licence lapses after two years.", "termination"),
    ("Upon expiry of the term all rights return to the author.", "termination"),
    ("The employee shall not reveal trade secrets to anyone.", "confidentiality"),
    ("Confidential information may be shown to advisers only.", "confidentiality"),
    ("The parties shall not make the content of these talks public.", "confidentiality"),
    ("Customer data must be stored securely and not passed on.", "confidentiality"),
    ("The duty of secrecy survives for five years.", "confidentiality"),
    ("Drawings and samples may not be copied or shared with third parties.", "confidentiality"),
    ("The carrier answers for damage caused by gross negligence only.", "liability"),
    ("The seller accepts no responsibility for defects caused by misuse.", "liability"),
    ("The contractor shall compensate the client for any harm that it causes.", "liability"),
    ("Compensation shall not exceed ten thousand euros.", "liability"),
    ("The host is not answerable for lost luggage.", "liability"),
    ("The organiser is released from all claims arising from bad weather.", "liability"),
)

_FINANCE_FLOOR, _LEGAL_FLOOR, _TOP_URGENT = 16, 19, 10

_CLASSES = (
    ["a", "b"] * 12,
    ["no"] * 30 + ["yes"] * 9 + ["maybe"] * 14,
    [2, 0, 1, 1, 0, 2, 2, 1, 0, 0, 1, 2, 1, 0, 2, 1, 0, 2, 0, 1, 2, 2, 0, 1, 1, 0, 2],
)


def _places(answer, labels, shots, seed):
    given = list(labels)
    found = call(answer, given, shots, seed)
    where = f"For {len(labels)} labels, shots={shots}, seed={seed}"
    expect(given == labels, f"{where}, your function changed the list of labels.")
    try:
        found = [int(place) for place in found]
    except (TypeError, ValueError):
        refuse(f"{where}, expected a list of places such as [4, 0, 7] and found {short(found)}.")
    expect(all(0 <= place < len(labels) for place in found), f"{where}, places lie between 0 and {len(labels) - 1}; found {short(found)}.")
    return found, where


def _verify_draw(answer):
    for labels in _CLASSES:
        draws = []
        for seed in range(4):
            four, where = _places(answer, labels, 4, seed)
            eight, _ = _places(answer, labels, 8, seed)
            expect(len(set(eight)) == len(eight), f"{where}, a place is drawn twice. Draw without repetition.")
            for name in dict.fromkeys(labels):
                count = sum(labels[place] == name for place in four)
                expect(count == 4, f"{where}, class {name!r} has {count} examples, not 4: the shots are counted for each class.")
            expect(set(_places(answer, labels, 4, seed)[0]) == set(four), f"{where}, the same seed gave two different draws.")
            expect(set(four) <= set(eight), f"{where}, the 4 are not among the 8 of the same seed: order each class once, then cut it.")
            draws.append(frozenset(four))
        expect(len(set(draws)) > 1, "Four seeds, and always the same draw: does your function use the seed?")
    try:
        found = answer(["a"] * 9 + ["b"] * 5, 6, 0)
    except ValueError:
        return
    except Exception as error:
        refuse(f"6 shots of a class with 5 examples raised {type(error).__name__}; a ValueError was asked for.")
    refuse(f"6 shots of a class with 5 examples gave {short(found)}; raise a ValueError, or the classes are unequal and nobody knows.")


def fair_draw(labels, shots, seed):
    import random

    chance, chosen = random.Random(seed), []
    for name in sorted(set(labels)):
        places = [place for place, label in enumerate(labels) if label == name]
        if len(places) < shots:
            raise ValueError(f"class {name!r} has {len(places)} examples, {shots} are asked for")
        chance.shuffle(places)
        chosen += places[:shots]
    return chosen


def _other_draw(labels, shots, seed):
    import numpy

    order = numpy.random.default_rng(seed).permutation(len(labels))
    kept = {name: [place for place in order if labels[place] == name][:shots] for name in labels}
    if min(map(len, kept.values())) < shots:
        raise ValueError("too few examples")
    return numpy.concatenate(list(kept.values()))


def _draw_of_all(labels, shots, seed):
    import random

    return random.Random(seed).sample(range(len(labels)), shots * len(set(labels)))


def _draw_first(labels, shots, seed):
    return [place for name in set(labels) for place in [k for k, label in enumerate(labels) if label == name][:shots]]


def _draw_not_nested(labels, shots, seed):
    import random

    chance = random.Random(1000 * seed + shots)
    return [place for name in sorted(set(labels)) for place in chance.sample([k for k, label in enumerate(labels) if label == name], shots)]


def _draw_in_silence(labels, shots, seed):
    import random

    chance, chosen = random.Random(seed), []
    for name in sorted(set(labels)):
        places = [place for place, label in enumerate(labels) if label == name]
        chance.shuffle(places)
        chosen += places[:shots]
    return chosen


def _draw_without_seed(labels, shots, seed):
    import random

    return _draw_in_silence(labels, shots, random.random())


_CROSSINGS = (
    ({8: [0.6, 0.7], 16: [0.7, 0.7], 32: [0.8, 0.8]}, {8: [0.5, 0.6], 16: [0.8, 0.75], 32: [0.9, 0.85]}),
    ({8: [0.6, 0.7], 16: [0.7, 0.7], 32: [0.8, 0.8]}, {8: [0.7, 0.8], 16: [0.6, 0.75], 32: [0.9, 0.85]}),
    ({8: [0.5, 0.5, 0.5], 64: [0.8, 0.7, 0.6]}, {8: [0.9, 0.9, 0.4], 64: [0.9, 0.9, 0.6]}),
    ({64: [0.8, 0.7], 8: [0.5, 0.6]}, {64: [0.9, 0.8], 8: [0.6, 0.7]}),
    ({8: [0.5, 0.6], 16: [0.6, 0.6], 32: [0.7, 0.7]}, {8: [0.6, 0.7], 16: [0.7, 0.7], 32: [0.7, 0.6]}),
    ({4: [0.5], 128: [0.9]}, {4: [0.6], 128: [0.91]}),
    ({100: [0.5, 0.6], 9: [0.4, 0.4]}, {100: [0.6, 0.7], 9: [0.3, 0.5]}),
    ({8: [0.5, 0.6], 16: [0.6, 0.7]}, {8: [0.5, 0.9], 16: [0.65, 0.75]}),
)


def _crossed(first, second):
    """Returns the right answer; the oracle, which tries every number of shots."""
    behind = [count for count in first if any(b <= a for a, b in zip(first[count], second[count], strict=True))]
    return min((count for count in first if all(count > other for other in behind)), default="never")


def _verify_crossing(answer):
    for first, second in _CROSSINGS:
        given = {k: list(v) for k, v in first.items()}, {k: list(v) for k, v in second.items()}
        found, expected = call(answer, *given), _crossed(first, second)
        where = f"For first {first} and second {second}"
        expect(given == (first, second), f"{where}, your function changed the curves that it was given.")
        if found == expected and isinstance(found, type(expected)):
            continue
        told = f"found {short(found)}, expected {expected!r}."
        means = {count: sum(second[count]) > sum(first[count]) for count in first}
        if found in first and not all(b > a for a, b in zip(first[found], second[found], strict=True)):
            if any(b == a for a, b in zip(first[found], second[found], strict=True)) and means[found]:
                refuse(f"{where}, an equal score is not ahead: {told}")
            why = "in the mean the second is ahead there, but not in every seed" if means[found] else "the second is not ahead there"
            refuse(f"{where}, {why}: {told}")
        if found in first and (expected == "never" or found < expected):
            refuse(f"{where}, the second is ahead there and falls behind again at more shots: {told}")
        refuse(f"{where}, {told} Look from the largest number of shots downwards, by number.")


def crossing(first, second):
    answer = "never"
    for count in sorted(first, reverse=True):
        if not all(b > a for a, b in zip(first[count], second[count], strict=True)):
            break
        answer = count
    return answer


def _other_crossing(first, second):
    ahead = {count: min(b - a for a, b in zip(first[count], second[count], strict=True)) > 0 for count in first}
    good = [count for count in ahead if all(ahead[other] for other in ahead if other >= count)]
    return min(good) if good else "never"


def _crossing_of_means(first, second):
    ahead = {count: sum(second[count]) > sum(first[count]) for count in first}
    return min((count for count in ahead if all(ahead[other] for other in ahead if other >= count)), default="never")


def _crossing_once(first, second):
    return next((k for k in sorted(first) if all(b > a for a, b in zip(first[k], second[k], strict=True))), "never")


def _crossing_with_ties(first, second):
    ahead = {count: all(b >= a for a, b in zip(first[count], second[count], strict=True)) for count in first}
    return min((count for count in ahead if all(ahead[other] for other in ahead if other >= count)), default="never")


def _crossing_of_nothing(first, second):
    found = crossing(first, second)
    return 0 if found == "never" else found


def _answers(answer, texts, what):
    """Returns the answers to all texts as a list; refuses another shape."""
    found = call(answer, list(texts))
    expect(not isinstance(found, (str, dict)) and hasattr(found, "__len__"), f"Expected a list of {what} and found {short(found)}.")
    found = list(found)
    expect(len(found) == len(texts), f"For {len(texts)} texts, expected as many answers and found {len(found)}.")
    return found


def _read(answer, held, floor, help_with):
    texts, truth = zip(*held, strict=True)
    found, names = [str(one) for one in _answers(answer, texts, "labels")], sorted(set(truth))
    strange = next((one for one in found if one not in names), None)
    expect(strange is None, f"{short(strange)} is no label; the labels are {', '.join(names)}.")
    expect(len(set(found)) > 1, f"Every text gets the same label, {found[0]}. Has anything been learned?")
    alone = [str(one) for one in _answers(answer, texts[-1:], "labels")]
    expect(
        alone == found[-1:], "The last text alone gets another label than among the others. Does your function depend on its neighbours?"
    )
    right = sum(a == b for a, b in zip(found, truth, strict=True))
    missed = next((text for text, a, b in zip(texts, found, truth, strict=True) if a != b), "")
    expect(right >= floor, f"{right} of {len(truth)} new texts are right; {floor} are asked for. {help_with} One that is wrong: {missed!r}")
    return f"{right} of {len(truth)} new texts are right."


def _verify_finance(answer):
    return _read(answer, _FINANCE_HELD, _FINANCE_FLOOR, "Words and names alone are not enough: learn from the 24 on an encoder's vectors.")


def read_finance(headlines):
    import torch
    from sklearn.linear_model import LogisticRegression
    from transformers import AutoModel, AutoTokenizer

    from course_utils import checkpoint
    from course_utils.exercises.lesson_04_06_little_data import FINANCE

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    encoder = AutoModel.from_pretrained(checkpoint("english-encoder")).eval()

    @torch.no_grad()
    def vector(text):
        mean = encoder(**tokenizer(text, return_tensors="pt", truncation=True)).last_hidden_state[0].mean(dim=0)
        return (mean / mean.norm()).numpy()

    given = [text for text, _ in FINANCE] + ["Good news: profits rise.", "Bad news: losses rise.", "A neutral fact about the company."]
    targets = [label for _, label in FINANCE] + ["good", "bad", "neutral"]
    fitted = LogisticRegression(C=10, max_iter=1000).fit([vector(text) for text in given], targets)
    return [str(label) for label in fitted.predict([vector(text) for text in headlines])]


@functools.cache
def _encoder():
    from transformers import AutoModel, AutoTokenizer

    from course_utils import checkpoint

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    return tokenizer, AutoModel.from_pretrained(checkpoint("english-encoder")).eval()


def _vectors(texts):
    import torch

    tokenizer, encoder = _encoder()
    batch = tokenizer(list(texts), return_tensors="pt", padding=True)
    with torch.no_grad():
        states, mask = encoder(**batch).last_hidden_state, batch["attention_mask"][..., None]
    return torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=-1).numpy()


def _probe_on(pairs, texts):
    from sklearn.linear_model import LogisticRegression

    given, targets = zip(*pairs, strict=True)
    return LogisticRegression(C=10, max_iter=1000).fit(_vectors(given), targets).predict(_vectors(texts)).tolist()


def _nearest(names, texts):
    likeness = _vectors(texts) @ _vectors(list(names.values())).T
    return [list(names)[k] for k in likeness.argmax(axis=1)]


def _words_on(pairs, texts):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    given, targets = zip(*pairs, strict=True)
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000)).fit(given, targets).predict(texts).tolist()


def _other_finance(headlines):
    return _probe_on(FINANCE, headlines)


def _finance_by_words(headlines):
    return _words_on(FINANCE, headlines)


def _finance_by_names(headlines):
    return _nearest({name: name for name in ("good", "bad", "neutral")}, headlines)


def _finance_always_good(headlines):
    return ["good"] * len(headlines)


def _finance_as_numbers(headlines):
    return [("bad", "good", "neutral").index(label) for label in _other_finance(headlines)]


def _verify_clauses(answer):
    return _read(answer, _LEGAL_HELD, _LEGAL_FLOOR, "Two examples of each say little; the names of the classes say more.")


def read_clauses(texts):
    import torch
    from transformers import AutoModel, AutoTokenizer

    from course_utils import checkpoint
    from course_utils.exercises.lesson_04_06_little_data import LEGAL

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    encoder = AutoModel.from_pretrained(checkpoint("english-encoder")).eval()

    @torch.no_grad()
    def vector(text):
        mean = encoder(**tokenizer(text, return_tensors="pt", truncation=True)).last_hidden_state[0].mean(dim=0)
        return mean / mean.norm()

    middles = {}
    for name in sorted({label for _, label in LEGAL}):
        examples = [vector(text) for text, label in LEGAL if label == name]
        middles[name] = vector(f"A clause on {name}.") * 2 + sum(examples)
    return [max(middles, key=lambda name: float(vector(text) @ middles[name] / middles[name].norm())) for text in texts]


def _other_clauses(texts):
    return _nearest({name: name for name in ("payment", "termination", "confidentiality", "liability")}, texts)


def _clauses_by_probe(texts):
    return _probe_on(LEGAL, texts)


def _clauses_by_words(texts):
    return _words_on(LEGAL, texts)


def _clauses_all_one(texts):
    return ["liability"] * len(texts)


def _clauses_one_short(texts):
    return _other_clauses(texts)[:-1]


def _verify_urgency(answer):
    texts, truth = zip(*_HEALTH_HELD, strict=True)
    try:
        found = [float(value) for value in _answers(answer, texts, "numbers")]
        alone = [float(value) for value in _answers(answer, texts[:1], "numbers")]
    except (TypeError, ValueError):
        refuse("Expected numbers, the more urgent the higher; at least one answer is none. A nurse cannot sort labels.")
    expect(
        len(set(found)) > 3, f"Only {len(set(found))} different numbers for 24 messages: that is no order. Return a probability or a score."
    )
    expect(
        abs(alone[0] - found[0]) < 1e-3 * (1 + abs(found[0])),
        f"The first message alone gets {alone[0]:.3f}, among the others {found[0]:.3f}. Its number must not depend on its neighbours.",
    )
    order = sorted(range(len(texts)), key=lambda k: (-found[k], truth[k] == "urgent"))
    first = sum(truth[k] == "urgent" for k in order[:12])
    expect(first > 4, f"Of the first twelve in your order {first} are urgent: is it upside down? The more urgent, the higher the number.")
    expect(first >= _TOP_URGENT, f"Of the first twelve in your order {first} are urgent; at least {_TOP_URGENT} are asked for.")
    late = [texts[k] for k in order[-6:] if truth[k] == "urgent"]
    expect(not late, f"An urgent message stands among the last six, where a nurse comes last: {late[:1]}")
    return f"Of the first twelve in your order {first} are urgent, and none of the last six."


def urgency(texts):
    import torch
    from sklearn.linear_model import LogisticRegression
    from transformers import AutoModel, AutoTokenizer

    from course_utils import checkpoint
    from course_utils.exercises.lesson_04_06_little_data import HEALTH

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    encoder = AutoModel.from_pretrained(checkpoint("english-encoder")).eval()

    @torch.no_grad()
    def vector(text):
        mean = encoder(**tokenizer(text, return_tensors="pt", truncation=True)).last_hidden_state[0].mean(dim=0)
        return (mean / mean.norm()).numpy()

    targets = [label == "urgent" for _, label in HEALTH]
    fitted = LogisticRegression(C=10, max_iter=1000).fit([vector(text) for text, _ in HEALTH], targets)
    return fitted.predict_proba([vector(text) for text in texts])[:, 1].tolist()


def _other_urgency(texts):
    given, targets = zip(*HEALTH, strict=True)
    known, urgent = _vectors(given), [label == "urgent" for label in targets]
    middle = known[urgent].mean(axis=0) - known[[not one for one in urgent]].mean(axis=0)
    return _vectors(texts) @ middle


def _urgency_upside_down(texts):
    return [-value for value in _other_urgency(texts)]


def _urgency_as_labels(texts):
    return _probe_on(HEALTH, texts)


def _urgency_yes_or_no(texts):
    return [label == "urgent" for label in _probe_on(HEALTH, texts)]


def _urgency_as_places(texts):
    values = list(_other_urgency(texts))
    return [sorted(values).index(value) for value in values]


def _urgency_by_length(texts):
    return [len(text) for text in texts]


def _urgency_by_exclamation(texts):
    words = ("pain", "blood", "fever", "breathe", "chest", "help")
    return [sum(word in text.lower() for word in words) + len(text) / 1000 for text in texts]


EXERCISES = (
    Exercise(
        name="fair_draw",
        verify=_verify_draw,
        solution=fair_draw,
        hints=(
            "Do it class by class: the places of a class, in an order that the seed decides, cut after the first so many.",
            "`random.Random(seed)` makes a source of chance of its own; its `shuffle` orders a list in place.",
            "Shuffle *all* places of a class before you cut, so that 4 are the beginning of 8. Compare the length with `shots` first.",
        ),
        wrong={
            "of all classes together": Wrong(_draw_of_all, because="counted for each class"),
            "the first ones": Wrong(_draw_first, because="does your function use the seed"),
            "not nested": Wrong(_draw_not_nested, because="not among the 8"),
            "fewer in silence": Wrong(_draw_in_silence, because="raise a ValueError"),
            "another draw each time": Wrong(_draw_without_seed, because="two different draws"),
        },
        other=_other_draw,
    ),
    Exercise(
        name="crossing",
        verify=_verify_crossing,
        solution=crossing,
        hints=(
            "For one number of shots: `all(b > a for a, b in zip(first[count], second[count]))`.",
            "Walk from the largest number of shots downwards, and stop where the second is not ahead in every seed.",
            'Keep the last number that held, beginning with `"never"`; `sorted(first, reverse=True)` gives the numbers in order.',
        ),
        wrong={
            "by the means": Wrong(_crossing_of_means, because="not in every seed"),
            "the first time": Wrong(_crossing_once, because="falls behind again"),
            "ties count": Wrong(_crossing_with_ties, because="an equal score is not ahead"),
            "nothing as 0": Wrong(_crossing_of_nothing, because="expected 'never'"),
        },
        other=_other_crossing,
    ),
    Exercise(
        name="read_finance",
        verify=_verify_finance,
        solution=read_finance,
        hints=(
            'The lesson\'s cheapest way: `encode(texts)["vectors"]` and a probe on the 24.',
            'Train outside of the function: `fitted = probe(encode([t for t, _ in finance])["vectors"], [label for _, label in finance])`.',
            'In the function: `return list(fitted.predict(encode(list(headlines))["vectors"]))`. A sentence a class may help a little.',
        ),
        wrong={
            "by words": Wrong(_finance_by_words, because="Words and names alone are not enough"),
            "by names": Wrong(_finance_by_names, because="Words and names alone are not enough"),
            "always good": Wrong(_finance_always_good, because="the same label"),
            "numbers": Wrong(_finance_as_numbers, because="is no label"),
        },
        other=_other_finance,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="read_clauses",
        verify=_verify_clauses,
        solution=read_clauses,
        hints=(
            "With so few examples, what did the lesson find to be worth more than eight labels of each class?",
            'The vector of a name: `encode([f"A clause on {name}." for name in kinds])["vectors"]`; `nearest` shows how to compare.',
            "To use the examples as well, add their vectors to the vector of the name and compare with the sum.",
        ),
        wrong={
            "a probe on eight": Wrong(_clauses_by_probe, because="the names of the classes say more"),
            "by words": Wrong(_clauses_by_words, because="the names of the classes say more"),
            "all the same": Wrong(_clauses_all_one, because="the same label"),
            "one too few": Wrong(_clauses_one_short, because="as many answers"),
        },
        other=_other_clauses,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="urgency",
        verify=_verify_urgency,
        solution=urgency,
        hints=(
            "A probe can say more than a label: `predict_proba` gives a probability for each class, in the order of `classes_`.",
            "Other designs: the likeness to a sentence such as *This is an emergency.*, or both. Keep a few of the 24 to choose by.",
            "Train on the 24 outside of the function; inside, return the column of `urgent` for the texts that are asked about.",
        ),
        wrong={
            "upside down": Wrong(_urgency_upside_down, because="is it upside down"),
            "labels": Wrong(_urgency_as_labels, because="cannot sort labels"),
            "yes or no": Wrong(_urgency_yes_or_no, because="that is no order"),
            "places in the list": Wrong(_urgency_as_places, because="depend on its neighbours"),
            "by length": Wrong(_urgency_by_length, because="are urgent; at least"),
            "by a list of words": Wrong(_urgency_by_exclamation, because="are urgent; at least"),
        },
        other=_other_urgency,
        seconds=_PATIENCE,
    ),
)
