"""The training loop of the picture miniatures: on a GPU where there is one, otherwise on the processor, the same code.

Each step draws its own random numbers from its number, so that a run that stopped goes on as if it had not. What a loop ends with is the
moving average of its weights where one is asked for, in half precision: that is what ships. `once` keeps what took long to measure. Knows
no task. `training` is the habit for rows of text.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

SEED = 0
QUICK_STEPS = 3
SAVE_EVERY = 60.0
PACKAGES = ("torch", "transformers", "diffusers")


def device() -> str:
    """Returns where models are trained and scored here: "cuda" or "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def train(
    models: Sequence["nn.Module"],
    loss: Callable[["torch.Generator"], "Tensor"],
    work: Path,
    *,
    steps: int,
    learning_rate: float,
    weight_decay: float = 0.01,
    average: float = 0.0,
    quick: bool = False,
) -> dict[str, float | str]:
    """Trains the models in place, AdamW, warm-up over the first fiftieth, cosine to zero; returns its device, seconds and torch.

    `loss(generator)` draws a batch and returns what is to fall. `average` is the decay of the moving average. Progress is kept in `work`
    once a minute and when stopped; a finished run is read back.
    """
    import torch
    from safetensors import safe_open
    from torch import nn
    from tqdm import tqdm

    where, steps = device(), QUICK_STEPS if quick else steps
    whole = nn.ModuleList(models)
    done, state = work / "finished.safetensors", work / "state.safetensors"
    work.mkdir(parents=True, exist_ok=True)
    if not done.is_file():
        whole.to(where).train()
        if where == "cuda":
            torch.backends.cudnn.benchmark = True
            whole.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(whole.parameters(), learning_rate, (0.9, 0.99), weight_decay=weight_decay, fused=where == "cuda")
        run = _Run(whole, optimizer, average, state)
        try:
            for step in (bar := tqdm(range(run.step, steps), initial=run.step, total=steps, disable=None, mininterval=10)):
                optimizer.param_groups[0]["lr"] = learning_rate * _share(step / steps)
                generator = torch.Generator(where).manual_seed(SEED + 1_000_003 * (step + 1))
                with torch.autocast(where, torch.bfloat16, enabled=where == "cuda"):
                    value = loss(generator)
                run.take(value)
                if step % 100 == 0:
                    bar.set_postfix(loss=f"{run.note(value):.4f}")
        finally:
            run.save()
        run.finish(done)
    with safe_open(done, framework="pt") as file:
        facts = file.metadata()
        whole.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    whole.to(where).eval()
    return {"device": facts["device"], "seconds": float(facts["seconds"]), "torch": facts["torch"]}


def once(path: Path, measure: Callable[[], dict]) -> dict:
    """Returns what `measure` found, now or in an earlier run that was stopped after it."""
    if not path.is_file():
        path.write_text(json.dumps(measure()), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def _clock() -> float:
    """Returns the seconds of a GPU by the wall, of a processor by its own count."""
    return time.perf_counter() if device() == "cuda" else time.process_time()


def _share(progress: float) -> float:
    """Returns the share of the full learning rate at a share of the run."""
    import math

    return min(1.0, progress / 0.02 + 1e-3) * (0.5 + 0.5 * math.cos(math.pi * progress))


class _Run:
    """Weights, their average, the optimizer and the time so far: what a stopped run needs to go on."""

    def __init__(self, whole: "nn.Module", optimizer: "torch.optim.Optimizer", average: float, state: Path):
        self.whole, self.optimizer, self.average, self.state = whole, optimizer, average, state
        self.parameters = [p for p in whole.parameters() if p.requires_grad]
        self.step, self.seconds = 0, 0.0
        if state.is_file():
            self._go_on()
        else:
            self.mean = [p.detach().clone() for p in self.parameters] if average else []
        self.began, self.saved = _clock(), time.perf_counter()

    def take(self, value: "Tensor") -> None:
        """Takes one step down the gradient of a loss."""
        import torch

        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        self.optimizer.step()
        self.step += 1
        if self.mean:
            decay = min(self.average, self.step / (self.step + 10))
            torch._foreach_lerp_(self.mean, [p.detach() for p in self.parameters], 1 - decay)
        if time.perf_counter() - self.saved > SAVE_EVERY:
            self.save()

    def note(self, value: "Tensor") -> float:
        """Writes the loss down and returns it."""
        fallen = float(value.detach())
        with (self.state.parent / "losses.csv").open("a", encoding="utf-8") as file:
            file.write(f"{self.step},{fallen:.5f},{self.seconds + _clock() - self.began:.0f}\n")
        return fallen

    def save(self) -> None:
        """Keeps everything, in place of what was kept before."""
        from safetensors.torch import save_file

        now = _clock()
        self.seconds, self.began, self.saved = self.seconds + now - self.began, now, time.perf_counter()
        state = self.optimizer.state_dict()["state"]
        kept = {f"whole.{name}": v for name, v in self.whole.state_dict().items()} | {f"mean.{i}": v for i, v in enumerate(self.mean)}
        kept |= {f"optimizer.{i}.{what}": v for i, values in state.items() for what, v in values.items()}
        facts = {"step": str(self.step), "seconds": repr(self.seconds)}
        save_file({name: v.contiguous() for name, v in kept.items()}, self.state.with_suffix(".tmp"), metadata=facts)
        self.state.with_suffix(".tmp").replace(self.state)

    def _go_on(self) -> None:
        """Takes up what was kept."""
        from safetensors import safe_open

        with safe_open(self.state, framework="pt", device=str(self.parameters[0].device)) as file:
            facts, kept = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state: dict[int, dict[str, Tensor]] = {}
        for name in (name for name in kept if name.startswith("optimizer.")):
            _, i, what = name.split(".")
            state.setdefault(int(i), {})[what] = kept[name]
        self.whole.load_state_dict({name.removeprefix("whole."): v for name, v in kept.items() if name.startswith("whole.")})
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.mean = [kept[f"mean.{i}"] for i in range(sum(name.startswith("mean.") for name in kept))]
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])

    def finish(self, path: Path) -> None:
        """Writes the final weights alone, and what they took."""
        import torch
        from safetensors.torch import save_file

        with torch.no_grad():
            for p, mean in zip(self.parameters, self.mean, strict=bool(self.mean)) if self.mean else ():
                p.copy_(mean)
        final = {name: v.half().contiguous() if v.is_floating_point() else v for name, v in self.whole.state_dict().items()}
        facts = {"device": device(), "seconds": f"{self.seconds:.1f}", "steps": str(self.step), "torch": torch.__version__.split("+")[0]}
        save_file(final, path, metadata=facts)
        self.state.unlink()
