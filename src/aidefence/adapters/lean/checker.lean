module
public import Lean
public section
/-! AI Defence: the process that elaborates, audits and exports.  It proves nothing that anybody must believe: what it exports is
    judged by an independent checker.

    `lean --run checker.lean LIB`; one JSON object a line each way: `{"id", "op", "text", "theorems", "roots", "heartbeats",
    "guarded"}` -> `{"id", "ok", …}`.
      `check`  elaborate `text`, report on `theorems`, forget
      `load`   the same, and keep the result when it has no error; `drop` forgets what the last `load` kept
      `export` elaborate `text` (if any), then write the closure of `roots` in the lean4export format (NDJSON 3.1), line by
               line, before the answer; core theorems that have no proof here get the proof of their twin from Base; forget
      `list`   the theorems whose name starts with `text`, with their types as a reader would write them
    `guarded`: commands outside a short list, and terms or tactics that run code or read files, are refused before they run.

    The library of the WebAssembly build is stripped (no proofs, little code), so: own containers, structural recursion. -/
open Lean Elab

namespace Exp

def rev' {α : Type} : List α → List α → List α
  | [], b => b
  | x :: a, b => rev' a (x :: b)

/-- own hash trie: the stripped library has no code for the generic containers -/
inductive Tr (α : Type) where
  | nil
  | leaf (h : UInt64) (kv : List (α × Nat))
  | node (l r : Tr α)

def assoc {α : Type} (eq : α → α → Bool) (k : α) : List (α × Nat) → Option Nat
  | [] => none
  | (a, v) :: t => match eq a k with | true => some v | false => assoc eq k t

def Tr.find {α : Type} (eq : α → α → Bool) (h b : UInt64) (k : α) : Tr α → Option Nat
  | .nil => none
  | .leaf h' kv => if h' = h then assoc eq k kv else none
  | .node l r => if b % 2 = 0 then l.find eq h (b / 2) k else r.find eq h (b / 2) k

partial def Tr.split {α : Type} (h1 b1 : UInt64) (t1 : Tr α) (h2 b2 : UInt64) (t2 : Tr α) : Tr α :=
  if b1 % 2 = 0 then
    if b2 % 2 = 0 then .node (Tr.split h1 (b1/2) t1 h2 (b2/2) t2) .nil else .node t1 t2
  else if b2 % 2 = 0 then .node t2 t1 else .node .nil (Tr.split h1 (b1/2) t1 h2 (b2/2) t2)

def Tr.add {α : Type} (h b : UInt64) (k : α) (v : Nat) (d : UInt64) : Tr α → Tr α
  | .nil => .leaf h [(k, v)]
  | .leaf h' kv => if h' = h then .leaf h ((k, v) :: kv) else Tr.split h b (.leaf h [(k, v)]) h' (h' / d) (.leaf h' kv)
  | .node l r => if b % 2 = 0 then .node (l.add h (b/2) k v (d*2)) r else .node l (r.add h (b/2) k v (d*2))

@[noinline] def nEq (a b : Name) : Bool := a == b
@[noinline] def lEq (a b : Level) : Bool := a == b
@[noinline] def eEq (a b : Expr) : Bool := a.eqv b
@[noinline] def sEq (a b : String) : Bool := if a = b then true else false

structure St where
  names : Tr Name := .nil
  levels : Tr Level := .nil
  memo : Tr Expr := .nil
  keys : Tr String := .nil
  done : Tr Name := .nil
  nName : Nat := 1
  nLevel : Nat := 1
  nExpr : Nat := 0
  nDecl : Nat := 0
  buf : String := ""
  axs : List Name := []

def jstr (s : String) : String := (Json.str s).compress

abbrev M := StateT St IO

variable (h : IO.FS.Stream)

/-- lines leave in pieces: one write a line costs a call to the main thread each -/
def put (s : String) : M Unit := fun st => do
  let buf := st.buf ++ s ++ "\n"
  if buf.utf8ByteSize > 8192 then do h.putStr buf; pure ((), { st with buf := "" }) else pure ((), { st with buf := buf })

def natsJ : List Nat → String → String
  | [], acc => acc
  | n :: ns, acc => natsJ ns (if acc.isEmpty then toString n else acc ++ "," ++ toString n)
def arr (l : List Nat) : String := "[" ++ natsJ l "" ++ "]"

partial def name (n : Name) : M Nat := do
  match n with
  | .anonymous => pure 0
  | .str p s =>
    let st ← get
    match st.names.find nEq n.hash n.hash n with
    | some i => pure i
    | none =>
      let pi ← name p
      let st ← get
      let i := st.nName
      set { st with names := st.names.add n.hash n.hash n i 1, nName := i + 1 }
      put h ("{\"in\":" ++ toString i ++ ",\"str\":{\"pre\":" ++ toString pi ++ ",\"str\":" ++ jstr s ++ "}}")
      pure i
  | .num p k =>
    let st ← get
    match st.names.find nEq n.hash n.hash n with
    | some i => pure i
    | none =>
      let pi ← name p
      let st ← get
      let i := st.nName
      set { st with names := st.names.add n.hash n.hash n i 1, nName := i + 1 }
      put h ("{\"in\":" ++ toString i ++ ",\"num\":{\"pre\":" ++ toString pi ++ ",\"i\":" ++ toString k ++ "}}")
      pure i

def namesL : List Name → List Nat → M (List Nat)
  | [], acc => pure (rev' acc [])
  | n :: ns, acc => do let i ← name h n; namesL ns (i :: acc)

def newLevel (l : Level) (body : String) : M Nat := do
  let st ← get
  let i := st.nLevel
  set { st with levels := st.levels.add l.hash l.hash l i 1, nLevel := i + 1 }
  put h ("{\"il\":" ++ toString i ++ "," ++ body ++ "}")
  pure i

partial def level (l : Level) : M Nat := do
  let st ← get
  match l with
  | .zero => pure 0
  | _ =>
  match st.levels.find lEq l.hash l.hash l with
  | some i => pure i
  | none =>
    match l with
    | .succ a => let i ← level a; newLevel h l ("\"succ\":" ++ toString i)
    | .max a b => let i ← level a; let j ← level b; newLevel h l ("\"max\":[" ++ toString i ++ "," ++ toString j ++ "]")
    | .imax a b => let i ← level a; let j ← level b; newLevel h l ("\"imax\":[" ++ toString i ++ "," ++ toString j ++ "]")
    | .param n => let i ← name h n; newLevel h l ("\"param\":" ++ toString i)
    | _ => throw (IO.userError "mvar level")

def levelsL : List Level → List Nat → M (List Nat)
  | [], acc => pure (rev' acc [])
  | n :: ns, acc => do let i ← level h n; levelsL ns (i :: acc)

def paramsL : List Name → M Unit
  | [] => pure ()
  | n :: ns => do let _ ← level h (.param n); paramsL ns

/-- hash-cons on the emitted text, so that stripping mdata cannot create duplicates -/
def cons (e : Expr) (body : String) : M Nat := do
  let st ← get
  match st.keys.find sEq body.hash body.hash body with
  | some i => set { st with memo := st.memo.add e.hash e.hash e i 1 }; pure i
  | none =>
    let i := st.nExpr
    set { st with memo := st.memo.add e.hash e.hash e i 1, keys := st.keys.add body.hash body.hash body i 1, nExpr := i + 1 }
    put h ("{\"ie\":" ++ toString i ++ "," ++ body ++ "}")
    pure i

def bi : BinderInfo → String
  | .default => "default" | .implicit => "implicit" | .strictImplicit => "strictImplicit" | .instImplicit => "instImplicit"

partial def expr (e : Expr) : M Nat := do
  match e with
  | .mdata _ b => expr b
  | _ =>
  let st ← get
  match st.memo.find eEq e.hash e.hash e with
  | some i => pure i
  | none =>
    match e with
    | .bvar i => cons h e ("\"bvar\":" ++ toString i)
    | .sort l => let i ← level h l; cons h e ("\"sort\":" ++ toString i)
    | .const n ls => let i ← name h n; let us ← levelsL h ls []; cons h e ("\"const\":{\"name\":" ++ toString i ++ ",\"us\":" ++ arr us ++ "}")
    | .app f a => let i ← expr f; let j ← expr a; cons h e ("\"app\":{\"fn\":" ++ toString i ++ ",\"arg\":" ++ toString j ++ "}")
    -- names of binders only matter to readers of statements: in terms they are left out, which makes a third less to ship
    | .lam _ t b k => let i ← expr t; let j ← expr b
                      cons h e ("\"lam\":{\"name\":0,\"type\":" ++ toString i ++ ",\"body\":" ++ toString j ++ ",\"binderInfo\":\"" ++ bi k ++ "\"}")
    | .forallE n t b k => let x ← name h n; let i ← expr t; let j ← expr b
                          cons h e ("\"forallE\":{\"name\":" ++ toString x ++ ",\"type\":" ++ toString i ++ ",\"body\":" ++ toString j ++ ",\"binderInfo\":\"" ++ bi k ++ "\"}")
    | .letE _ t v b nd => let i ← expr t; let w ← expr v; let j ← expr b
                          cons h e ("\"letE\":{\"name\":0,\"type\":" ++ toString i ++ ",\"value\":" ++ toString w ++ ",\"body\":" ++ toString j ++ ",\"nondep\":" ++ toString nd ++ "}")
    | .proj n k b => let x ← name h n; let i ← expr b; cons h e ("\"proj\":{\"typeName\":" ++ toString x ++ ",\"idx\":" ++ toString k ++ ",\"struct\":" ++ toString i ++ "}")
    | .lit (.natVal n) => cons h e ("\"natVal\":\"" ++ toString n ++ "\"")
    | .lit (.strVal s) => cons h e ("\"strVal\":" ++ jstr s)
    | _ => throw (IO.userError "fvar/mvar")

def constsOf (e : Expr) : List Name := e.getUsedConstants.toList

structure Ind where
  ts : List InductiveVal
  cs : List ConstructorVal
  rs : List RecursorVal

def ctorsOf (env : Environment) : List Name → List ConstructorVal → List ConstructorVal
  | [], acc => acc
  | n :: ns, acc => match env.find? n with
    | some (.ctorInfo v) => ctorsOf env ns (v :: acc)
    | _ => ctorsOf env ns acc
def app' {α : Type} : List α → List α → List α
  | [], b => b
  | x :: a, b => x :: app' a b
def recsNested (env : Environment) (t : Name) : Nat → List RecursorVal → List RecursorVal
  | 0, acc => acc
  | k+1, acc => match env.find? (.str t ("rec_" ++ toString (k+1))) with
    | some (.recInfo v) => recsNested env t k (v :: acc)
    | _ => recsNested env t k acc
def collect (env : Environment) : List Name → Ind → Ind
  | [], i => i
  | t :: ts, i => match env.find? t with
    | some (.inductInfo v) =>
      let r := match env.find? (.str t "rec") with | some (.recInfo r) => app' i.rs [r] | _ => i.rs
      collect env ts ⟨app' i.ts [v], app' i.cs (rev' (ctorsOf env v.ctors []) []), r⟩
    | _ => collect env ts i

def mark (n : Name) : M Unit := modify fun st => { st with done := st.done.add n.hash n.hash n 0 1 }
def isDone (n : Name) : M Bool := do let st ← get; pure (match st.done.find nEq n.hash n.hash n with | some _ => true | none => false)

def joinJ : List String → String → String
  | [], acc => acc
  | s :: ss, acc => joinJ ss (if acc.isEmpty then s else acc ++ "," ++ s)

def tsJ : List InductiveVal → List String → M (List String)
  | [], acc => pure (rev' acc [])
  | v :: vs, acc => do
    let n ← name h v.name; paramsL h v.levelParams; let lp ← namesL h v.levelParams []; let t ← expr h v.type
    let all ← namesL h v.all []; let cs ← namesL h v.ctors []
    tsJ vs (("{\"name\":" ++ toString n ++ ",\"levelParams\":" ++ arr lp ++ ",\"type\":" ++ toString t ++ ",\"all\":" ++ arr all ++ ",\"ctors\":" ++ arr cs
      ++ ",\"isRec\":" ++ toString v.isRec ++ ",\"isReflexive\":" ++ toString v.isReflexive ++ ",\"numIndices\":" ++ toString v.numIndices
      ++ ",\"numNested\":" ++ toString v.numNested ++ ",\"numParams\":" ++ toString v.numParams ++ ",\"isUnsafe\":false}") :: acc)
def csJ : List ConstructorVal → List String → M (List String)
  | [], acc => pure (rev' acc [])
  | v :: vs, acc => do
    let n ← name h v.name; paramsL h v.levelParams; let lp ← namesL h v.levelParams []; let t ← expr h v.type; let i ← name h v.induct
    csJ vs (("{\"name\":" ++ toString n ++ ",\"levelParams\":" ++ arr lp ++ ",\"type\":" ++ toString t ++ ",\"isUnsafe\":false,\"cidx\":" ++ toString v.cidx
      ++ ",\"numParams\":" ++ toString v.numParams ++ ",\"numFields\":" ++ toString v.numFields ++ ",\"induct\":" ++ toString i ++ "}") :: acc)
def rulesJ : List RecursorRule → List String → M (List String)
  | [], acc => pure (rev' acc [])
  | r :: rs, acc => do
    let c ← name h r.ctor; let e ← expr h r.rhs
    rulesJ rs (("{\"ctor\":" ++ toString c ++ ",\"nfields\":" ++ toString r.nfields ++ ",\"rhs\":" ++ toString e ++ "}") :: acc)
def rsJ : List RecursorVal → List String → M (List String)
  | [], acc => pure (rev' acc [])
  | v :: vs, acc => do
    let n ← name h v.name; paramsL h v.levelParams; let lp ← namesL h v.levelParams []; let t ← expr h v.type
    let rl ← rulesJ h v.rules []; let all ← namesL h v.all []
    rsJ vs (("{\"name\":" ++ toString n ++ ",\"levelParams\":" ++ arr lp ++ ",\"type\":" ++ toString t ++ ",\"isUnsafe\":false,\"numParams\":" ++ toString v.numParams
      ++ ",\"numIndices\":" ++ toString v.numIndices ++ ",\"numMotives\":" ++ toString v.numMotives ++ ",\"numMinors\":" ++ toString v.numMinors
      ++ ",\"rules\":[" ++ joinJ rl "" ++ "],\"all\":" ++ arr all ++ ",\"k\":" ++ toString v.k ++ "}") :: acc)

def hints : ReducibilityHints → String
  | .opaque => "\"opaque\"" | .abbrev => "\"abbrev\"" | .regular n => "{\"regular\":" ++ toString n.toNat ++ "}"

def indConsts : Ind → List Name := fun i =>
  let f : List Name := List.foldl (fun a (v : InductiveVal) => app' (constsOf v.type) a) [] i.ts
  let f : List Name := List.foldl (fun a (v : ConstructorVal) => app' (constsOf v.type) a) f i.cs
  List.foldl (fun a (v : RecursorVal) => List.foldl (fun a (r : RecursorRule) => app' (constsOf r.rhs) a) (app' (constsOf v.type) a) v.rules) f i.rs

def cnames : List ConstructorVal → List Name
  | [] => []
  | v :: vs => v.name :: cnames vs
def rnames : List RecursorVal → List Name
  | [] => []
  | v :: vs => v.name :: rnames vs
def head (c : ConstantVal) : M String := do
  let n ← name h c.name; paramsL h c.levelParams; let lp ← namesL h c.levelParams []; let t ← expr h c.type
  pure ("\"name\":" ++ toString n ++ ",\"levelParams\":" ++ arr lp ++ ",\"type\":" ++ toString t)

def pre : Name → Name
  | .anonymous => .str (.str .anonymous "AIDefence") "Base"
  | .str p x => .str (pre p) x
  | .num p x => .num (pre p) x
def nlen : List Name → Nat → Nat
  | [], k => k
  | _ :: xs, k => nlen xs (k+1)
def params : List Name → List Level
  | [] => []
  | x :: xs => .param x :: params xs
/-- the twin's proof under the core name; the independent kernel judges whether it really proves the core statement -/
def twin (env : Environment) (v : AxiomVal) : Option Expr :=
  match env.find? (pre v.name) with
  | some (.thmInfo t) => if nlen t.levelParams 0 = nlen v.levelParams 0 then some (t.value.instantiateLevelParams t.levelParams (params v.levelParams)) else none
  | _ => none

/-- what a constant stands on first, then the constant -/
partial def const (env : Environment) (n : Name) : M Unit := do
  if ← isDone n then return
  mark n
  match env.find? n with
  | none => throw (IO.userError ("missing " ++ n.toString))
  | some ci =>
    let rec many : List Name → M Unit
      | [] => pure ()
      | x :: xs => do const env x; many xs
    let fin : M Unit := modify fun st => { st with nDecl := st.nDecl + 1 }
    match ci with
    | .axiomInfo v =>
      many (constsOf v.type)
      match twin env v with
      | some t =>
        many (constsOf t)
        let s ← head h v.toConstantVal; let e ← expr h t
        put h ("{\"thm\":{" ++ s ++ ",\"value\":" ++ toString e ++ ",\"all\":[]}}"); fin
      | none =>
      let s ← head h v.toConstantVal
      modify fun st => { st with axs := n :: st.axs }
      put h ("{\"axiom\":{" ++ s ++ ",\"isUnsafe\":false}}"); fin
    | .thmInfo v =>
      many (constsOf v.type); many (constsOf v.value)
      let s ← head h v.toConstantVal; let e ← expr h v.value
      put h ("{\"thm\":{" ++ s ++ ",\"value\":" ++ toString e ++ ",\"all\":[]}}"); fin
    | .defnInfo v =>
      many (constsOf v.type); many (constsOf v.value)
      let s ← head h v.toConstantVal; let e ← expr h v.value
      put h ("{\"def\":{" ++ s ++ ",\"value\":" ++ toString e ++ ",\"hints\":" ++ hints v.hints ++ ",\"safety\":\"" ++ (match v.safety with | .safe => "safe" | .unsafe => "unsafe" | .partial => "partial") ++ "\",\"all\":[]}}"); fin
    | .opaqueInfo v =>
      many (constsOf v.type); many (constsOf v.value)
      let s ← head h v.toConstantVal; let e ← expr h v.value
      put h ("{\"opaque\":{" ++ s ++ ",\"value\":" ++ toString e ++ ",\"isUnsafe\":false,\"all\":[]}}"); fin
    | .quotInfo _ =>
      const env ``Eq
      let rec quots : List (Name × String) → M Unit
        | [] => pure ()
        | (q, k) :: qs => do
          mark q
          match env.find? q with
          | some (.quotInfo v) => do
            many (constsOf v.type)
            let s ← head h v.toConstantVal
            put h ("{\"quot\":{" ++ s ++ ",\"kind\":\"" ++ k ++ "\"}}"); fin
          | _ => pure ()
          quots qs
      quots [(``Quot, "type"), (``Quot.mk, "ctor"), (``Quot.lift, "lift"), (``Quot.ind, "ind")]
    | .ctorInfo v => const env v.induct
    | .recInfo v => many v.all
    | .inductInfo v =>
      let i := collect env v.all ⟨[], [], []⟩
      let i := { i with rs := app' i.rs (recsNested env (match v.all with | x :: _ => x | [] => n) v.numNested []) }
      let rec markAll : List Name → M Unit
        | [] => pure ()
        | x :: xs => do mark x; markAll xs
      markAll v.all
      markAll (cnames i.cs); markAll (rnames i.rs)
      many (indConsts i)
      let a ← tsJ h i.ts []; let b ← csJ h i.cs []; let c ← rsJ h i.rs []
      put h ("{\"inductive\":{\"types\":[" ++ joinJ a "" ++ "],\"ctors\":[" ++ joinJ b "" ++ "],\"recs\":[" ++ joinJ c "" ++ "]}}"); fin

def exportTo (env : Environment) (h : IO.FS.Stream) (roots : List Name) : IO St := do
  h.putStrLn ("{\"meta\":{\"exporter\":{\"name\":\"aidefence-export\",\"version\":\"3.1.0\"},\"format\":{\"version\":\"3.1.0\"},\"lean\":{\"githash\":\"" ++ Lean.githash ++ "\",\"version\":\"" ++ Lean.versionString ++ "\"}}}")
  let rec go : List Name → M Unit
    | [] => pure ()
    | x :: xs => do const h env x; go xs
  let ((), st) ← (go roots).run {}
  h.putStr st.buf
  h.flush
  pure st
end Exp

namespace Guard
/-! What a submission may contain.  Everything else is refused before it is elaborated. -/

def anyB (p : String → Bool) : List String → Bool
  | [] => false
  | x :: xs => p x || anyB p xs
@[noinline] def same (a b : String) : Bool := if a = b then true else false

def commands : List String :=
  ["Lean.Parser.Command.declaration", "lemma", "Lean.Parser.Command.open", "Lean.Parser.Command.namespace", "Lean.Parser.Command.section",
   "Lean.Parser.Command.end", "Lean.Parser.Command.variable", "Lean.Parser.Command.universe", "Lean.Parser.Command.set_option",
   "Lean.Parser.Command.noncomputableSection", "Lean.Parser.Command.in", "Lean.Parser.Command.eoi", "Lean.Parser.Command.moduleDoc"]
def declarations : List String := ["Lean.Parser.Command.theorem", "Lean.Parser.Command.definition"]
def options : List String := ["maxHeartbeats", "maxRecDepth"]
/-- syntax that runs code, reads files, or leaves the kernel's control; a `sorry` may be read, and is then found in the axioms -/
def forbidden : List String :=
  ["Lean.Parser.Term.byElab", "Lean.Parser.Term.includeStr", "Lean.includeStr", "Lean.Parser.Term.unsafe", "Lean.Parser.Tactic.nativeDecide",
   "Lean.Parser.Tactic.runTac", "Lean.runTac", "Lean.byElab", "Lean.runElab", "Lean.runMeta", "Lean.runCmd", "Lean.Parser.Command.unsafe",
   "Lean.Parser.Command.partial", "Lean.Parser.Term.attributes", "Lean.Parser.Term.attrInstance", "Lean.Parser.Term.debugAssert", "Lean.Parser.Term.dbgTrace",
   "Lean.Parser.Term.stateRefT", "Lean.Parser.Tactic.dbgTrace", "Lean.Parser.Term.quot", "Lean.Parser.Term.dynamicQuot", "Lean.Parser.Term.noImplicitLambda"]

def kindsOf (s : Syntax) : String := s.getKind.toString

partial def scan (s : Syntax) : Option String :=
  let k := kindsOf s
  if anyB (same k) forbidden then some k else
  match s with
  | .node _ _ args =>
    let rec many : List Syntax → Option String
      | [] => none
      | a :: as => match scan a with | some x => some x | none => many as
    let optionOk : Option String :=
      if same k "Lean.Parser.Command.set_option" || same k "Lean.Parser.Tactic.set_option" || same k "Lean.Parser.Term.set_option" then
        match args.toList with
        | _ :: n :: _ => if anyB (same n.getId.toString) options then none else some ("option " ++ n.getId.toString)
        | _ => some k
      else none
    match optionOk with
    | some x => some x
    | none => many args.toList
  | .atom _ v => if same v "native" || same v "+native" then some "native" else none
  | .ident _ _ n _ => if same n.toString "native" then some n.toString else none
  | .missing => none

/-- `none`: may be elaborated; otherwise what is not allowed -/
partial def check (s : Syntax) : Option String :=
  let k := kindsOf s
  if !(anyB (same k) commands) then some ("command " ++ k) else
  if same k "Lean.Parser.Command.in" then
    match s with
    | .node _ _ args => match args.toList with
      | a :: _ :: b :: _ => match check a with | some x => some x | none => check b
      | _ => some k
    | _ => some k
  else if same k "Lean.Parser.Command.declaration" then
    match s with
    | .node _ _ args => match args.toList with
      | _ :: d :: _ => if anyB (same (kindsOf d)) declarations then scan s else some ("declaration " ++ kindsOf d)
      | _ => some k
    | _ => some k
  else scan s
end Guard

namespace Chk

def jstr (s : String) : String := (Json.str s).compress

unsafe def msgsJson : List Message → String → IO String
  | [], acc => pure acc
  | m :: ms, acc => do
    let j ← m.toJson
    msgsJson ms (if acc.isEmpty then j.compress else acc ++ "," ++ j.compress)
def namesJson : List Name → String → String
  | [], acc => acc
  | n :: ns, acc => namesJson ns (if acc.isEmpty then jstr (n.toString) else acc ++ "," ++ jstr n.toString)

def splitAx (env : Environment) : List Name → List Name → List Name → List Name × List Name
  | [], c, o => (c, o)
  | a :: as, c, o => match env.getModuleIdxFor? a with
      | some _ => splitAx env as (a :: c) o
      | none   => splitAx env as c (a :: o)

/-- the type is written out where `typed`: that costs more than the rest -/
unsafe def thmJson (env : Environment) (typed : Bool) (n : Name) : IO String := do
  match env.find? n with
  | none => pure ("{\"name\":" ++ jstr n.toString ++ ",\"found\":false}")
  | some ci =>
    let kind := match ci with | .thmInfo _ => "theorem" | .defnInfo _ => "def" | .axiomInfo _ => "axiom" | _ => "other"
    let ((), st) := ((CollectAxioms.collect n).run env).run {}
    let (core, own) := splitAx env st.axioms.toList [] []
    let ty ← if typed then do
        let (ty, _) ← (do let f ← Meta.ppExpr ci.type; pure (f.pretty 100000) : MetaM String).toIO
          { fileName := "", fileMap := default } { env := env }
        pure ty
      else pure ""
    let tc := match ci.type with | .const m _ => m.toString | _ => ""
    pure ("{\"name\":" ++ jstr n.toString ++ ",\"type_const\":" ++ jstr tc ++ ",\"found\":true,\"kind\":\"" ++ kind ++ "\",\"type\":" ++ jstr ty
      ++ ",\"axioms_core\":[" ++ namesJson core "" ++ "],\"axioms_own\":[" ++ namesJson own "" ++ "]}")

unsafe def thmsJson (env : Environment) (typed : Bool) : List String → String → IO String
  | [], acc => pure acc
  | s :: ss, acc => do
    let j ← thmJson env typed s.toName
    thmsJson env typed ss (if acc.isEmpty then j else acc ++ "," ++ j)

/-- reads the commands one after another and looks at each; only those that change how the next one reads (`open`, `namespace`)
    are carried out here, so nothing runs that was not allowed -/
unsafe def inspect (ictx : Parser.InputContext) (ref : IO.Ref Frontend.State) : IO String := do
  let st ← ref.get
  let cs := st.commandState
  let scope := match cs.scopes with | s :: _ => s | [] => { header := "" }
  let pm : Parser.ParserModuleContext := { env := cs.env, options := scope.opts, currNamespace := scope.currNamespace, openDecls := scope.openDecls }
  let (cmd, ps, _) := Parser.parseCommand ictx pm st.parserState cs.messages
  match Guard.check cmd with
  | some w => return w
  | none =>
    if Guard.same (Guard.kindsOf cmd) "Lean.Parser.Command.declaration" || Guard.same (Guard.kindsOf cmd) "lemma"
        || Guard.same (Guard.kindsOf cmd) "Lean.Parser.Command.in" then
      ref.set { st with parserState := ps }
      inspect ictx ref
    else
      let last ← Frontend.processCommand { inputCtx := ictx } ref
      if last then return "" else inspect ictx ref

structure Done where
  env : Environment
  errors : Bool
  refused : String
  messages : List Message

unsafe def elaborate (env : Environment) (text : String) (beats : Nat) (guarded : Bool) : IO Done := do
  let opts := maxHeartbeats.set ({} : Options) beats
  let ictx : Parser.InputContext :=
    { inputString := text, fileName := "<input>", fileMap := FileMap.ofString text, endPos := text.rawEndPos, endPos_valid := by simp }
  let why ← if guarded then
      inspect ictx (← IO.mkRef { commandState := Command.mkState env {} opts, parserState := {}, cmdPos := 0 })
    else pure ""
  if !why.isEmpty then return ⟨env, true, why, []⟩
  let (env, log) ← Lean.Elab.process text env opts (some "<input>")
  return ⟨env, log.hasErrors, "", log.toList⟩

def str (j : Json) (k : String) : String :=
  match j.getObjVal? k with | .ok v => (match v.getStr? with | .ok s => s | .error _ => "") | .error _ => ""
def nat (j : Json) (k : String) (d : Nat) : Nat :=
  match j.getObjVal? k with | .ok v => (match v.getNat? with | .ok n => n | .error _ => d) | .error _ => d
def bool (j : Json) (k : String) : Bool :=
  match j.getObjVal? k with | .ok v => (match v.getBool? with | .ok b => b | .error _ => false) | .error _ => false
def strs : List Json → List String
  | [] => []
  | x :: xs => match x.getStr? with | .ok s => s :: strs xs | .error _ => strs xs
def list (j : Json) (k : String) : List String :=
  match j.getObjVal? k with | .ok v => (match v.getArr? with | .ok a => strs a.toList | .error _ => []) | .error _ => []
def toNames : List String → List Name
  | [] => []
  | s :: ss => s.toName :: toNames ss

def report (d : Done) (ms : String) : String :=
  "\"errors\":" ++ toString d.errors ++ ",\"refused\":" ++ jstr d.refused ++ ",\"messages\":[" ++ ms ++ "]"

unsafe def checkOp (env0 : Environment) (j : Json) : IO (Done × String) := do
  let d ← elaborate env0 (str j "text") (nat j "heartbeats" 200000) (bool j "guarded")
  let ms ← msgsJson d.messages ""
  let th ← thmsJson d.env false (list j "theorems") ""
  return (d, report d ms ++ ",\"theorems\":[" ++ th ++ "]")

unsafe def exportOp (env0 : Environment) (j : Json) : IO String := do
  let d ← elaborate env0 (str j "text") (nat j "heartbeats" 200000) (bool j "guarded")
  let ms ← msgsJson d.messages ""
  if d.errors || !d.refused.isEmpty then return report d ms
  let st ← Exp.exportTo d.env (← IO.getStdout) (toNames (list j "roots"))
  return report d ms ++ ",\"expressions\":" ++ toString st.nExpr ++ ",\"declarations\":" ++ toString st.nDecl
    ++ ",\"axioms\":[" ++ namesJson st.axs "" ++ "]"

def theoremsOf (pre : String) : List ConstantInfo → List String → List String
  | [], acc => acc
  | .thmInfo v :: cs, acc => theoremsOf pre cs (if v.name.toString.startsWith pre && !v.name.isInternalDetail then v.name.toString :: acc else acc)
  | _ :: cs, acc => theoremsOf pre cs acc

unsafe def listOp (env : Environment) (j : Json) : IO String := do
  let data ← mkModuleData env
  let th ← thmsJson env true (theoremsOf (str j "text") data.constants.toList []) ""
  return "\"errors\":false,\"refused\":\"\",\"theorems\":[" ++ th ++ "]"

def answer (id : Nat) (t0 : Nat) (body : String) : IO Unit := do
  let t1 ← IO.monoMsNow
  IO.println ("{\"id\":" ++ toString id ++ ",\"ms\":" ++ toString (t1 - t0) ++ "," ++ body ++ "}")
  (← IO.getStdout).flush

unsafe def loop (stack : List Environment) (env : Environment) (stdin : IO.FS.Stream) : IO Unit := do
  let line ← stdin.getLine
  if line.isEmpty then return
  let t0 ← IO.monoMsNow
  match Json.parse line with
  | .error e => answer 0 t0 ("\"failed\":" ++ jstr e); loop stack env stdin
  | .ok j =>
    let id := nat j "id" 0
    let op := str j "op"
    if Guard.same op "check" then
      let (_, body) ← checkOp env j
      answer id t0 body; loop stack env stdin
    else if Guard.same op "load" then
      let (d, body) ← checkOp env j
      answer id t0 body
      if d.errors || !d.refused.isEmpty then loop stack env stdin else loop (env :: stack) d.env stdin
    else if Guard.same op "drop" then
      answer id t0 "\"errors\":false"
      match stack with | [] => loop stack env stdin | e :: es => loop es e stdin
    else if Guard.same op "export" then
      answer id t0 (← exportOp env j); loop stack env stdin
    else if Guard.same op "list" then
      answer id t0 (← listOp env j); loop stack env stdin
    else
      answer id t0 "\"failed\":\"unknown op\""; loop stack env stdin
end Chk

unsafe def main (args : List String) : IO Unit := do
  let t0 ← IO.monoMsNow
  enableInitializersExecution
  match args with
  | lib :: _ => searchPathRef.set [System.FilePath.mk lib]
  | [] => pure ()
  let env ← importModules #[({ module := `Init } : Import), { module := `Std }] {} 0 (loadExts := true) (level := .private)
  let env := env.setMainModule `AIDefencePolicy
  let t1 ← IO.monoMsNow
  IO.println ("{\"id\":0,\"ready\":true,\"version\":" ++ Chk.jstr Lean.versionString ++ ",\"ms\":" ++ toString (t1 - t0) ++ "}")
  (← IO.getStdout).flush
  Chk.loop [] env (← IO.getStdin)
