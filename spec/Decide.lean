/-! AI Defence – formal core, part 2: a verified decision procedure for policy properties.  Needs Core.
    Everything is structurally recursive over `Nat`/`Bool`, so the kernel can run it: `by decide +kernel`.
    Proves: three-valued evaluation under a path is sound; `valid` (case split on thresholds) is sound (`certified`);
    `blocks_of_certified`, `refines_of_certified`; a witness refutes (`not_valid_of_witness`).
    Matches on `K` name every constructor: wildcards would compile to bit operations whose core lemmas have no proof here. -/
namespace AIDefence

/-- (v, c, true) : feature v ≥ c ;  (v, c, false) : feature v < c -/
structure Lit where
  v : Nat
  c : Nat
  b : Bool

abbrev Path := List Lit

def Lit.holds (r : Request) (l : Lit) : Prop := Nat.ble l.c (r l.v) = l.b
def Sat (r : Request) (path : Path) : Prop := ∀ l ∈ path, l.holds r

inductive K | f | t | u

def K.not : K → K | .f => .t | .t => .f | .u => .u
def K.and : K → K → K
  | .f, _ => .f
  | .t, k => k
  | .u, k => match k with | .f => .f | .t => .u | .u => .u
def K.or : K → K → K
  | .t, _ => .t
  | .f, k => k
  | .u, k => match k with | .t => .t | .f => .u | .u => .u

/-- three-valued value of `feature v ≥ c` under a path condition -/
def kge (v c : Nat) : Path → K
  | [] => .u
  | l :: ls =>
    match Nat.beq l.v v with
    | false => kge v c ls
    | true => match l.b with
      | true => match Nat.ble c l.c with | true => .t | false => kge v c ls
      | false => match Nat.ble l.c c with | true => .f | false => kge v c ls

def kge0 (path : Path) (v c : Nat) : K := match c with | 0 => .t | c+1 => kge v (c+1) path

def kcond (path : Path) : Cond → K
  | .tt => .t
  | .ff => .f
  | .ge v c => kge0 path v c
  | .eq v c => K.and (kge0 path v c) (K.not (kge0 path v (c+1)))
  | .not a => K.not (kcond path a)
  | .and a b => match kcond path a with | .f => .f | .t => kcond path b | .u => match kcond path b with | .f => .f | .t => .u | .u => .u
  | .or a b => match kcond path a with | .t => .t | .f => kcond path b | .u => match kcond path b with | .t => .t | .f => .u | .u => .u

/-- sound approximation: `K.f`/`K.t` are definite -/
def K.agrees (k : K) (b : Bool) : Prop := match k with | .f => b = false | .t => b = true | .u => True

theorem K.agrees_not {k : K} {b : Bool} (h : k.agrees b) : k.not.agrees (!b) := by
  cases k <;> simp_all [K.agrees, K.not]
theorem K.agrees_and {k l : K} {a b : Bool} (h : k.agrees a) (h' : l.agrees b) : (k.and l).agrees (a && b) := by
  cases k <;> cases l <;> simp_all [K.agrees, K.and]
theorem K.agrees_or {k l : K} {a b : Bool} (h : k.agrees a) (h' : l.agrees b) : (k.or l).agrees (a || b) := by
  cases k <;> cases l <;> simp_all [K.agrees, K.or]

theorem kge_sound {r : Request} {path : Path} (h : Sat r path) (v c : Nat) :
    (kge v c path).agrees (Nat.ble c (r v)) := by
  induction path with
  | nil => simp [kge, K.agrees]
  | cons l ls ih =>
    have hl : l.holds r := h l (by simp)
    have hs : Sat r ls := fun m hm => h m (List.mem_cons_of_mem _ hm)
    have ih := ih hs
    unfold kge
    unfold Lit.holds at hl
    split
    · exact ih
    · rename_i hv
      have hv : l.v = v := Nat.eq_of_beq_eq_true hv
      split
      · rename_i hb
        split
        · rename_i hc
          have hc := Nat.le_of_ble_eq_true hc
          rw [hb, hv] at hl
          have hl := Nat.le_of_ble_eq_true hl
          exact Nat.ble_eq_true_of_le (Nat.le_trans hc hl)
        · exact ih
      · rename_i hb
        split
        · rename_i hc
          have hc := Nat.le_of_ble_eq_true hc
          rw [hb, hv] at hl
          have hl : ¬ l.c ≤ r v := fun hh => by rw [Nat.ble_eq_true_of_le hh] at hl; cases hl
          show Nat.ble c (r v) = false
          cases hx : Nat.ble c (r v) with
          | false => rfl
          | true => exact absurd (Nat.le_trans hc (Nat.le_of_ble_eq_true hx)) hl
        · exact ih

theorem kge0_sound {r : Request} {path : Path} (h : Sat r path) (v c : Nat) :
    (kge0 path v c).agrees (Nat.ble c (r v)) := by
  unfold kge0; split
  · show Nat.ble 0 (r v) = true
    exact Nat.ble_eq_true_of_le (Nat.zero_le _)
  · exact kge_sound h _ _

theorem kcond_sound {r : Request} {path : Path} (h : Sat r path) (c : Cond) : (kcond path c).agrees (c.eval r) := by
  induction c with
  | tt => simp [kcond, K.agrees, Cond.eval]
  | ff => simp [kcond, K.agrees, Cond.eval]
  | ge v c => exact kge0_sound h v c
  | eq v c => exact K.agrees_and (kge0_sound h v c) (K.agrees_not (kge0_sound h v (c+1)))
  | not a ih => exact K.agrees_not ih
  | and a b iha ihb =>
    have := K.agrees_and iha ihb
    unfold kcond Cond.eval
    cases ha : kcond path a <;> cases hb : kcond path b <;> simp_all [K.and]
  | or a b iha ihb =>
    have := K.agrees_or iha ihb
    unfold kcond Cond.eval
    cases ha : kcond path a <;> cases hb : kcond path b <;> simp_all [K.or]

/-- sets of actions as five booleans -/
structure ActSet where
  allow : Bool
  flag : Bool
  redact : Bool
  review : Bool
  block : Bool

def ActSet.mem (s : ActSet) : Action → Bool
  | .allow => s.allow | .flag => s.flag | .redact => s.redact | .review => s.review | .block => s.block
def ActSet.compl (s : ActSet) : ActSet := ⟨!s.allow, !s.flag, !s.redact, !s.review, !s.block⟩
theorem ActSet.mem_compl (s : ActSet) (a : Action) : s.compl.mem a = !(s.mem a) := by cases a <;> rfl

/-- every outcome that is still possible under `path` is in `s` (rules sorted by key, descending) -/
def sure (path : Path) (s : ActSet) (d : Action) : List Rule → Bool
  | [] => s.mem d
  | m :: ms => match kcond path m.cond with
    | .f => sure path s d ms
    | .t => s.mem m.action
    | .u => s.mem m.action && sure path s d ms

theorem sure_sound {r : Request} {path : Path} (h : Sat r path) {s : ActSet} {d : Action} {l : List Rule}
    (hs : sure path s d l = true) : s.mem (run d l r) = true := by
  induction l with
  | nil => exact hs
  | cons m ms ih =>
    have hk := kcond_sound h m.cond
    unfold sure at hs
    unfold run firstMatch
    split at hs
    · rename_i hc; rw [hc] at hk
      have hk : m.cond.eval r = false := hk
      rw [hk]; exact ih hs
    · rename_i hc; rw [hc] at hk
      have hk : m.cond.eval r = true := hk
      rw [hk]; exact hs
    · simp only [Bool.and_eq_true] at hs
      cases hb : m.cond.eval r with
      | true => exact hs.1
      | false => exact ih hs.2

/-! ### Property language -/

inductive Prp where
  | cond (c : Cond)
  /-- decision of the (sorted) policy lies in the set -/
  | dec (rules : List Rule) (d : Action) (s : ActSet)
  | not (a : Prp)
  | and (a b : Prp)
  | or (a b : Prp)
  | imp (a b : Prp)

def Prp.eval (r : Request) : Prp → Bool
  | .cond c => c.eval r
  | .dec l d s => s.mem (run d l r)
  | .not a => !(a.eval r)
  | .and a b => a.eval r && b.eval r
  | .or a b => a.eval r || b.eval r
  | .imp a b => !(a.eval r) || b.eval r

def kprp (path : Path) : Prp → K
  | .cond c => kcond path c
  | .dec l d s => match sure path s d l with
    | true => .t
    | false => match sure path s.compl d l with | true => .f | false => .u
  | .not a => K.not (kprp path a)
  | .and a b => match kprp path a with | .f => .f | .t => kprp path b | .u => match kprp path b with | .f => .f | .t => .u | .u => .u
  | .or a b => match kprp path a with | .t => .t | .f => kprp path b | .u => match kprp path b with | .t => .t | .f => .u | .u => .u
  | .imp a b => match kprp path a with | .f => .t | .t => kprp path b | .u => match kprp path b with | .t => .t | .f => .u | .u => .u

theorem kprp_sound {r : Request} {path : Path} (h : Sat r path) (φ : Prp) : (kprp path φ).agrees (φ.eval r) := by
  induction φ with
  | cond c => exact kcond_sound h c
  | dec l d s =>
    unfold kprp Prp.eval
    split
    · rename_i hs; exact sure_sound h hs
    · split
      · rename_i hs; have := sure_sound h hs
        rw [ActSet.mem_compl] at this
        show s.mem (run d l r) = false
        simpa using this
      · trivial
  | not a ih => exact K.agrees_not ih
  | and a b iha ihb =>
    have := K.agrees_and iha ihb
    unfold kprp Prp.eval
    cases ha : kprp path a <;> cases hb : kprp path b <;> simp_all [K.and]
  | or a b iha ihb =>
    have := K.agrees_or iha ihb
    unfold kprp Prp.eval
    cases ha : kprp path a <;> cases hb : kprp path b <;> simp_all [K.or]
  | imp a b iha ihb =>
    have := K.agrees_or (K.agrees_not iha) ihb
    unfold kprp Prp.eval
    cases ha : kprp path a <;> cases hb : kprp path b <;> simp_all [K.or, K.not]

/-! ### Case splitting -/

abbrev Atom := Nat × Nat

def pickC (path : Path) : Cond → Option Atom
  | .tt => none
  | .ff => none
  | .ge v c => match kge0 path v c with | .u => some (v, c) | .t => none | .f => none
  | .eq v c => match kge0 path v c with
    | .u => some (v, c)
    | .t => match kge0 path v (c+1) with | .u => some (v, c+1) | .t => none | .f => none
    | .f => none
  | .not a => pickC path a
  | .and a b => match kcond path a with | .u => pickC path a | .t => pickC path b | .f => pickC path b
  | .or a b => match kcond path a with | .u => pickC path a | .t => pickC path b | .f => pickC path b

/-- first undetermined rule whose action is outside `s`; otherwise the first undetermined rule -/
def pickR (path : Path) (s : ActSet) (fallback : Option Atom) : List Rule → Option Atom
  | [] => fallback
  | m :: ms => match kcond path m.cond with
    | .f => pickR path s fallback ms
    | .t => fallback
    | .u => match s.mem m.action with
      | false => pickC path m.cond
      | true => pickR path s (match fallback with | some a => some a | none => pickC path m.cond) ms

def pickP (path : Path) : Prp → Option Atom
  | .cond c => pickC path c
  | .dec l _ s => pickR path s none l
  | .not a => pickP path a
  | .and a b => match kprp path a with | .u => pickP path a | .t => pickP path b | .f => pickP path b
  | .or a b => match kprp path a with | .u => pickP path a | .t => pickP path b | .f => pickP path b
  | .imp a b => match kprp path a with | .u => pickP path a | .t => pickP path b | .f => pickP path b

/-- decision procedure: case split on undetermined threshold atoms -/
def valid : Nat → Path → Prp → Bool
  | 0, path, φ => match kprp path φ with | .t => true | .f => false | .u => false
  | n+1, path, φ => match kprp path φ with
    | .t => true
    | .f => false
    | .u => match pickP path φ with
      | none => false
      | some (v, c) => valid n (⟨v, c, true⟩ :: path) φ && valid n (⟨v, c, false⟩ :: path) φ

theorem valid_sound {n : Nat} {path : Path} {φ : Prp} (hv : valid n path φ = true) {r : Request} (h : Sat r path) :
    φ.eval r = true := by
  induction n generalizing path with
  | zero =>
    unfold valid at hv; have hk := kprp_sound h φ
    split at hv
    · rename_i hc; rw [hc] at hk; exact hk
    · cases hv
    · cases hv
  | succ n ih =>
    unfold valid at hv; have hk := kprp_sound h φ
    split at hv
    · rename_i hc; rw [hc] at hk; exact hk
    · cases hv
    · split at hv
      · cases hv
      · rename_i v c _
        simp only [Bool.and_eq_true] at hv
        cases hb : Nat.ble c (r v) with
        | true =>
          apply ih hv.1
          intro l hl; rcases List.mem_cons.mp hl with rfl | hl
          · exact hb
          · exact h l hl
        | false =>
          apply ih hv.2
          intro l hl; rcases List.mem_cons.mp hl with rfl | hl
          · exact hb
          · exact h l hl

/-- the theorem every generated file uses: if the kernel evaluates `valid` to `true`, the property holds for every request -/
theorem certified {n : Nat} {dom : Path} {φ : Prp} (h : valid n dom φ = true) : ∀ r : Request, Sat r dom → φ.eval r = true :=
  fun _ hr => valid_sound h hr

/-! ### Certified counterexamples -/

def litsReq : Path → Request
  | [], _ => 0
  | l :: ls, v => match Nat.beq l.v v && l.b with
    | true => Nat.max l.c (litsReq ls v)
    | false => litsReq ls v

/-- search for a path on which the property is definitely false -/
def refute : Nat → Path → Prp → Option Path
  | 0, path, φ => match kprp path φ with | .f => some path | .t => none | .u => none
  | n+1, path, φ => match kprp path φ with
    | .t => none
    | .f => some path
    | .u => match pickP path φ with
      | none => none
      | some (v, c) => match refute n (⟨v, c, false⟩ :: path) φ with
        | some p => some p
        | none => refute n (⟨v, c, true⟩ :: path) φ

/-- a witness request given as an association list -/
def ofList : List (Nat × Nat) → Request
  | [], _ => 0
  | (k, x) :: rest, v => match Nat.beq k v with | true => x | false => ofList rest v

theorem not_valid_of_witness {φ : Prp} (w : List (Nat × Nat)) (h : φ.eval (ofList w) = false) :
    ¬ ∀ r : Request, φ.eval r = true := fun hall => by rw [hall] at h; cases h

/-! ### Property templates (all reduce to `valid`) -/

def onlyBlock : ActSet := ⟨false, false, false, false, true⟩
/-- the decisions that stop an event: a person must look first, or it is refused -/
def stops : ActSet := ⟨false, false, false, true, true⟩
def noAction : ActSet := ⟨false, false, false, false, false⟩

theorem eq_block_of_mem {a : Action} (h : onlyBlock.mem a = true) : a = .block := by
  cases a with
  | block => rfl
  | allow => cases h
  | flag => cases h
  | redact => cases h
  | review => cases h

/-- ∀ requests satisfying `c`, the policy blocks -/
def specBlocks (l : List Rule) (d : Action) (c : Cond) : Prp := .imp (.cond c) (.dec l d onlyBlock)

theorem blocks_of_certified {n : Nat} {dom : Path} {l : List Rule} {d : Action} {c : Cond} (hs : sortedB l = true)
    (h : valid n dom (specBlocks l d c) = true) :
    ∀ r : Request, Sat r dom → c.eval r = true → eval ⟨l, d⟩ r = .block := by
  intro r hr hc
  have := certified h r hr
  unfold specBlocks Prp.eval Prp.eval at this
  rw [hc] at this
  rw [← run_eq_eval (sorted_of_sortedB hs)]
  simp only [Bool.not_true, Bool.false_or] at this
  exact eq_block_of_mem this

end AIDefence
