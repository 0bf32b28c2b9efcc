"""The small world: people, animals, things and places, what they do, and how English and French say it.

Every miniature learns from it, so that a story, its summary, its French and its questions agree, and each answer has a ground truth.
`lexicon` names what there is (adding an animal is one line), `grammar` puts it into words in both languages, `draw` chooses
combinations and keeps the held-out ones apart, and `scenes`, `sentences`, `stories` and `questions` say things with it.
"""
