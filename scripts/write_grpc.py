"""`make docs`: write what Python needs of the proto files in api/ into delivery/grpc/generated."""

from __future__ import annotations

import re
import sys
import sysconfig
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "api"
TARGET = ROOT / "src/aidefence/delivery/grpc/generated"
_PACKAGE = "aidefence.delivery.grpc.generated"
_IMPORT = re.compile(r"^(?:from (?P<room>envoy) )?import (?P<name>\w+_pb2) as", re.MULTILINE)


def render() -> dict[str, str]:
    """Generate modules and their stubs, by their paths under the target."""
    names = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "protoc",
            f"-I{PROTOS}",
            f"-I{files('grpc_tools').joinpath('_proto')}",
            # Where `google/rpc/status.proto` lies.
            f"-I{sysconfig.get_paths()['purelib']}",
            f"--python_out={folder}",
            f"--pyi_out={folder}",
            *names,
        ]
        if protoc.main(arguments):
            raise SystemExit("protoc refused a file in api/: see above")
        made = (path for path in Path(folder).rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): _IMPORT.sub(_from_here, path.read_text("utf-8"))
            for path in made
        }


def _from_here(found: re.Match[str]) -> str:
    # protoc imports from the top; our modules live deeper.
    room = f".{found['room']}" if found["room"] else ""
    return f"from {_PACKAGE}{room} import {found['name']} as"


def main() -> int:
    """Write the files."""
    for name, text in render().items():
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        (TARGET / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
