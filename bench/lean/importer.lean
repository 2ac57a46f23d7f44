module
public import Lean
public section
/-! AI Defence: hands an export in the lean4export format (NDJSON 3.1) to Lean's own kernel, as a referee for our checker.

    `lean --run importer.lean LIB`; one JSON object a line each way: `{"id", "op", "on", "as", "lines", "heartbeats"}` ->
    `{"id", "ms", "accepted", "reason", "line", "declared"}`.
      `judge`  judge lines on top of what was kept under `on` (empty: on nothing), forget
      `keep`   the same, and keep what they lead to under `as`

    Every declaration goes through `Kernel.Environment.addDeclCore`, which checks it whole. An inductive type is declared by its
    types and constructors alone; the recursors, counts and rules that Lean's kernel makes of them must be the exported ones, up
    to definitional equality. The kernel takes any axiom: here only `propext`, `Quot.sound` and `Classical.choice` may stand, saying
    what they say in Lean's own library about the types of that library.

    The library of the WebAssembly build is stripped (little code), so: structural recursion, no generic containers. -/
open Lean

namespace Imp

@[noinline] def same (a b : String) : Bool := if a = b then true else false
@[noinline] def sameName (a b : Name) : Bool := a == b
def jstr (s : String) : String := (Json.str s).compress

def len {α : Type} : List α → Nat → Nat
  | [], n => n
  | _ :: xs, n => len xs (n+1)

/-- What an export leads to; a value, so that many can be judged on top of one. -/
structure St where
  names : Array Name := #[.anonymous]
  levels : Array Level := #[.zero]
  exprs : Array Expr := #[]
  env : Kernel.Environment
  declared : Nat := 0

abbrev Res := Except String

def bad {α : Type} (what : String) : Res α := .error ("malformed: " ++ what)

def get (j : Json) (k : String) : Res Json :=
  match j.getObjVal? k with | .ok v => .ok v | .error _ => bad ("no `" ++ k ++ "`")
def nat (j : Json) (k : String) : Res Nat := do
  match (← get j k).getNat? with | .ok n => .ok n | .error _ => bad ("`" ++ k ++ "` is no number")
def str (j : Json) (k : String) : Res String := do
  match (← get j k).getStr? with | .ok s => .ok s | .error _ => bad ("`" ++ k ++ "` is no text")
def bool (j : Json) (k : String) : Res Bool := do
  match (← get j k).getBool? with | .ok b => .ok b | .error _ => bad ("`" ++ k ++ "` is no truth value")
def list (j : Json) (k : String) : Res (List Json) := do
  match (← get j k).getArr? with | .ok a => .ok a.toList | .error _ => bad ("`" ++ k ++ "` is no list")
def has (j : Json) (k : String) : Bool :=
  match j.getObjVal? k with | .ok _ => true | .error _ => false

def nameAt (st : St) (i : Nat) : Res Name := if h : i < st.names.size then .ok st.names[i] else bad "an unknown name"
def levelAt (st : St) (i : Nat) : Res Level := if h : i < st.levels.size then .ok st.levels[i] else bad "an unknown level"
def exprAt (st : St) (i : Nat) : Res Expr := if h : i < st.exprs.size then .ok st.exprs[i] else bad "an unknown expression"
def name (st : St) (j : Json) (k : String) : Res Name := do nameAt st (← nat j k)
def level (st : St) (j : Json) (k : String) : Res Level := do levelAt st (← nat j k)
def expr (st : St) (j : Json) (k : String) : Res Expr := do exprAt st (← nat j k)

def namesOf (st : St) : List Json → Res (List Name)
  | [] => .ok []
  | j :: js => do
    match j.getNat? with
    | .ok i => let n ← nameAt st i; let ns ← namesOf st js; .ok (n :: ns)
    | .error _ => bad "a list of names holds something else"
def levelsOf (st : St) : List Json → Res (List Level)
  | [] => .ok []
  | j :: js => do
    match j.getNat? with
    | .ok i => let l ← levelAt st i; let ls ← levelsOf st js; .ok (l :: ls)
    | .error _ => bad "a list of levels holds something else"
def names (st : St) (j : Json) (k : String) : Res (List Name) := do namesOf st (← list j k)

def next (j : Json) (k : String) (size : Nat) : Res Unit := do
  if (← nat j k) = size then .ok () else bad ("`" ++ k ++ "` is not the next number")

def readName (st : St) (j : Json) : Res St := do
  next j "in" st.names.size
  if has j "str" then
    let s ← get j "str"
    let p ← name st s "pre"; let w ← str s "str"
    .ok { st with names := st.names.push (.str p w) }
  else
    let s ← get j "num"
    let p ← name st s "pre"; let i ← nat s "i"
    .ok { st with names := st.names.push (.num p i) }

def readLevel (st : St) (j : Json) : Res St := do
  next j "il" st.levels.size
  let l ←
    if has j "succ" then do let a ← level st j "succ"; .ok (Level.succ a)
    else if has j "max" then do
      match ← levelsOf st (← list j "max") with | [a, b] => .ok (Level.max a b) | _ => bad "`max` of two levels"
    else if has j "imax" then do
      match ← levelsOf st (← list j "imax") with | [a, b] => .ok (Level.imax a b) | _ => bad "`imax` of two levels"
    else do let n ← name st j "param"; .ok (Level.param n)
  .ok { st with levels := st.levels.push l }

def binder (s : String) : Res BinderInfo :=
  if same s "default" then .ok .default else if same s "implicit" then .ok .implicit
  else if same s "strictImplicit" then .ok .strictImplicit else if same s "instImplicit" then .ok .instImplicit
  else bad "no such binder"

/-- a larger index makes the constructor of terms panic -/
def indexMax : Nat := 1000000

def term (st : St) (j : Json) : Res Expr := do
  if has j "app" then
    let a ← get j "app"
    .ok (.app (← expr st a "fn") (← expr st a "arg"))
  else if has j "lam" then
    let a ← get j "lam"
    .ok (.lam (← name st a "name") (← expr st a "type") (← expr st a "body") (← binder (← str a "binderInfo")))
  else if has j "forallE" then
    let a ← get j "forallE"
    .ok (.forallE (← name st a "name") (← expr st a "type") (← expr st a "body") (← binder (← str a "binderInfo")))
  else if has j "const" then
    let a ← get j "const"
    .ok (.const (← name st a "name") (← levelsOf st (← list a "us")))
  else if has j "bvar" then
    let i ← nat j "bvar"
    if i < indexMax then .ok (.bvar i) else bad "a bound variable too far out"
  else if has j "proj" then
    let a ← get j "proj"
    .ok (.proj (← name st a "typeName") (← nat a "idx") (← expr st a "struct"))
  else if has j "letE" then
    let a ← get j "letE"
    .ok (.letE (← name st a "name") (← expr st a "type") (← expr st a "value") (← expr st a "body") (← bool a "nondep"))
  else if has j "natVal" then
    match Json.parse (← str j "natVal") with
    | .ok v => match v.getNat? with | .ok n => .ok (.lit (.natVal n)) | .error _ => bad "no natural number"
    | .error _ => bad "no natural number"
  else if has j "sort" then .ok (.sort (← level st j "sort"))
  else if has j "strVal" then .ok (.lit (.strVal (← str j "strVal")))
  else bad "an expression of no known kind"

def readExpr (st : St) (j : Json) : Res St := do
  next j "ie" st.exprs.size
  let e ← term st j
  .ok { st with exprs := st.exprs.push e }

def said : Kernel.Exception → String
  | .unknownConstant _ n => "unknown constant `" ++ n.toString ++ "`"
  | .alreadyDeclared _ n => "`" ++ n.toString ++ "` is declared already"
  | .declTypeMismatch _ _ _ => "the value has another type than is declared"
  | .declHasMVars _ _ _ => "a metavariable"
  | .declHasFVars _ _ _ => "a free variable"
  | .funExpected _ _ _ => "a function is expected"
  | .typeExpected _ _ _ => "a type is expected"
  | .letTypeMismatch _ _ _ _ _ => "the value of a `let` has another type"
  | .exprTypeMismatch _ _ _ _ => "a term has another type"
  | .appTypeMismatch _ _ _ _ _ => "an argument has another type"
  | .invalidProj _ _ _ => "an invalid projection"
  | .thmTypeIsNotProp _ _ _ => "a theorem must state a proposition"
  | .other s => s
  | .deterministicTimeout => "undecided: time"
  | .excessiveMemory => "undecided: memory"
  | .deepRecursion => "undecided: depth"
  | .interrupted => "undecided: interrupted"

variable (beats : USize)

def add (st : St) (d : Declaration) : Res St :=
  match st.env.addDeclCore beats d none with
  | .ok env => .ok { st with env := env, declared := st.declared + 1 }
  | .error e => .error ("kernel: " ++ said e)

def head (st : St) (j : Json) : Res ConstantVal := do
  let n ← name st j "name"; let ps ← names st j "levelParams"; let t ← expr st j "type"
  if sameName n .anonymous then bad "a declaration without a name" else .ok { name := n, levelParams := ps, type := t }

def safe (j : Json) : Res Unit := do
  if ← bool j "isUnsafe" then .error "not judged: unsafe" else .ok ()

def levelParams : List Name → List Level
  | [] => []
  | n :: ns => .param n :: levelParams ns

def isIn (n : Name) : List Name → Bool
  | [] => false
  | m :: ms => if sameName n m then true else isIn n ms
def distinct : List Name → Bool
  | [] => true
  | n :: ns =>
    if isIn n ns then false else distinct ns

/-- whether two closed terms are the same by definition; both must be terms at all -/
def alike (st : St) (a b : Expr) : Bool :=
  if a.eqv b then true else
  let env := Environment.ofKernelEnv st.env
  match Kernel.check env {} a, Kernel.check env {} b with
  | .ok s, .ok t =>
    match Kernel.isDefEq env {} s t, Kernel.isDefEq env {} a b with
    | .ok true, .ok true => true
    | _, _ => false
  | _, _ => false

/-- the type (or rule) that the kernel made, speaking of the level parameters of the export -/
def spoken (made : ConstantVal) (given : List Name) (e : Expr) : Expr :=
  e.instantiateLevelParams made.levelParams (levelParams given)

def agrees (st : St) (made given : ConstantVal) : Res Unit :=
  let n := given.name.toString
  if len made.levelParams 0 ≠ len given.levelParams 0 || !distinct given.levelParams then
    .error ("`" ++ n ++ "` has other level parameters than the kernel gives it")
  else if alike st given.type (spoken made given.levelParams made.type) then .ok ()
  else .error ("`" ++ n ++ "` has another type than the kernel gives it")

def sameNames : List Name → List Name → Bool
  | [], [] => true
  | a :: as, b :: bs => if sameName a b then sameNames as bs else false
  | _, _ => false

def counted (what : Name) (a b : Nat) : Res Unit :=
  if a = b then .ok () else .error ("`" ++ what.toString ++ "` counts otherwise than the kernel does")
def flagged (what : Name) (a b : Bool) : Res Unit :=
  if a == b then .ok () else .error ("`" ++ what.toString ++ "` says of itself what the kernel does not")
def named (what : Name) (a b : List Name) : Res Unit :=
  if sameNames a b then .ok () else .error ("`" ++ what.toString ++ "` names others than the kernel does")

def agreesFamily (st : St) (j : Json) : Res Unit := do
  let h ← head st j
  match st.env.find? h.name with
  | some (.inductInfo v) =>
    agrees st v.toConstantVal h
    counted h.name v.numParams (← nat j "numParams"); counted h.name v.numIndices (← nat j "numIndices")
    counted h.name v.numNested (← nat j "numNested")
    flagged h.name v.isRec (← bool j "isRec"); flagged h.name v.isReflexive (← bool j "isReflexive")
    named h.name v.all (← names st j "all"); named h.name v.ctors (← names st j "ctors")
  | _ => .error ("`" ++ h.name.toString ++ "` is no type here")

def agreesConstructor (st : St) (j : Json) : Res Unit := do
  let h ← head st j
  match st.env.find? h.name with
  | some (.ctorInfo v) =>
    agrees st v.toConstantVal h
    counted h.name v.cidx (← nat j "cidx"); counted h.name v.numParams (← nat j "numParams")
    counted h.name v.numFields (← nat j "numFields")
    named h.name [v.induct] [← name st j "induct"]
  | _ => .error ("`" ++ h.name.toString ++ "` is no constructor here")

def agreesRules (st : St) (made : ConstantVal) (given : List Name) : List RecursorRule → List Json → Res Unit
  | [], [] => .ok ()
  | r :: rs, j :: js => do
    named made.name [r.ctor] [← name st j "ctor"]
    counted made.name r.nfields (← nat j "nfields")
    if alike st (← expr st j "rhs") (spoken made given r.rhs) then agreesRules st made given rs js
    else .error ("`" ++ made.name.toString ++ "` computes otherwise than the kernel does")
  | _, _ => .error ("`" ++ made.name.toString ++ "` has another number of rules than the kernel gives it")

def agreesRecursor (st : St) (j : Json) : Res Unit := do
  let h ← head st j
  safe j
  match st.env.find? h.name with
  | some (.recInfo v) =>
    agrees st v.toConstantVal h
    counted h.name v.numParams (← nat j "numParams"); counted h.name v.numIndices (← nat j "numIndices")
    counted h.name v.numMotives (← nat j "numMotives"); counted h.name v.numMinors (← nat j "numMinors")
    flagged h.name v.k (← bool j "k")
    named h.name v.all (← names st j "all")
    agreesRules st v.toConstantVal h.levelParams v.rules (← list j "rules")
  | _ => .error ("`" ++ h.name.toString ++ "` is no recursor here")

def each (check : Json → Res Unit) : List Json → Res Unit
  | [] => .ok ()
  | j :: js => do check j; each check js

def constructorsOf (st : St) (wanted : Name) (params : List Name) : List Json → Res (List Constructor)
  | [] => .ok []
  | j :: js => do
    let h ← head st j
    safe j
    let rest ← constructorsOf st wanted params js
    if sameName h.name wanted then
      named h.name params h.levelParams
      .ok ({ name := h.name, type := h.type } :: rest)
    else .ok rest
def constructors (st : St) (params : List Name) (ctors : List Json) : List Name → Res (List Constructor)
  | [] => .ok []
  | n :: ns => do
    match ← constructorsOf st n params ctors with
    | [c] => let cs ← constructors st params ctors ns; .ok (c :: cs)
    | _ => .error ("`" ++ n.toString ++ "` stands not once among the constructors")
def types (st : St) (params : List Name) (ctors : List Json) : List Json → Res (List InductiveType)
  | [] => .ok []
  | j :: js => do
    let h ← head st j
    safe j
    named h.name params h.levelParams
    let cs ← constructors st params ctors (← names st j "ctors")
    let ts ← types st params ctors js
    .ok ({ name := h.name, type := h.type, ctors := cs } :: ts)

def typeNames : List InductiveType → List Name
  | [] => []
  | t :: ts => t.name :: typeNames ts
def countOf : List InductiveType → Nat → Nat
  | [], n => n
  | t :: ts, n => countOf ts (n + len t.ctors 0)

/-- every recursor that the kernel made must stand in the export -/
def exported (st : St) (recs : List Json) : List Name → Res Unit
  | [] => .ok ()
  | n :: ns => do
    let rec isIn : List Json → Res Bool
      | [] => .ok false
      | j :: js => do if sameName (← name st j "name") (.str n "rec") then .ok true else isIn js
    if ← isIn recs then exported st recs ns else .error ("the recursor of `" ++ n.toString ++ "` is missing")

def readInductive (st : St) (j : Json) : Res St := do
  let ts ← list j "types"; let cs ← list j "ctors"; let rs ← list j "recs"
  match ts with
  | [] => bad "no type is declared"
  | t :: _ =>
    let h ← head st t
    let its ← types st h.levelParams cs ts
    if countOf its 0 ≠ len cs 0 then .error "a constructor that belongs to no type here" else
    let st ← add beats st (.inductDecl h.levelParams (← nat t "numParams") its false)
    each (agreesFamily st) ts
    each (agreesConstructor st) cs
    each (agreesRecursor st) rs
    exported st rs (typeNames its)
    .ok st

def readQuotient (st : St) (j : Json) : Res St := do
  let h ← head st j
  let st ← match st.env.find? `Quot with | some (.quotInfo _) => .ok st | _ => add beats st .quotDecl
  match st.env.find? h.name with
  | some (.quotInfo v) =>
    agrees st v.toConstantVal h
    let kind := match v.kind with | .type => "type" | .ctor => "ctor" | .lift => "lift" | .ind => "ind"
    if same kind (← str j "kind") then .ok st else .error "a constant of quotients of another kind"
  | _ => .error "no constant of quotients"

/-- whether a constant is here what it is in Lean's own library -/
def asInLibrary (library : Environment) (st : St) (n : Name) : Bool :=
  match library.find? n, st.env.find? n with
  | some a, some b =>
    if len a.levelParams 0 = len b.levelParams 0 then
      (a.type.instantiateLevelParams a.levelParams (levelParams b.levelParams)).eqv b.type else false
  | _, _ => false
/-- … and has as many constructors -/
def asInductiveInLibrary (library : Environment) (st : St) (n c : Name) : Bool :=
  match st.env.find? n with
  | some (.inductInfo v) => sameNames v.ctors [c] && asInLibrary library st n && asInLibrary library st c
  | _ => false

def permitted : List Name := [`propext, `Quot.sound, `Classical.choice]
/-- what the statement of an axiom speaks of -/
def foundations (library : Environment) (st : St) (n : Name) : Bool :=
  if sameName n `propext then asInductiveInLibrary library st `Eq `Eq.refl && asInductiveInLibrary library st `Iff `Iff.intro
  else if sameName n `Quot.sound then asInductiveInLibrary library st `Eq `Eq.refl && asInLibrary library st `Quot && asInLibrary library st `Quot.mk
  else asInductiveInLibrary library st `Nonempty `Nonempty.intro

def readAxiom (library : Environment) (st : St) (j : Json) : Res St := do
  let h ← head st j
  safe j
  if !(isIn h.name permitted) then .error "an axiom that is not permitted" else
  let st ← add beats st (.axiomDecl { name := h.name, levelParams := h.levelParams, type := h.type, isUnsafe := false })
  if asInLibrary library st h.name && foundations library st h.name then .ok st
  else .error ("`" ++ h.name.toString ++ "` does not say what it says in the library of Lean")

def hints (j : Json) : Res ReducibilityHints := do
  let h ← get j "hints"
  match h.getStr? with
  | .ok s => if same s "opaque" then .ok .opaque else if same s "abbrev" then .ok .abbrev else bad "no such hint"
  | .error _ => do let n ← nat h "regular"; .ok (.regular (UInt32.ofNat n))

def readDefinition (st : St) (j : Json) : Res St := do
  let h ← head st j
  if !(same (← str j "safety") "safe") then .error "not judged: only safe definitions are" else
  add beats st (.defnDecl { name := h.name, levelParams := h.levelParams, type := h.type, value := (← expr st j "value"),
                            hints := (← hints j), safety := .safe, all := [h.name] })
def readTheorem (st : St) (j : Json) : Res St := do
  let h ← head st j
  add beats st (.thmDecl { name := h.name, levelParams := h.levelParams, type := h.type, value := (← expr st j "value"), all := [h.name] })
def readOpaque (st : St) (j : Json) : Res St := do
  let h ← head st j
  safe j
  add beats st (.opaqueDecl { name := h.name, levelParams := h.levelParams, type := h.type, value := (← expr st j "value"),
                              isUnsafe := false, all := [h.name] })

def readLine (library : Environment) (st : St) (s : String) : Res St :=
  match Json.parse s with
  | .error _ => bad "no JSON"
  | .ok j =>
    if has j "ie" then readExpr st j
    else if has j "in" then readName st j
    else if has j "il" then readLevel st j
    else if has j "thm" then do readTheorem beats st (← get j "thm")
    else if has j "def" then do readDefinition beats st (← get j "def")
    else if has j "inductive" then do readInductive beats st (← get j "inductive")
    else if has j "opaque" then do readOpaque beats st (← get j "opaque")
    else if has j "axiom" then do readAxiom beats library st (← get j "axiom")
    else if has j "quot" then do readQuotient beats st (← get j "quot")
    else if has j "meta" then .ok st
    else bad "a line of no known kind"

structure Judged where
  st : St
  reason : String
  line : Nat

unsafe def readAll (library : Environment) (lines : Array Json) (at_ : Nat) (st : St) : Judged :=
  if h : at_ < lines.size then
    let r := match lines[at_].getStr? with
      | .ok s => readLine beats library st s
      | .error _ => bad "a line that is no text"
    match r with
    | .error why => ⟨st, why, at_ + 1⟩
    | .ok st => readAll library lines (at_ + 1) st
  else ⟨st, "", at_⟩

abbrev Shelf := List (String × St)
def find (on : String) : Shelf → Option St
  | [] => none
  | (n, st) :: rest => if same n on then some st else find on rest

def answer (id t0 : Nat) (body : String) : IO Unit := do
  let t1 ← IO.monoMsNow
  IO.println ("{\"id\":" ++ toString id ++ ",\"ms\":" ++ toString (t1 - t0) ++ "," ++ body ++ "}")
  (← IO.getStdout).flush

def verdict (d : Judged) (declaredBefore : Nat) : String :=
  "\"accepted\":" ++ toString (d.reason.isEmpty) ++ ",\"reason\":" ++ jstr d.reason ++ ",\"line\":" ++ toString d.line
    ++ ",\"declared\":" ++ toString (d.st.declared - declaredBefore)

def orElse {α : Type} (r : Res α) (d : α) : α := match r with | .ok v => v | .error _ => d

unsafe def loop (library : Environment) (shelf : Shelf) (stdin : IO.FS.Stream) : IO Unit := do
  let line ← stdin.getLine
  if line.isEmpty then return
  let t0 ← IO.monoMsNow
  match Json.parse line with
  | .error e => answer 0 t0 ("\"failed\":" ++ jstr e); loop library shelf stdin
  | .ok j =>
    let id := orElse (nat j "id") 0
    let op := orElse (str j "op") ""
    match find (orElse (str j "on") "") shelf, j.getObjVal? "lines" with
    | some st, .ok v =>
      let lines := match v.getArr? with | .ok a => a | .error _ => #[]
      let d := readAll (USize.ofNat (orElse (nat j "heartbeats") 0)) library lines 0 st
      answer id t0 (verdict d st.declared)
      if same op "keep" && d.reason.isEmpty then loop library ((orElse (str j "as") "", d.st) :: shelf) stdin else loop library shelf stdin
    | _, _ => answer id t0 "\"failed\":\"nothing is kept under this name, or there are no lines\""; loop library shelf stdin
end Imp

unsafe def main (args : List String) : IO Unit := do
  let t0 ← IO.monoMsNow
  enableInitializersExecution
  match args with
  | lib :: _ => searchPathRef.set [System.FilePath.mk lib]
  | [] => pure ()
  let library ← importModules #[({ module := `Init.Core } : Import)] {} 0 (level := .private)
  let empty ← mkEmptyEnvironment
  let t1 ← IO.monoMsNow
  IO.println ("{\"id\":0,\"ready\":true,\"version\":" ++ Imp.jstr Lean.versionString ++ ",\"ms\":" ++ toString (t1 - t0) ++ "}")
  (← IO.getStdout).flush
  Imp.loop library [("", { env := empty.toKernelEnv })] (← IO.getStdin)
