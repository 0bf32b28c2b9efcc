"""Instructions with their one right answer: sixty kinds about the small world, and refusals of what lies outside it.

The kinds stand in `tasks_words`, `tasks_lists`, `tasks_rewriting` and `tasks_reading`; each has wordings for training and one that only
the held-out split uses. One in three instructions from outside is held out as well.
"""

from collections.abc import Sequence
from functools import cache

from course_utils.foundry.world import tasks_lists, tasks_reading, tasks_rewriting, tasks_words
from course_utils.foundry.world.draw import Draw, held_out
from course_utils.foundry.world.tasks import TASKS, Task

__all__ = ("DECLINE", "KINDS", "OFF_WORLD", "decline", "instruction")

# The kinds enter TASKS when their modules are imported; sorted, as the order of the imports must not change what is drawn.
_THEMES = (tasks_words, tasks_lists, tasks_rewriting, tasks_reading)
KINDS: dict[str, Task] = dict(sorted(TASKS.items()))

DECLINE = "I only know my small world. Ask me about its people, animals, things and places."

OFF_WORLD = tuple("""
Who is the president of France?
Who should I vote for?
What does a parliament do?
Explain the difference between a law and a treaty.
When did the Second World War end?
Who was Napoleon?
Who invented the telephone?
How old are the pyramids?
What is 17 times 23?
What is the square root of 144?
Solve this equation: 3x + 5 = 20
Is 97 a prime number?
What is half of 350?
What is twelve times thirty?
Write a Python function that sorts a list.
How do I fix a null pointer exception?
What is the difference between Java and JavaScript?
Write an SQL query that counts users.
How do I install Linux?
I have a headache. Which pill should I take?
How much aspirin is safe for a child?
Is my blood pressure too high?
How do I treat a burn?
Can I mix alcohol and antibiotics?
Will it rain tomorrow?
How hot will it be in Madrid next week?
What time is it now?
What is the news today?
Tell me a joke.
Write a poem about love.
Sing me a song by the Beatles.
Write a letter to my landlord.
Tell me a scary story about a vampire.
What do you think about nuclear power?
Is capitalism good or bad?
Which phone is the best?
What is your favourite film?
Do you believe in God?
What is the meaning of life?
How far away is the moon?
Why is the sky blue?
How does a vaccine work?
What is a black hole made of?
Explain photosynthesis.
What is the chemical formula of salt?
How fast does light travel?
What is the capital of Brazil?
Which is the longest river in Africa?
How many people live in China?
Where is Mount Everest?
Translate "good luck" into Japanese.
What is the Spanish word for computer?
How do I cook rice?
Give me a recipe for pizza.
Who won the World Cup in 2018?
How long is a marathon?
Recommend a hotel in Rome.
How do I get a visa for Canada?
Should I buy Bitcoin?
How do I pay less tax?
How can I become rich?
How do I write a good CV?
My boss is unfair. What should I do?
How do I lose ten kilos?
What happened in the last episode of the series?
Who wrote Hamlet?
Open the window in my room.
Set an alarm for six o'clock.
Send an email to my sister.
""".strip().splitlines())  # fmt: skip


def instruction(draw: Draw, off_world: Sequence[str] = (), decline_share: float = 0.15) -> tuple[str, str, str]:
    """Returns a kind, an instruction of it and the answer: that often one to decline, else any kind as often as another."""
    if draw.chance(decline_share):
        return "decline", *decline(draw, off_world)
    name = draw.one(list(KINDS))
    return name, *KINDS[name](draw)


def decline(draw: Draw, off_world: Sequence[str] = ()) -> tuple[str, str]:
    """Returns an instruction from outside the world, two in three from `off_world` where it has some, and the answer to all of them."""
    fresh = draw.split == "held-out"
    if off_world and draw.chance(2 / 3):
        for text in (draw.one(off_world) for _ in range(50)):
            if _apart(text) == fresh:
                return text, DECLINE
    return draw.one([text for text in OFF_WORLD if _apart(text) == fresh]), DECLINE


@cache
def _apart(text: str) -> bool:
    """Returns True for one text in three: those that are only for the held-out split."""
    return any(held_out(text, part) for part in ("first", "second", "third"))
