"""The small world: people, animals, things and places, what they do, and how English and French say it.

Every miniature learns from it, so that a story, its summary, its French and its questions agree, and each answer has a ground truth.
`lexicon` names what there is (adding an animal is one line), `grammar` what can be said of it, `english` and `french` put that into words,
`draw` chooses combinations and keeps the held-out ones apart. `scenes`, `sentences`, `stories`, `questions` and `instructions` say things
with it, and `truth` checks what a model says.
"""
