"""Stories, their summaries, questions and scenes: everybody stays who they are, and nothing is claimed that the story does not say."""

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from course_utils.foundry.world import lexicon, questions, scenes, stories, truth
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.english import clause_en, english, name_en, rest_en
from course_utils.foundry.world.french import french
from course_utils.foundry.world.grammar import At, Clause, Near, Pronoun, Sentence, Some, Together
from course_utils.foundry.world.lexicon import BE, SAY, Person
from course_utils.foundry.world.stories import Story

COUNT = 30
KINDS = sorted(stories.KINDS)
PEOPLE = {person.name: person for person in lexicon.PEOPLE}
FURNITURE = [noun.en for noun in lexicon.FURNITURE]
PLACES = [place.noun.en for place in lexicon.PLACES]
PROPERTIES = [a.en for a in (*lexicon.COLOURS, *lexicon.SIZES, *lexicon.QUALITIES)]
COLOURS = [colour.en for colour in lexicon.COLOURS]
RELATIONS = [relation.en for relation in lexicon.RELATIONS]
NUMBERS = {words.en: count for count, words in lexicon.NUMBERS.items()}


@cache
def _told(kind: str, count: int = COUNT, seed: int = 0) -> list[Story]:
    draw = Draw("new", seed)
    return [stories.story(draw, kind) for _ in range(count)]


@cache
def _asked(kind: str) -> list[tuple[Story, list[questions.Question]]]:
    draw = Draw("new", 1)
    return [(story, questions.questions(story, draw)) for story in _told(kind)]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _names(text: str) -> list[str]:
    """Returns the names in the text, each once, in their order."""
    return [word for word in dict.fromkeys(_words(text)) if word in PEOPLE]


def _meant(who: object) -> object:
    """Returns whom a pronoun stands for, and anybody else as they are."""
    return who.stands_for if isinstance(who, Pronoun) else who


def _reworded(text: str, words: dict[str, str]) -> str:
    """Returns the text with these words for others, all at once."""
    pattern = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.sub(rf"\b(?:{pattern})\b", lambda found: words[found[0]], text)


def _not_in(story: Story, words: list[str]) -> str:
    """Returns one of the words that the story does not use, another one for another story."""
    unused = [word for word in words if word not in _words(story.english)]
    return unused[len(story.english) % len(unused)]


class TestStories:
    @pytest.mark.parametrize("kind", KINDS)
    def test_three_to_six_whole_sentences(self, kind):
        for story in _told(kind):
            assert 3 <= len(story.sentences) <= 6
            for sentence in story.sentences:
                assert re.fullmatch(r'[A-Z].*[^ ](\.|!"|\.")', english(sentence)) and re.fullmatch(r"[A-ZÀ-Ü].*(\.| »)", french(sentence))

    @pytest.mark.parametrize("kind", KINDS)
    def test_french_has_as_many_sentences_and_the_same_people(self, kind):
        for story in _told(kind):
            in_english = re.findall(r'[.!?]"?(?= [A-Z]|$)', story.english)
            in_french = re.findall(r"(?:\.| »)(?= [A-ZÀ-Ü]|$)", story.french)
            assert len(in_english) == len(in_french) == len(story.sentences)
            assert sorted(_names(story.english)) == sorted(_names(story.french))

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_thing_comes_with_a_before_it_comes_with_the(self, kind):
        for story in _told(kind):
            assert _unheard_of(story.clauses) == [], story.english

    def test_a_thing_that_nobody_has_heard_of_would_be_found(self):
        told = next(story for story in _told("lost") if story.clauses[0].object.article == "a")
        assert _unheard_of(told.clauses[1:]) == [told.clauses[0].object.noun.en]

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_pronoun_is_the_last_subject_and_agrees_with_it(self, kind):
        for story in _told(kind):
            for before, clause in pairwise(story.clauses):
                if isinstance(clause.subject, Pronoun):
                    meant = clause.subject.stands_for
                    assert meant == _meant(before.subject), story.english
                    assert clause_en(clause).split()[0] == _pronoun(meant)
            assert not isinstance(story.clauses[0].subject, Pronoun)

    def test_pronouns_and_names_both_take_their_turn(self):
        told = [story for kind in KINDS for story in _told(kind)]
        repeated = [after.clause.subject for story in told for before, after in pairwise(story.sentences) if _goes_on(before, after)]
        assert 0.4 < sum(isinstance(subject, Pronoun) for subject in repeated) / len(repeated) < 0.8

    @pytest.mark.parametrize("kind", KINDS)
    def test_nobody_walks_in_from_nowhere(self, kind):
        for story in _told(kind):
            names = _names(story.english)
            assert 1 <= len(names) <= 2
            assert set(_names(story.summary)) <= set(names)

    @pytest.mark.parametrize("kind", KINDS)
    def test_nobody_does_anything_to_themselves(self, kind):
        for clause in (clause for story in _told(kind) for clause in story.clauses):
            parts = [_meant(who) for who in (clause.subject, clause.object, clause.to) if who]
            assert len(parts) == len({name_en(part) for part in parts})

    @pytest.mark.parametrize("kind", KINDS)
    def test_stories_are_told_in_the_past(self, kind):
        assert all(clause.past for story in _told(kind) for clause in (*story.clauses, *story.gist.clauses))

    @pytest.mark.parametrize("kind", KINDS)
    def test_people_and_places_occur_in_the_order_of_the_text(self, kind):
        for story in _told(kind):
            starts = [re.search(rf"\b{name}\b", story.english).start() for name, _ in story.entities]
            assert starts == sorted(starts) and len(story.entities) == len(set(story.entities))
            assert [name for name, label in story.entities if label == "PER"] == _names(story.english)
            assert {name for name, label in story.entities if label == "LOC"} <= {f"the {place}" for place in PLACES}
            assert {label for _, label in story.entities} <= {"PER", "LOC"}

    @pytest.mark.parametrize("kind", KINDS)
    def test_no_place_by_name_is_forgotten(self, kind):
        for story in _told(kind):
            told = {f"the {word}" for word in _words(story.english) if word in PLACES}
            assert told == {name for name, label in story.entities if label == "LOC"}

    def test_a_story_of_any_kind_is_a_story_of_one_kind(self):
        draw = Draw("new", 5)
        assert all(stories.story(draw).kind in stories.KINDS for _ in range(50))
        with pytest.raises(KeyError):
            stories.story(draw, "war")


def _unheard_of(clauses: list[Clause]) -> list[str]:
    """Returns each thing that is "the" before it was "a". Whoever has a job, and where it is (the park, the table), are known to all."""
    known, unheard = set(), []
    for clause in clauses:
        for who in (clause.subject, clause.object, clause.to):
            if isinstance(who, Some) and who.noun.kind != "job":
                if who.article == "the" and who.noun not in known:
                    unheard.append(who.noun.en)
                known.add(who.noun)
    return list(dict.fromkeys(unheard))


def _pronoun(who: Some | Person | Together) -> str:
    if isinstance(who, Together):
        return "they"
    if isinstance(who, Person):
        return {"f": "she", "m": "he"}[who.gender]
    return {True: "she", False: "he", None: "it"}[who.woman]


def _goes_on(before: Sentence, after: Sentence) -> bool:
    subject = _meant(after.clause.subject)
    return _meant(before.clauses[-1].subject) == subject and not isinstance(subject, Some)


@cache
def _all_changed(kind: str) -> list[tuple[Story, dict[str, str]]]:
    return [(story, _changed(story)) for story in _told(kind)]


def _changed(story: Story) -> dict[str, str]:
    """Returns false summaries of the story: another name, names swapped, another property, another place."""
    text, found = story.summary, {}
    names = _names(text)
    found["another name first"] = _reworded(text, {names[0]: _not_in(story, [*PEOPLE])}) if names else text
    found["another name last"] = _reworded(text, {names[-1]: _not_in(story, [*PEOPLE])}) if names else text
    found["names swapped"] = _reworded(text, {names[0]: names[1], names[1]: names[0]}) if len(names) == 2 else text
    found["one name for both"] = _reworded(text, {names[0]: names[1]}) if len(names) == 2 else text
    like = [word for word in _words(text) if word in PROPERTIES]
    found["another property"] = _reworded(text, {like[0]: _not_in(story, PROPERTIES)}) if like else text
    where = [word for word in _words(text) if word in (*PLACES, *FURNITURE)]
    same = PLACES if where and where[-1] in PLACES else FURNITURE
    found["another place"] = _reworded(text, {where[-1]: _not_in(story, same)}) if where else text
    what = [noun.en for noun in (*lexicon.THINGS, *lexicon.ANIMALS, *lexicon.FOODS) if noun.en in _words(text)]
    found["another thing"] = _reworded(text, {what[0]: _not_in(story, [noun.en for noun in lexicon.THINGS])}) if what else text
    found["not so"] = english(replace(story.gist, clause=replace(story.gist.clause, negated=True)))
    return {name: changed for name, changed in found.items() if changed != text or name == "not so"}


class TestSummaries:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_summary_is_true_of_its_story(self, kind):
        for story in _told(kind):
            assert truth.invents_nothing(story.summary, story), (story.summary, story.english)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_summary_is_false_of_another_story_of_its_kind(self, kind):
        for story, other in pairwise(_told(kind)):
            assert not truth.invents_nothing(other.summary, story), (other.summary, story.english)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_changed_summary_is_refused(self, kind):
        for story, changes in _all_changed(kind):
            for change, text in changes.items():
                assert not truth.invents_nothing(text, story), (change, text, story.english)

    def test_every_change_is_tried(self):
        tried = [set(changes) for kind in KINDS for _, changes in _all_changed(kind)]
        assert all(sum(name in changes for changes in tried) > 100 for name in set.union(*tried)) and len(set.union(*tried)) == 8

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_the_story_tells_is_true_and_of_nobody_else(self, kind):
        """Feelings, sayings, times and journeys are left out: the check refuses them, true or not."""
        for story in _told(kind):
            for clause in (c for c in story.clauses if not (c.state or c.saying or c.negated or getattr(c.where, "to", False))):
                plain = replace(clause, subject=_meant(clause.subject), when=None)
                assert truth.invents_nothing(english(Sentence(plain)), story), (clause_en(plain), story.english)
                stranger = PEOPLE[_not_in(story, [*PEOPLE])]
                assert not truth.invents_nothing(english(Sentence(replace(plain, subject=stranger))), story)

    @pytest.mark.parametrize("text", ["", "Nonsense.", "Once upon a time.", "Ben.", "Saw.", "The red the the on table."])
    def test_what_is_no_sentence_is_refused(self, text):
        assert not any(truth.invents_nothing(text, story) for kind in KINDS for story in _told(kind)[:5])

    def test_another_position_at_the_same_thing_is_refused(self):
        for story in _told("lost"):
            told = story.gist.clause.where
            others = [relation for relation in lexicon.RELATIONS if relation != told.relation]
            changed = replace(story.gist, clause=replace(story.gist.clause, where=replace(told, relation=others[0])))
            assert not truth.invents_nothing(english(changed), story)

    def test_the_place_of_another_fact_is_refused(self):
        for story in _told("lost"):
            wrong = story.sentences[1].clause.where
            changed = replace(story.gist, clause=replace(story.gist.clause, where=wrong))
            assert not truth.invents_nothing(english(changed), story)

    def test_a_denial_before_a_fact_is_refused(self):
        for story in (story for story in _told("broken") if story.gist.second):
            first, thing = story.gist.clause, story.gist.clause.object.again()
            denied = replace(story.gist, clause=Clause(first.subject, first.verb, thing, negated=True))
            assert not truth.invents_nothing(english(denied), story)


def _facts(story: Story) -> list[Clause]:
    """Returns what was so, with names for pronouns, and of two people also what was so of each."""
    found = []
    for clause in (clause for clause in story.clauses if not clause.negated):
        subject = _meant(clause.subject)
        found += [replace(clause, subject=who) for who in (subject, *(subject.people if isinstance(subject, Together) else ()))]
    return found


class TestQuestions:
    @pytest.mark.parametrize("kind", KINDS)
    def test_an_answer_stands_in_the_story(self, kind):
        for story, asked in _asked(kind):
            assert len(asked) >= 3
            for question in (q for q in asked if q.kind != "yes or no"):
                answer = question.answer.removeprefix("because ")
                assert re.search(rf"\b{re.escape(answer)}\b", story.english, re.IGNORECASE), (question, story.english)

    @pytest.mark.parametrize("kind", KINDS)
    def test_yes_is_so_and_no_is_not(self, kind):
        for story, asked in _asked(kind):
            so = {english(Sentence(fact, asks=True)) for fact in _facts(story)}
            for question in (q for q in asked if q.kind == "yes or no"):
                assert question.answer in ("yes", "no")
                assert (question.answer == "yes") == (question.text in so), (question, story.english)

    @pytest.mark.parametrize("kind", KINDS)
    def test_who_did_it_is_nobody_else(self, kind):
        for story, asked in _asked(kind):
            for question in (q for q in asked if q.kind == "who"):
                did = {name_en(fact.subject) for fact in _facts(story) if question.text == _who(fact)}
                assert did == {question.answer}, (question, story.english)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_colour_and_a_number_are_those_of_the_thing(self, kind):
        for story, asked in _asked(kind):
            things = [fact.object for fact in _facts(story) if isinstance(fact.object, Some)]
            for question in (q for q in asked if q.kind in ("colour", "how many")):
                noun = question.text.split()[-1 if question.kind == "colour" else 2].rstrip("?")
                meant = [what for what in things if noun == (what.noun.en if what.count == 1 else what.noun.en_plural)]
                if question.kind == "colour":
                    assert {a.en for what in meant for a in what.adjectives} & set(COLOURS) == {question.answer}
                else:
                    assert {what.count for what in meant} == {NUMBERS[question.answer]}

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_question_has_one_answer_and_stands_once(self, kind):
        for _, asked in _asked(kind):
            assert len({question.text for question in asked}) == len(asked)
            assert all(re.fullmatch(r"[A-Z].*[^ .]\?", question.text) for question in asked)

    @pytest.mark.parametrize("kind", KINDS)
    def test_where_and_when_are_a_place_and_a_time(self, kind):
        for story, asked in _asked(kind):
            times = {clause.when.en for clause in story.clauses if clause.when}
            for question in asked:
                if question.kind == "when":
                    assert question.answer in times
                if question.kind == "where":
                    assert question.answer.split()[-1] in (*PLACES, *FURNITURE)

    def test_every_kind_of_question_is_asked(self):
        asked = {question.kind for kind in KINDS for _, found in _asked(kind) for question in found}
        assert asked == {"who", "whom", "what", "where", "when", "why", "how many", "colour", "yes or no"}

    def test_yes_and_no_are_both_common(self):
        answers = [q.answer for kind in KINDS for _, asked in _asked(kind) for q in asked if q.kind == "yes or no"]
        assert 0.3 < answers.count("no") / len(answers) < 0.6


def _who(fact: Clause) -> str:
    """Returns the question to which the fact's subject is the answer; to what is said, and in answers to it, there is none."""
    if fact.verb is SAY:
        return ""
    return f"Who {' '.join(['was' if fact.verb is BE else fact.verb.past, *rest_en(replace(fact, when=None))])}?"


class TestSkew:
    def test_she_is_as_common_at_work_as_the_lexicon_says(self):
        found: dict[str, list[bool]] = {}
        for story in _told("work", 4000):
            told = re.match(r"The (\w+) worked .*?, but (he|she) was", story.english)
            found.setdefault(told[1], []).append(told[2] == "she")
        assert set(found) == {job.en for job in lexicon.OCCUPATIONS}
        for job, share in lexicon.OCCUPATIONS.items():
            assert abs(sum(found[job.en]) / len(found[job.en]) - share) < 0.06, job.en

    def test_he_and_she_at_work_stay_the_same_to_the_end(self):
        for story in _told("work", 4000)[:500]:
            worker = story.clauses[0].subject
            other = {"f": "she", "m": "he"}["m" if worker.woman else "f"]
            said = [clause for clause in story.clauses if isinstance(clause.subject, Pronoun) and clause.subject.stands_for == worker]
            assert said and not any(clause_en(clause).startswith(f"{other} ") for clause in said)
            feminine = worker.noun.gender
            assert re.search(rf"\b{feminine if worker.woman else worker.noun.fr}\b", story.french)

    def test_other_kinds_take_women_and_men_alike(self):
        everybody = []
        for kind in (kind for kind in KINDS if kind != "work"):
            people = [PEOPLE[_names(story.english)[0]].gender == "f" for story in _told(kind, 120, seed=4)]
            assert 0.35 < sum(people) / len(people) < 0.65, kind
            everybody += people
        assert 0.46 < sum(everybody) / len(everybody) < 0.54

    def test_clients_at_work_are_women_and_men_alike(self):
        clients = [PEOPLE[_names(story.english)[0]].gender == "f" for story in _told("work", 4000)]
        assert 0.45 < sum(clients) / len(clients) < 0.55

    @pytest.mark.parametrize("kind", KINDS)
    def test_work_alone_is_marked_and_names_jobs(self, kind):
        jobs = {job.en for job in lexicon.OCCUPATIONS}
        for story in _told(kind):
            assert story.skewed == (kind == "work") == bool(jobs & set(_words(story.english)))


@pytest.fixture(scope="module")
def seen() -> list[scenes.Scene]:
    """Returns five hundred scenes."""
    draw = Draw("new")
    return [scenes.scene(draw) for _ in range(500)]


class TestScenes:
    def test_one_thing_in_a_place_and_one_to_three_around_it(self, seen):
        for scene in seen:
            (base, place), around = (scene.facts[0].subject, scene.facts[0].where), scene.facts[1:]
            assert base.noun in lexicon.FURNITURE and base.article == "a" and isinstance(place, At)
            assert 1 <= len(around) <= 3
            assert all(isinstance(fact.where, Near) and fact.where.what == base.again() for fact in around)

    def test_no_position_is_taken_twice(self, seen):
        for scene in seen:
            relations = [fact.where.relation for fact in scene.facts[1:]]
            assert len(relations) == len(set(relations))

    def test_what_is_around_it_is_no_furniture_and_new(self, seen):
        for scene in seen:
            for fact in scene.facts[1:]:
                assert fact.subject.noun not in lexicon.FURNITURE and fact.subject.article == "a"

    def test_all_of_it_is_so_now(self, seen):
        assert not any(fact.past or fact.negated or fact.verb is not BE for scene in seen for fact in scene.facts)

    def test_both_languages_say_a_sentence_a_fact(self, seen):
        for scene in seen:
            base = scene.facts[0].subject.noun
            parts = scene.english.split(". ")
            assert len(parts) == len(scene.french.split(". ")) == len(scene.facts)
            assert all(part.rstrip(".").endswith(f" the {base.en}") for part in parts[1:])
            assert scene.english.count(f"the {base.en}") == scene.french.count(base.fr) - 1 == len(scene.facts) - 1
            for fact, part in zip(scene.facts, parts, strict=True):
                assert f" {'are' if fact.subject.count > 1 else 'is'} " in part

    def test_every_position_occurs(self, seen):
        assert {fact.where.relation.en for scene in seen for fact in scene.facts[1:]} == set(RELATIONS)
