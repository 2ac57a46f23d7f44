"""Makes Lean's WebAssembly build start: Node refuses a module with more than 100,000 exports.

The build exports each of its 201,110 functions by name, so that the interpreter can look them up.
Here they move into the function table instead, by a second element segment behind the first, and a
file says where each one lies. The module then exports only what its own JavaScript asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from aidefence.adapters.lean import glue
from aidefence.ports.prover import ProverError

REVISION = 1  # of what is written: it is part of the name of the folder in the cache
SYMBOLS = "symbols.json"

_MAGIC = b"\0asm\x01\0\0\0"
_FUNCTION, _TABLE, _MEMORY, _GLOBAL = range(4)
_CUSTOM, _IMPORTS, _TABLES, _GLOBALS, _EXPORTS, _ELEMENTS = 0, 2, 4, 6, 7, 9
_KEPT = frozenset(
    {
        "__indirect_function_table",
        "__main_argc_argv",
        "__stack_pointer",
        "__wasm_call_ctors",
        "_emscripten_tls_init",
        "_initialize",
        "main",
        "memory",
    }
)


def relink(source: Path, target: Path) -> None:
    """Write `lean.js`, `lean.wasm` and the symbols into `target`.

    Raises:
        ProverError: the files are not the build this knows.

    """
    script = glue.Glue.parse((source / "lean.js").read_text(encoding="utf-8"))
    module = _Module.parse((source / "lean.wasm").read_bytes())
    wasm, symbols = module.relinked(script.exports)
    target.mkdir(parents=True, exist_ok=True)
    (target / "lean.wasm").write_bytes(wasm)
    (target / SYMBOLS).write_text(json.dumps(symbols, separators=(",", ":")), encoding="utf-8")
    (target / "lean.js").write_text(script.text(SYMBOLS), encoding="utf-8")


@dataclass(slots=True)
class _Reader:
    """Reads LEB128 numbers and names."""

    data: bytes
    at: int = 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def signed(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def raw(self) -> bytes:
        length = self.number()
        self.at += length
        return self.data[self.at - length : self.at]

    def limits(self) -> None:
        if self.number() & 1:
            self.number()
        self.number()

    def constant(self) -> int | None:
        """Read an initialiser: a number, or nothing when it names another global."""
        op = self.byte()
        if op in (0x41, 0x42):
            value: int | None = self.signed()
        elif op == 0x23:  # noqa: PLR2004 - the opcode of global.get
            self.number()
            value = None
        else:
            raise ProverError(f"unexpected initialiser {op:#x} in the module")
        if self.byte() != 0x0B:  # noqa: PLR2004 - the opcode of end
            raise ProverError("an initialiser in the module has no end")
        return value


@dataclass(slots=True)
class _Module:
    """The sections, and what the relinking needs of them."""

    sections: list[tuple[int, bytes]]
    got: set[bytes] = field(default_factory=set)
    imported_globals: int = 0
    globals: list[int | None] = field(default_factory=list)
    table_min: int = 0
    elements: list[int] = field(default_factory=list)
    elements_at: int = 0
    exports: list[tuple[bytes, int, int]] = field(default_factory=list)
    thread_locals: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> _Module:
        if data[:8] != _MAGIC:
            raise ProverError("`lean.wasm` is not a WebAssembly module")
        module, reader = cls([]), _Reader(data, 8)
        parts = {
            _IMPORTS: module._imports,
            _TABLES: module._tables,
            _GLOBALS: module._globals,
            _EXPORTS: module._exports,
            _ELEMENTS: module._elements,
            _CUSTOM: module._custom,
        }
        while reader.at < len(data):
            kind = reader.byte()
            body = reader.raw()
            module.sections.append((kind, body))
            if kind in parts:
                parts[kind](_Reader(body))
        if module.elements_at + len(module.elements) != module.table_min:
            raise ProverError("the function table of `lean.wasm` is not the one this knows")
        return module

    def _imports(self, reader: _Reader) -> None:
        for _ in range(reader.number()):
            room, name, kind = reader.raw(), reader.raw(), reader.byte()
            if kind == _FUNCTION:
                reader.number()
            elif kind == _TABLE:
                reader.byte()
                reader.limits()
            elif kind == _MEMORY:
                reader.limits()
            elif kind == _GLOBAL:
                reader.at += 2
                self.imported_globals += 1
                if room.startswith(b"GOT"):
                    self.got.add(name)
            else:
                raise ProverError(f"unexpected import of kind {kind} in the module")

    def _tables(self, reader: _Reader) -> None:
        if (reader.number(), reader.byte(), reader.byte()) != (1, 0x70, 0):
            raise ProverError("`lean.wasm` has another kind of table than this knows")
        self.table_min = reader.number()

    def _globals(self, reader: _Reader) -> None:
        for _ in range(reader.number()):
            reader.at += 2
            self.globals.append(reader.constant())

    def _exports(self, reader: _Reader) -> None:
        for _ in range(reader.number()):
            self.exports.append((reader.raw(), reader.byte(), reader.number()))

    def _elements(self, reader: _Reader) -> None:
        if (reader.number(), reader.byte()) != (1, 0):
            raise ProverError("`lean.wasm` has other element segments than this knows")
        self.elements_at = reader.constant() or 0
        self.elements = [reader.number() for _ in range(reader.number())]

    def _custom(self, reader: _Reader) -> None:
        if reader.raw() == b"dylink.0":
            self.thread_locals = reader.data[reader.at :]

    def relinked(self, asked: Iterable[str]) -> tuple[bytes, dict[str, int]]:
        """Return the module with few exports, and where each symbol lies."""
        needed = {name.encode() for name in asked} | {name.encode() for name in _KEPT} | self.got
        slots = {
            index: self.elements_at + at for at, index in reversed([*enumerate(self.elements)])
        }
        moved: list[int] = []
        symbols: dict[str, int] = {}
        kept: list[tuple[bytes, int, int]] = []
        for name, kind, index in self.exports:
            address = self.globals[index - self.imported_globals] if kind == _GLOBAL else None
            if kind == _FUNCTION and index not in slots:
                slots[index] = self.table_min + len(moved)
                moved.append(index)
            if kind == _FUNCTION:
                symbols[name.decode()] = slots[index]
            elif address is not None:
                symbols[name.decode()] = address
            stays = kind in (_TABLE, _MEMORY) or (kind == _GLOBAL and address is None)
            if stays or name in needed or name in self.thread_locals:
                kept.append((name, kind, index))
        return self._written(moved, kept), symbols

    def _written(self, moved: list[int], kept: list[tuple[bytes, int, int]]) -> bytes:
        table = _leb(1) + bytes([0x70, 0]) + _leb(self.table_min + len(moved))
        names = b"".join(_leb(len(n)) + n + bytes([k]) + _leb(i) for n, k, i in kept)
        second = bytes([0, 0x41]) + _signed_leb(self.table_min) + b"\x0b" + _leb(len(moved))
        second += b"".join(map(_leb, moved))
        written = bytearray(_MAGIC)
        for kind, body in self.sections:
            if kind == _TABLES:
                new = table
            elif kind == _EXPORTS:
                new = _leb(len(kept)) + names
            elif kind == _ELEMENTS:
                new = _leb(2) + body[1:] + second
            else:
                new = body
            written += bytes([kind]) + _leb(len(new)) + new
        return bytes(written)


def _leb(number: int) -> bytes:
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        if not number:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def _signed_leb(number: int) -> bytes:
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        if (number == 0 and not byte & 0x40) or (number == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)
