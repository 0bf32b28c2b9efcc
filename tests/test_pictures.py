"""Pictures of the small world say what they show, training never shows what is held out, and the painters' scores hold."""

import hashlib
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest

from course_utils import catalog, dataset
from course_utils.foundry import albums, digits, picture_text, pictures, scene_judge, scenes
from course_utils.foundry.world import lexicon
from course_utils.foundry.world.english import english
from course_utils.foundry.world.french import french
from course_utils.foundry.world.grammar import Sentence

SCENES = {split: albums.scenes(split, 1500, seed=9) for split in ("train", "new", "held-out")}


def _pairs(scenes: list[pictures.Scene]) -> set[tuple[str, str]]:
    return {(thing.colour.en, thing.noun.en) for scene in scenes for thing in scene.things}


class TestHeldOut:
    def test_training_and_new_scenes_never_join_a_held_out_pair(self):
        held_out = set(pictures.HELD_OUT)
        assert not _pairs(SCENES["train"]) & held_out and not _pairs(SCENES["new"]) & held_out
        assert _pairs(SCENES["held-out"]) == held_out

    def test_every_other_pair_is_trained_and_every_colour_and_thing(self):
        everything = {(colour, thing) for colour in pictures.COLOURS for thing in pictures.SHAPES}
        trained = _pairs(SCENES["train"])
        assert trained == everything - set(pictures.HELD_OUT)
        assert min(Counter(colour for colour, _ in trained).values()) >= 5
        assert min(Counter(thing for _, thing in trained).values()) >= 5

    def test_no_caption_of_training_says_a_held_out_pair(self):
        told = " ".join(caption for scene in SCENES["train"] for caption in pictures.captions(scene))
        assert not [pair for pair in pictures.HELD_OUT if " ".join(pair) in told]

    def test_rivals_never_join_a_held_out_pair(self):
        twos = [scene for scene in SCENES["train"] if scene.layout in pictures.RELATIONS]
        assert not _pairs([rival for scene in twos for rival in picture_text.rivals(scene)]) & set(pictures.HELD_OUT)


class TestScenes:
    """The data set that the lessons read: every row says what its picture shows."""

    rows: ClassVar = {split: list(rows) for split, rows in dataset("scenes").items()}

    @pytest.mark.parametrize("split", ["train", "test"])
    def test_boxes_masks_and_words_are_those_of_the_picture(self, split):
        for row in self.rows[split]:
            pixels, mask, depth = (np.asarray(row[what]) for what in ("image", "mask", "depth"))
            assert set(np.unique(mask)) == set(range(len(row["things"]) + 1))
            for number, thing in enumerate(row["things"], start=1):
                ys, xs = np.nonzero(mask == number)
                assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == tuple(thing[side] for side in ("left", "top", "right", "bottom"))
                away = abs(pixels[mask == number].astype(int) - pictures.COLOURS[thing["colour"]]).max(axis=1)
                assert (away <= 40).mean() > 0.1 and len(np.unique(depth[mask == number])) == 1
                assert row["layout"] == "row" or f"{thing['colour']} {thing['thing']}" in row["caption"]

    def test_held_out_pairs_are_marked_and_stand_in_the_test_split_alone(self):
        for split, rows in self.rows.items():
            for row in rows:
                pairs = {(thing["colour"], thing["thing"]) for thing in row["things"]}
                assert row["held_out"] == pairs.issubset(pictures.HELD_OUT) == bool(pairs & set(pictures.HELD_OUT))
            assert sum(row["held_out"] for row in rows) == (40 if split == "test" else 0)

    def test_no_picture_is_one_that_a_checkpoint_learned_from_or_was_scored_with(self):
        used = [("train", 0, 3000), ("train", 1, 3000), *((split, seed, 2000) for split in ("new", "held-out") for seed in (1, 2, 3))]
        known = {repr(scene) for split, seed, count in used for scene in albums.scenes(split, count, seed=seed)}
        draws = {
            split: albums.scenes(split, count, seed=scenes.DRAW_SEED) for split, count in (("train", 160), ("new", 40), ("held-out", 40))
        }
        assert not known & {repr(scene) for drawn in draws.values() for scene in drawn}


class TestDrawing:
    def test_the_same_seed_draws_the_same_bytes(self):
        first, again, other = (albums.draw("train", 30, seed=seed)[1] for seed in (3, 3, 4))
        assert first.tobytes() == again.tobytes() != other.tobytes()
        digest = "47a581eb11d39c88"
        assert hashlib.sha256(first.tobytes()).hexdigest()[:16] == digest

    def test_many_are_those_of_few(self):
        scenes = SCENES["train"][:520]
        assert np.array_equal(albums.paint(scenes)[500:], albums.paint(scenes[500:]))

    @pytest.mark.parametrize("scene", SCENES["new"][:200])
    def test_masks_and_boxes_are_where_the_colour_is(self, scene):
        picture = pictures.render(scene)
        assert picture.pixels.shape == (64, 64, 3) and picture.masks.sum(axis=0).max() == 1
        for thing, mask, (left, top, right, bottom) in zip(scene.things, picture.masks, picture.boxes, strict=True):
            seen = picture.pixels[mask].astype(int)
            own = (abs(seen - pictures.COLOURS[thing.colour.en]).max(axis=1) <= 40).mean()
            assert own > 0.1 and mask[top:bottom, left:right].sum() == mask.sum() > 0
            assert mask[top].any() and mask[bottom - 1].any() and mask[:, left].any() and mask[:, right - 1].any()
            assert 0 <= left < right <= 64 and 0 <= top < bottom <= 64
            assert np.allclose(picture.depth[mask], thing.depth)

    @pytest.mark.parametrize("split", SCENES)
    def test_relations_are_where_the_boxes_are(self, split):
        for scene in [scene for scene in SCENES[split] if scene.layout in pictures.RELATIONS][:150]:
            picture = pictures.render(scene)
            (left, top, right, bottom), (other_left, other_top, *_) = picture.boxes
            if scene.layout == "beside":
                assert right <= other_left
            elif scene.layout == "stacked":
                assert bottom <= other_top + 2 and left < other_left + 20
            else:
                near, far = scene.things
                alone = pictures.render(pictures.Scene((far,), "alone", scene.place, scene.horizon)).masks[0]
                assert near.depth < far.depth and 0.5 < picture.masks[1].sum() / alone.sum() <= 1 and top > other_top

    def test_edges_are_smooth(self):
        scene = next(s for s in SCENES["new"] if s.layout == "alone" and s.place == "plain" and s.things[0].noun.en == "ball")
        assert len(np.unique(pictures.render(scene).pixels.reshape(-1, 3), axis=0)) > 20


class TestWords:
    def test_captions_say_what_is_there(self):
        for scene in SCENES["new"]:
            for caption in pictures.captions(scene):
                for thing in scene.things:
                    noun = thing.noun.en_plural if scene.layout == "row" else thing.noun.en
                    assert f"{thing.colour.en} {noun}" in caption
                assert scene.layout != "row" or lexicon.NUMBERS[len(scene.things)].en in caption
                elsewhere = [where for name, (_, _, where) in pictures.PLACES.items() if where and name != scene.place]
                assert not any(caption.endswith(where) for where in elsewhere)

    def test_each_layout_has_several_wordings(self):
        for layout in pictures.LAYOUTS:
            assert len(pictures.captions(next(s for s in SCENES["new"] if s.layout == layout))) >= 3

    def test_the_relation_is_said_from_both_sides(self):
        scene = next(s for s in SCENES["new"] if s.layout == "stacked")
        a, b = (f"{thing.colour.en} {thing.noun.en}" for thing in scene.things)
        told = pictures.captions(scene)
        assert f"a {a} on a {b}" in told and f"a {b} under a {a}" in told and f"a {a} under a {b}" not in told

    def test_sentences_in_both_languages(self):
        scene = pictures.Scene(
            (
                pictures.Thing(pictures.THINGS[0], lexicon.COLOURS[1], 0.3, 0.5, 0.2),
                pictures.Thing(pictures.THINGS[3], lexicon.COLOURS[0], 0.7, 0.5, 0.2),
            ),
            "beside",
            "plain",
        )
        said = Sentence(pictures.sentence(scene))
        assert english(said) == "A blue ball is to the left of a red boat."
        assert french(said) == "Une balle bleue est à gauche d'un bateau rouge."

    def test_answers_are_true(self):
        for scene in SCENES["new"]:
            asked = dict(pictures.questions(scene))
            pairs = {f"{thing.colour.en} {thing.noun.en}" for thing in scene.things}
            assert asked["How many things are there?"] == ("one", "two", "three")[len(scene.things) - 1]
            for question, answer in asked.items():
                if question.startswith("Is there a"):
                    assert (question.removeprefix("Is there a ")[:-1] in pairs) == (answer == "yes")
                if question.startswith("What colour"):
                    assert any(pair.startswith(answer) for pair in pairs)


class TestJudge:
    def test_truth_covers_every_group(self):
        for scene in SCENES["new"]:
            values = dict(zip(scene_judge.GROUPS, scene_judge.truth(scene), strict=True))
            assert (values["second thing"] == -100) == (scene.layout not in pictures.RELATIONS)
            assert all(value >= 0 for group, value in values.items() if not group.startswith("second"))

    def test_reads_new_pictures(self):
        scenes, seen = albums.draw("new", 60, seed=21)
        read = scene_judge.readings(scene_judge.load(), albums.scaled(albums.tensor(seen))).numpy()
        right = np.array([scene_judge.truth(scene) for scene in scenes])
        assert ((read == right) | (right == -100)).mean() > 0.995

    def test_its_processor_gives_it_what_it_was_trained_on(self):
        import torch
        from PIL import Image
        from transformers import ViTImageProcessorPil

        seen = albums.draw("new", 1, seed=22)[1]
        processor = ViTImageProcessorPil.from_pretrained(catalog.checkpoint("scene-judge"))
        given = processor(Image.fromarray(seen[0]), return_tensors="pt")["pixel_values"]
        assert torch.allclose(given, scene_judge.enlarge(albums.scaled(albums.tensor(seen))), atol=0.02)


class TestPipelines:
    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_image_classification_reads_held_out_digits(self, mode):
        from PIL import Image
        from transformers import pipeline

        batch, asked = digits.drawn(held_out=True)
        tiles = ((batch[:60, 0] + 1) * 127.5).round().byte().numpy()
        read = pipeline("image-classification", model=catalog.checkpoint("digits"))
        said = read([Image.fromarray(tile).convert(mode) for tile in tiles], top_k=1)
        assert np.mean([int(best["label"]) == right for (best,), right in zip(said, asked[:60].tolist(), strict=True)]) >= 0.95

    def test_three_channels_say_of_grey_what_one_said(self):
        import torch

        torch.manual_seed(0)
        narrow, batch = digits.readers()["vit"]().eval(), torch.rand(8, 1, digits.SIZE, digits.SIZE)
        with torch.no_grad():
            wide = digits.widened(narrow)(pixel_values=batch.expand(-1, 3, -1, -1)).logits
            assert torch.allclose(wide, narrow(pixel_values=batch).logits, atol=1e-5)

    @pytest.mark.parametrize("split", ["new", "held-out"])
    def test_zero_shot_image_classification_names_what_is_drawn(self, split):
        from PIL import Image
        from transformers import pipeline

        scenes, seen = albums.draw(split, 20, seed=23, layouts=("alone",))
        choose = pipeline("zero-shot-image-classification", model=catalog.checkpoint("picture-text"))
        labels = {"candidate_labels": picture_text.LABELS, "hypothesis_template": picture_text.TEMPLATE}
        best = [told[0]["label"] for told in choose([Image.fromarray(pixels) for pixels in seen], **labels)]
        things = [scene.things[0] for scene in scenes]
        assert np.mean([label == f"a {a.colour.en} {a.noun.en}" for label, a in zip(best, things, strict=True)]) >= 0.9


class TestPainters:
    # (score, floor) of the table, on prompts that the training did not hold.
    FLOORS = {"one_colour": 0.97, "one_shape": 0.90, "two_both": 0.80, "unseen_both": 0.80}

    def test_floors_of_text_to_image(self):
        scores = catalog.measured()["data"]["text-to-image"]["scores"]
        for what, floor in self.FLOORS.items():
            for where in ("", "_at_5", "_at_7.5"):
                assert scores[what + where] >= floor, what + where

    def test_the_pipeline_loads_in_float32_and_paints_the_same_twice(self):
        import torch
        from diffusers import StableDiffusionPipeline

        pipeline = StableDiffusionPipeline.from_pretrained(catalog.checkpoint("text-to-image"))
        pipeline.set_progress_bar_config(disable=True)
        parts = (pipeline.unet, pipeline.vae, pipeline.text_encoder)
        assert {p.dtype for part in parts for p in part.parameters()} == {torch.float32}
        assert pipeline.safety_checker is None
        first, again = (
            pipeline("a red ball", num_inference_steps=2, generator=torch.Generator().manual_seed(0), output_type="np").images for _ in "12"
        )
        assert first.shape == (1, 64, 64, 3) and np.array_equal(first, again)

    @pytest.mark.parametrize("name", ["text-to-image", "digit-painter"])
    def test_weights_are_safetensors_in_half_precision(self, name):
        from safetensors import safe_open

        folder = catalog.entries()[name].folder
        assert {p.suffix for p in folder.rglob("*") if p.is_file()} <= {".json", ".safetensors", ".md", ".png", ".txt"}
        for weights in folder.rglob("*.safetensors"):
            with safe_open(weights, framework="numpy") as file:
                assert {str(file.get_tensor(key).dtype) for key in file.keys()} == {"float16"}  # noqa: SIM118
