"""Recipe of `fill-mask`: a masked language model with the English encoder for a body.

The encoder comes without one: its body was made into a sentence encoder and its head thrown away. The new head starts from nothing but
how often each token occurs, and reads real prose and stories of the small world, in rows of one to six sentences.
"""

import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import catalog, loaders
from course_utils.foundry import questions, training, understanding
from course_utils.foundry.frame import Recipe
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.sentiment import opinions
from course_utils.foundry.story_writer import WORLD, tell
from course_utils.foundry.world import lexicon
from course_utils.foundry.written_texts import held_out, rows_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

SHARE = 0.2
STORIES = 6000
LONGEST = 128
"""E
true
