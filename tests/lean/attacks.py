"""Submissions that look like proofs: none may be accepted as a proof of `STATEMENT`."""

from __future__ import annotations

# False, so that whatever is accepted is a hole.
STATEMENT = "∀ a b : Action, a ≤ b"
_END = "\ntheorem _root_.Free.proved : _root_.Free.Stmt := _root_.Free.main\n"
_MAIN = "theorem Free.main : ∀ a b : AIDefence.Action, a ≤ b := "

ATTACKS = {
    "sorry": _MAIN + "sorry" + _END,
    "sorry-tactic": _MAIN + "by intro a b; sorry" + _END,
    "admit": _MAIN + "by admit" + _END,
    "sorry-behind-a-lemma": "theorem h : False := by sorry\n" + _MAIN + "h.elim" + _END,
    "sorry-by-name": _MAIN + "sorryAx _ false" + _END,
    "axiom": "axiom h : False\n" + _MAIN + "h.elim" + _END,
    "constant": "opaque h : False\n" + _MAIN + "h.elim" + _END,
    "unsafe": "unsafe def h : False := h\n" + _MAIN + "h.elim" + _END,
    "unsafe-term": _MAIN + "unsafe (unsafeCast ())" + _END,
    "partial": "partial def h (n : Nat) : False := h n\n" + _MAIN + "(h 0).elim" + _END,
    "native-decide": _MAIN + "by native_decide" + _END,
    "decide-native": _MAIN + "by decide +native" + _END,
    "skip-kernel": "set_option debug.skipKernelTC true\n" + _MAIN + "by decide +kernel" + _END,
    "skip-kernel-in": "set_option debug.skipKernelTC true in\n" + _MAIN + "by decide" + _END,
    "skip-kernel-tactic": _MAIN + "by set_option debug.skipKernelTC true in decide +kernel" + _END,
    "notation": 'local notation a " ≤ " b => True\n' + _MAIN + "fun _ _ => trivial" + _END,
    "infix": 'infix:50 (priority := high) " ≤ " => fun _ _ => True\n' + _MAIN + "sorry" + _END,
    "macro": "macro_rules | `(Action) => `(Empty)\n" + _MAIN + "fun a => nomatch a" + _END,
    "syntax": 'syntax "easy" : tactic\n' + _MAIN + "by easy" + _END,
    "elab": 'elab "easy" : tactic => pure ()\n' + _MAIN + "by easy" + _END,
    "instance": (
        "instance (priority := high) evil : LE AIDefence.Action := ⟨fun _ _ => True⟩\n"
        "theorem Free.main : ∀ a b : AIDefence.Action, a ≤ b := fun _ _ => True.intro" + _END
    ),
    "instance-attribute": (
        "def evil : LE AIDefence.Action := ⟨fun _ _ => True⟩\nattribute [instance] evil\n"
        + _MAIN
        + "fun _ _ => True.intro"
        + _END
    ),
    "attribute": "@[implemented_by id] def f (n : Nat) : Nat := n\n" + _MAIN + "sorry" + _END,
    "extern": '@[extern "c"] def f (n : Nat) : Nat := n\n' + _MAIN + "sorry" + _END,
    "redefined-action": (
        "namespace Evil\ninductive Action | allow\nend Evil\nopen Evil\n" + _MAIN + "sorry" + _END
    ),
    "shadowed-statement": (
        "namespace Free\ndef Stmt2 : Prop := True\nend Free\n"
        "theorem Free.proved : Free.Stmt2 := True.intro\n"
    ),
    "statement-again": "def Free.Stmt : Prop := True\ntheorem Free.proved : Free.Stmt := trivial\n",
    "statement-inside": (
        "namespace X\ndef Free.Stmt : Prop := True\n"
        "theorem Free.proved : Free.Stmt := True.intro\nend X\n"
    ),
    "variable": ("variable (h : False)\ntheorem Free.proved (h : False) : Free.Stmt := h.elim\n"),
    "hypothesis": "theorem Free.proved : False → Free.Stmt := fun h => h.elim\n",
    "definition": "def Free.proved : Free.Stmt := sorry\n",
    "nothing": "theorem Free.other : True := trivial\n",
    "empty": "",
    "eval-writes": '#eval IO.FS.writeFile "pwned" "x"\n' + _MAIN + "sorry" + _END,
    "eval-runs": '#eval IO.Process.output {cmd := "id"}\n' + _MAIN + "sorry" + _END,
    "run-cmd": 'run_cmd Lean.logInfo "x"\n' + _MAIN + "sorry" + _END,
    "run-tac": _MAIN + "by run_tac pure ()" + _END,
    "by-elab": _MAIN + "by_elab pure (Lean.mkConst `x)" + _END,
    "initialize": "initialize x : Nat ← pure 1\n" + _MAIN + "sorry" + _END,
    "include-str": 'def s : String := include_str "../passwd"\n' + _MAIN + "sorry" + _END,
    "import": "import Lean\n" + _MAIN + "sorry" + _END,
    "add-decl": (
        "#eval show Lean.MetaM Unit from Lean.addDecl (.axiomDecl default)\n"
        + _MAIN
        + "sorry"
        + _END
    ),
    "meta-in-def": "open Lean in\nmeta def f : Nat := 1\n" + _MAIN + "sorry" + _END,
    "structure": "structure S where x : False\n" + _MAIN + "fun a => (S.x ⟨sorry⟩).elim" + _END,
    "quotient": "theorem Free.proved : Free.Stmt := Quot.sound trivial\n",
    "comment": "/- theorem Free.proved : Free.Stmt := trivial -/\n",
    "unfinished": _MAIN + "by\n  intro a b",
    "prefix": 'prefix:max "!!" => fun (_ : Prop) => True\n' + _MAIN + "sorry" + _END,
    "postfix": 'postfix:max "!!" => fun (_ : Prop) => True\n' + _MAIN + "sorry" + _END,
    "scoped-notation": (
        'namespace X\nscoped notation:50 a " ≤ " b => a = a\nend X\nopen X\n'
        + _MAIN
        + "fun _ _ => rfl"
        + _END
    ),
    "macro-local": 'local macro "easy" : tactic => `(tactic| sorry)\n' + _MAIN + "by easy" + _END,
    "equality-made-true": (
        'local notation (priority := high) a " = " b => True\n'
        "theorem h : 1 = 2 := trivial\n" + _MAIN + "absurd h (by decide)" + _END
    ),
    "instance-local": (
        "local instance (priority := high) : LE AIDefence.Action := ⟨fun _ _ => True⟩\n"
        + _MAIN
        + "fun _ _ => True.intro"
        + _END
    ),
    "deriving": "deriving instance DecidableEq for AIDefence.Rule\n" + _MAIN + "sorry" + _END,
    "inductive": "inductive F | mk (f : F → False)\n" + _MAIN + "sorry" + _END,
    "axiom-private": "private axiom h : False\n" + _MAIN + "h.elim" + _END,
    "axiom-in-namespace": "namespace AIDefence\naxiom h : False\nend AIDefence\n"
    + _MAIN
    + "AIDefence.h.elim"
    + _END,
    "implicit-names": (
        "set_option autoImplicit true\ntheorem Free.main : ∀ a b : Actionn, a = b := sorry" + _END
    ),
    "decreasing-by-sorry": (
        "def h (n : Nat) : False := h (n + 1)\ntermination_by n\ndecreasing_by sorry\n"
        + _MAIN
        + "(h 0).elim"
        + _END
    ),
    "fixpoint": "def h (n : Nat) : False := h n\npartial_fixpoint\n" + _MAIN + "(h 0).elim" + _END,
    "where-sorry": _MAIN + "h where h : ∀ a b : AIDefence.Action, a ≤ b := sorry" + _END,
    "csimp": "@[csimp] theorem h : @id = @id := rfl\n" + _MAIN + "sorry" + _END,
    "exit": _MAIN + "sorry" + _END + "#exit\n",
    "open-in-sorry": "open Classical in\n" + _MAIN + "by intro a b; exact sorry" + _END,
}
