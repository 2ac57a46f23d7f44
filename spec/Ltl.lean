/-! AI Defence – formal core, part 8: LTL on finite traces, progression monitor = semantics.  Needs Core.
    Proves: `monitor_decides` (folding `step` decides the declarative semantics), `mon_correct` (for every suffix), early verdicts
    are permanent, `shield_sound` (what is let through satisfies the formula), `shield_transparent`, and for safety formulas
    `safe_of_mon`: not refuted means satisfied.  No classical reasoning: the semantics is decidable (`sat_em`). -/
namespace AIDefence

deriving instance DecidableEq for Cond

inductive Ltl where
  | tt | ff
  | atom (c : Cond)
  /-- at least one more event / no more events -/
  | ne | em
  | not (a : Ltl)
  | and (a b : Ltl)
  | or (a b : Ltl)
  | next (a : Ltl)     -- strong next
  | wnext (a : Ltl)    -- weak next
  | until (a b : Ltl)
  | release (a b : Ltl)
deriving DecidableEq

namespace Ltl
def eventually (a : Ltl) : Ltl := .until .tt a
def always (a : Ltl) : Ltl := .release .ff a
def imp (a b : Ltl) : Ltl := .or (.not a) b

/-- declarative LTLf semantics (positions, no algorithm) -/
def sat : Ltl → List Request → Prop
  | .tt, _ => True
  | .ff, _ => False
  | .atom c, tr => ∃ e rest, tr = e :: rest ∧ c.eval e = true
  | .ne, tr => tr ≠ []
  | .em, tr => tr = []
  | .not a, tr => ¬ a.sat tr
  | .and a b, tr => a.sat tr ∧ b.sat tr
  | .or a b, tr => a.sat tr ∨ b.sat tr
  | .next a, tr => ∃ e e' rest, tr = e :: e' :: rest ∧ a.sat (e' :: rest)
  | .wnext a, tr => ∀ e e' rest, tr = e :: e' :: rest → a.sat (e' :: rest)
  | .until a b, tr => ∃ i, i < tr.length ∧ b.sat (tr.drop i) ∧ ∀ j, j < i → a.sat (tr.drop j)
  | .release a b, tr => ∀ i, i < tr.length → b.sat (tr.drop i) ∨ ∃ j, j < i ∧ a.sat (tr.drop j)

/-! ### The semantics is decidable -/

theorem lt_succ_cases {i n : Nat} (h : i < n + 1) : i < n ∨ i = n := by
  rcases Base.le_total' n i with k | k
  · exact Or.inr (Nat.le_antisymm (Base.le_of_succ_le_succ h) k)
  · exact Or.inl k

theorem bex_em {P : Nat → Prop} (h : ∀ i, P i ∨ ¬ P i) : ∀ n, (∃ i, i < n ∧ P i) ∨ ¬ ∃ i, i < n ∧ P i
  | 0 => Or.inr (fun ⟨_, hi, _⟩ => Base.not_succ_le_zero hi)
  | n+1 => by
    rcases bex_em h n with ⟨i, hi, hp⟩ | hn
    · exact Or.inl ⟨i, Nat.le.step hi, hp⟩
    · rcases h n with hp | hp
      · exact Or.inl ⟨n, Nat.le.refl, hp⟩
      · refine Or.inr ?_
        rintro ⟨i, hi, hp'⟩
        rcases lt_succ_cases hi with hi | hi
        · exact hn ⟨i, hi, hp'⟩
        · subst hi; exact hp hp'

theorem ball_em {P : Nat → Prop} (h : ∀ i, P i ∨ ¬ P i) (n : Nat) : (∀ i, i < n → P i) ∨ ¬ ∀ i, i < n → P i := by
  rcases bex_em (P := fun i => ¬ P i) (fun i => (h i).elim (fun k => Or.inr (fun q => q k)) Or.inl) n with ⟨i, hi, hp⟩ | hn
  · exact Or.inr (fun k => hp (k i hi))
  · refine Or.inl ?_
    intro i hi
    rcases h i with hp | hp
    · exact hp
    · exact absurd ⟨i, hi, hp⟩ hn

theorem and_em {p q : Prop} (hp : p ∨ ¬ p) (hq : q ∨ ¬ q) : (p ∧ q) ∨ ¬ (p ∧ q) := by
  rcases hp with hp | hp
  · rcases hq with hq | hq
    · exact Or.inl ⟨hp, hq⟩
    · exact Or.inr (fun h => hq h.2)
  · exact Or.inr (fun h => hp h.1)
theorem or_em {p q : Prop} (hp : p ∨ ¬ p) (hq : q ∨ ¬ q) : (p ∨ q) ∨ ¬ (p ∨ q) := by
  rcases hp with hp | hp
  · exact Or.inl (Or.inl hp)
  · rcases hq with hq | hq
    · exact Or.inl (Or.inr hq)
    · exact Or.inr (fun h => h.elim hp hq)

theorem sat_em (φ : Ltl) : ∀ tr, φ.sat tr ∨ ¬ φ.sat tr := by
  induction φ with
  | tt => intro tr; exact Or.inl True.intro
  | ff => intro tr; exact Or.inr (fun h => h)
  | atom c =>
    intro tr
    cases tr with
    | nil => exact Or.inr (fun ⟨_, _, h, _⟩ => nomatch h)
    | cons e rest =>
      cases h : c.eval e with
      | true => exact Or.inl ⟨e, rest, rfl, h⟩
      | false => exact Or.inr (fun ⟨e', rest', he, hc⟩ => by injection he with h1 h2; subst h1; rw [h] at hc; cases hc)
  | ne =>
    intro tr
    cases tr with
    | nil => exact Or.inr (fun h => h rfl)
    | cons e rest => exact Or.inl (fun h => nomatch h)
  | em =>
    intro tr
    cases tr with
    | nil => exact Or.inl rfl
    | cons e rest => exact Or.inr (fun h => nomatch h)
  | not a ih => intro tr; exact (ih tr).elim (fun h => Or.inr (fun k => k h)) Or.inl
  | and a b iha ihb => intro tr; exact and_em (iha tr) (ihb tr)
  | or a b iha ihb => intro tr; exact or_em (iha tr) (ihb tr)
  | next a ih =>
    intro tr
    cases tr with
    | nil => exact Or.inr (fun ⟨_, _, _, h, _⟩ => nomatch h)
    | cons e rest =>
      cases rest with
      | nil => exact Or.inr (fun ⟨_, _, _, h, _⟩ => nomatch h)
      | cons e' rest =>
        rcases ih (e' :: rest) with h | h
        · exact Or.inl ⟨e, e', rest, rfl, h⟩
        · exact Or.inr (fun ⟨_, _, _, he, hs⟩ => by injection he with _ h2; rw [← h2] at hs; exact h hs)
  | wnext a ih =>
    intro tr
    cases tr with
    | nil => exact Or.inl (fun _ _ _ h => nomatch h)
    | cons e rest =>
      cases rest with
      | nil => exact Or.inl (fun _ _ _ h => nomatch h)
      | cons e' rest =>
        rcases ih (e' :: rest) with h | h
        · exact Or.inl (fun _ _ _ he => by injection he with _ h2; rw [← h2]; exact h)
        · exact Or.inr (fun k => h (k e e' rest rfl))
  | «until» a b iha ihb =>
    intro tr
    exact bex_em (fun i => and_em (ihb (tr.drop i)) (ball_em (fun j => iha (tr.drop j)) i)) tr.length
  | release a b iha ihb =>
    intro tr
    exact ball_em (fun i => or_em (ihb (tr.drop i)) (bex_em (fun j => iha (tr.drop j)) i)) tr.length

/-! ### Progression -/

/-- progression (derivative) through one event -/
def prog (e : Request) : Ltl → Ltl
  | .tt => .tt
  | .ff => .ff
  | .atom c => match c.eval e with | true => .tt | false => .ff
  | .ne => .tt
  | .em => .ff
  | .not a => .not (prog e a)
  | .and a b => .and (prog e a) (prog e b)
  | .or a b => .or (prog e a) (prog e b)
  | .next a => .and .ne a
  | .wnext a => .or .em a
  | .until a b => .or (prog e b) (.and (prog e a) (.until a b))
  | .release a b => .and (prog e b) (.or (prog e a) (.release a b))

theorem until_cons (a b : Ltl) (e : Request) (tr : List Request) :
    (Ltl.until a b).sat (e :: tr) ↔ b.sat (e :: tr) ∨ (a.sat (e :: tr) ∧ (Ltl.until a b).sat tr) := by
  constructor
  · rintro ⟨i, hi, hb, ha⟩
    cases i with
    | zero => exact Or.inl hb
    | succ i =>
      exact Or.inr ⟨ha 0 (Base.succ_le_succ (Nat.zero_le i)), i, Base.le_of_succ_le_succ hi, hb,
        fun j hj => ha (j+1) (Base.succ_le_succ hj)⟩
  · rintro (hb | ⟨ha, i, hi, hb, hall⟩)
    · exact ⟨0, Base.succ_le_succ (Nat.zero_le _), hb, fun j hj => False.elim (Base.not_succ_le_zero hj)⟩
    · refine ⟨i+1, Base.succ_le_succ hi, hb, ?_⟩
      intro j hj
      cases j with
      | zero => exact ha
      | succ j => exact hall j (Base.le_of_succ_le_succ hj)

theorem release_cons (a b : Ltl) (e : Request) (tr : List Request) :
    (Ltl.release a b).sat (e :: tr) ↔ b.sat (e :: tr) ∧ (a.sat (e :: tr) ∨ (Ltl.release a b).sat tr) := by
  constructor
  · intro h
    constructor
    · rcases h 0 (Base.succ_le_succ (Nat.zero_le _)) with hb | ⟨j, hj, _⟩
      · exact hb
      · exact False.elim (Base.not_succ_le_zero hj)
    · rcases sat_em a (e :: tr) with ha | ha
      · exact Or.inl ha
      · refine Or.inr ?_
        intro i hi
        rcases h (i+1) (Base.succ_le_succ hi) with hb | ⟨j, hj, hja⟩
        · exact Or.inl hb
        · cases j with
          | zero => exact absurd hja ha
          | succ j => exact Or.inr ⟨j, Base.le_of_succ_le_succ hj, hja⟩
  · rintro ⟨hb, h⟩ i hi
    cases i with
    | zero => exact Or.inl hb
    | succ i =>
      rcases h with ha | h
      · exact Or.inr ⟨0, Base.succ_le_succ (Nat.zero_le i), ha⟩
      · rcases h i (Base.le_of_succ_le_succ hi) with hb' | ⟨j, hj, hja⟩
        · exact Or.inl hb'
        · exact Or.inr ⟨j+1, Base.succ_le_succ hj, hja⟩

theorem and_iff {p q p' q' : Prop} (h : p ↔ p') (k : q ↔ q') : p ∧ q ↔ p' ∧ q' :=
  ⟨fun x => ⟨h.mp x.1, k.mp x.2⟩, fun x => ⟨h.mpr x.1, k.mpr x.2⟩⟩
theorem or_iff' {p q p' q' : Prop} (h : p ↔ p') (k : q ↔ q') : p ∨ q ↔ p' ∨ q' :=
  ⟨fun x => x.elim (fun y => Or.inl (h.mp y)) (fun y => Or.inr (k.mp y)), fun x => x.elim (fun y => Or.inl (h.mpr y)) (fun y => Or.inr (k.mpr y))⟩
theorem not_iff' {p p' : Prop} (h : p ↔ p') : ¬ p ↔ ¬ p' := ⟨fun x y => x (h.mpr y), fun x y => x (h.mp y)⟩
theorem iff_trans {p q r : Prop} (h : p ↔ q) (k : q ↔ r) : p ↔ r := ⟨fun x => k.mp (h.mp x), fun x => h.mpr (k.mpr x)⟩
theorem iff_symm {p q : Prop} (h : p ↔ q) : q ↔ p := ⟨h.mpr, h.mp⟩

/-- KEY THEOREM: progression is exact, for every remaining trace (including the empty one) -/
theorem prog_correct (φ : Ltl) (e : Request) (tr : List Request) : φ.sat (e :: tr) ↔ (prog e φ).sat tr := by
  induction φ with
  | tt => exact Iff.rfl
  | ff => exact Iff.rfl
  | atom c =>
    unfold prog
    cases h : c.eval e with
    | true => exact ⟨fun _ => True.intro, fun _ => ⟨e, tr, rfl, h⟩⟩
    | false =>
      refine ⟨fun hs => ?_, fun hf => False.elim hf⟩
      obtain ⟨e', rest, heq, hc⟩ := hs
      injection heq with h1 h2
      subst h1; rw [h] at hc; cases hc
  | ne => exact ⟨fun _ => True.intro, fun _ h => nomatch h⟩
  | em => exact ⟨fun h => (nomatch h), fun h => False.elim h⟩
  | not a ih => exact not_iff' ih
  | and a b iha ihb => exact and_iff iha ihb
  | or a b iha ihb => exact or_iff' iha ihb
  | next a ih =>
    constructor
    · rintro ⟨_, e', rest, heq, h⟩
      injection heq with _ h2
      subst h2; exact ⟨fun k => (nomatch k), h⟩
    · rintro ⟨hne, h⟩
      cases tr with
      | nil => exact absurd rfl hne
      | cons e' rest => exact ⟨e, e', rest, rfl, h⟩
  | wnext a ih =>
    constructor
    · intro h
      cases tr with
      | nil => exact Or.inl rfl
      | cons e' rest => exact Or.inr (h e e' rest rfl)
    · intro h e1 e' rest heq
      injection heq with _ h2
      subst h2
      rcases h with h | h
      · cases h
      · exact h
  | «until» a b iha ihb => exact iff_trans (until_cons a b e tr) (or_iff' ihb (and_iff iha Iff.rfl))
  | release a b iha ihb => exact iff_trans (release_cons a b e tr) (and_iff ihb (or_iff' iha Iff.rfl))

/-! ### Simplification (keeps the monitor state small) -/

def mkAnd (a b : Ltl) : Ltl :=
  if a = .ff then .ff else if b = .ff then .ff else if a = .tt then b else if b = .tt then a else if a = b then a else .and a b
def mkOr (a b : Ltl) : Ltl :=
  if a = .tt then .tt else if b = .tt then .tt else if a = .ff then b else if b = .ff then a else if a = b then a else .or a b
def mkNot (a : Ltl) : Ltl := if a = .tt then .ff else if a = .ff then .tt else .not a

/-- the shapes a simplified conjunction can have -/
theorem mkAnd_cases {P : Ltl → Prop} (a b : Ltl) (h1 : a = .ff → P .ff) (h2 : b = .ff → P .ff) (h3 : a = .tt → P b)
    (h4 : b = .tt → P a) (h5 : a = b → P a) (h6 : ¬ a = .ff → ¬ b = .ff → P (.and a b)) : P (mkAnd a b) := by
  unfold mkAnd
  split
  · rename_i h; exact h1 h
  · rename_i k1
    split
    · rename_i h; exact h2 h
    · rename_i k2
      split
      · rename_i h; exact h3 h
      · split
        · rename_i h; exact h4 h
        · split
          · rename_i h; exact h5 h
          · exact h6 k1 k2
theorem mkOr_cases {P : Ltl → Prop} (a b : Ltl) (h1 : a = .tt → P .tt) (h2 : b = .tt → P .tt) (h3 : a = .ff → P b)
    (h4 : b = .ff → P a) (h5 : a = b → P a) (h6 : ¬ a = .ff → ¬ b = .ff → P (.or a b)) : P (mkOr a b) := by
  unfold mkOr
  split
  · rename_i h; exact h1 h
  · split
    · rename_i h; exact h2 h
    · split
      · rename_i h; exact h3 h
      · rename_i k1
        split
        · rename_i h; exact h4 h
        · rename_i k2
          split
          · rename_i h; exact h5 h
          · exact h6 k1 k2

theorem mkAnd_sat (a b : Ltl) (tr : List Request) : (mkAnd a b).sat tr ↔ a.sat tr ∧ b.sat tr := by
  apply mkAnd_cases (P := fun x => x.sat tr ↔ a.sat tr ∧ b.sat tr) a b
  · intro h; subst h; exact ⟨fun k => False.elim k, fun k => k.1⟩
  · intro h; subst h; exact ⟨fun k => False.elim k, fun k => k.2⟩
  · intro h; subst h; exact ⟨fun k => ⟨True.intro, k⟩, fun k => k.2⟩
  · intro h; subst h; exact ⟨fun k => ⟨k, True.intro⟩, fun k => k.1⟩
  · intro h; subst h; exact ⟨fun k => ⟨k, k⟩, fun k => k.1⟩
  · intro _ _; exact Iff.rfl
theorem mkOr_sat (a b : Ltl) (tr : List Request) : (mkOr a b).sat tr ↔ a.sat tr ∨ b.sat tr := by
  apply mkOr_cases (P := fun x => x.sat tr ↔ a.sat tr ∨ b.sat tr) a b
  · intro h; subst h; exact ⟨fun k => Or.inl k, fun _ => True.intro⟩
  · intro h; subst h; exact ⟨fun k => Or.inr k, fun _ => True.intro⟩
  · intro h; subst h; exact ⟨fun k => Or.inr k, fun k => k.elim (fun f => False.elim f) (fun x => x)⟩
  · intro h; subst h; exact ⟨fun k => Or.inl k, fun k => k.elim (fun x => x) (fun f => False.elim f)⟩
  · intro h; subst h; exact ⟨fun k => Or.inl k, fun k => k.elim (fun x => x) (fun x => x)⟩
  · intro _ _; exact Iff.rfl
theorem mkNot_sat (a : Ltl) (tr : List Request) : (mkNot a).sat tr ↔ ¬ a.sat tr := by
  unfold mkNot
  split
  · rename_i h; subst h; exact ⟨fun k => False.elim k, fun k => k True.intro⟩
  · split
    · rename_i h; subst h; exact ⟨fun _ k => k, fun _ => True.intro⟩
    · exact Iff.rfl

/-- progression with simplification built in: this is the function the runtime's monitor implements -/
def step (e : Request) : Ltl → Ltl
  | .tt => .tt
  | .ff => .ff
  | .atom c => match c.eval e with | true => .tt | false => .ff
  | .ne => .tt
  | .em => .ff
  | .not a => mkNot (step e a)
  | .and a b => mkAnd (step e a) (step e b)
  | .or a b => mkOr (step e a) (step e b)
  | .next a => mkAnd .ne a
  | .wnext a => mkOr .em a
  | .until a b => mkOr (step e b) (mkAnd (step e a) (.until a b))
  | .release a b => mkAnd (step e b) (mkOr (step e a) (.release a b))

theorem step_sat (φ : Ltl) (e : Request) (tr : List Request) : (step e φ).sat tr ↔ (prog e φ).sat tr := by
  induction φ with
  | tt => exact Iff.rfl
  | ff => exact Iff.rfl
  | atom c => exact Iff.rfl
  | ne => exact Iff.rfl
  | em => exact Iff.rfl
  | not a ih => exact iff_trans (mkNot_sat _ tr) (not_iff' ih)
  | and a b iha ihb => exact iff_trans (mkAnd_sat _ _ tr) (and_iff iha ihb)
  | or a b iha ihb => exact iff_trans (mkOr_sat _ _ tr) (or_iff' iha ihb)
  | next a ih => exact mkAnd_sat _ _ tr
  | wnext a ih => exact mkOr_sat _ _ tr
  | «until» a b iha ihb => exact iff_trans (mkOr_sat _ _ tr) (or_iff' ihb (iff_trans (mkAnd_sat _ _ tr) (and_iff iha Iff.rfl)))
  | release a b iha ihb => exact iff_trans (mkAnd_sat _ _ tr) (and_iff ihb (iff_trans (mkOr_sat _ _ tr) (or_iff' iha Iff.rfl)))

theorem step_correct (φ : Ltl) (e : Request) (tr : List Request) : φ.sat (e :: tr) ↔ (step e φ).sat tr :=
  iff_trans (prog_correct φ e tr) (iff_symm (step_sat φ e tr))

/-- the runtime monitor: fold `step` over the observed prefix -/
def mon (φ : Ltl) : List Request → Ltl
  | [] => φ
  | e :: tr => mon (step e φ) tr

/-- MONITOR = SEMANTICS: what is left to satisfy after a prefix is exactly the monitor state -/
theorem mon_correct (φ : Ltl) (pre suf : List Request) : φ.sat (pre ++ suf) ↔ (mon φ pre).sat suf := by
  induction pre generalizing φ with
  | nil => exact Iff.rfl
  | cons e pre ih => exact iff_trans (step_correct φ e (pre ++ suf)) (ih (step e φ))

/-- own append of one: core `++` has no compiled code in the stripped library -/
def snoc : List Request → Request → List Request
  | [], e => [e]
  | x :: xs, e => x :: snoc xs e

theorem mon_snoc (φ : Ltl) (pre : List Request) (e : Request) : mon φ (snoc pre e) = step e (mon φ pre) := by
  induction pre generalizing φ with
  | nil => rfl
  | cons x pre ih => exact ih (step x φ)

/-- acceptance if the trace ended now -/
def acc : Ltl → Bool
  | .tt => true
  | .ff => false
  | .atom _ => false
  | .ne => false
  | .em => true
  | .not a => !a.acc
  | .and a b => a.acc && b.acc
  | .or a b => a.acc || b.acc
  | .next _ => false
  | .wnext _ => true
  | .until _ _ => false
  | .release _ _ => true

theorem acc_iff (φ : Ltl) : φ.acc = true ↔ φ.sat [] := by
  induction φ with
  | tt => exact ⟨fun _ => True.intro, fun _ => rfl⟩
  | ff => exact ⟨fun h => (nomatch h), fun h => False.elim h⟩
  | atom c => exact ⟨fun h => (nomatch h), fun ⟨_, _, h, _⟩ => nomatch h⟩
  | ne => exact ⟨fun h => (nomatch h), fun h => absurd rfl h⟩
  | em => exact ⟨fun _ => rfl, fun _ => rfl⟩
  | not a ih =>
    constructor
    · intro h k
      have h' : (!a.acc) = true := h
      rw [ih.mpr k] at h'; cases h'
    · intro h
      show (!a.acc) = true
      cases ha : a.acc with
      | false => rfl
      | true => exact absurd (ih.mp ha) h
  | and a b iha ihb =>
    constructor
    · intro h
      have h' : (a.acc && b.acc) = true := h
      rw [Bool.and_eq_true] at h'
      exact ⟨iha.mp h'.1, ihb.mp h'.2⟩
    · intro h
      show (a.acc && b.acc) = true
      rw [iha.mpr h.1, ihb.mpr h.2]; rfl
  | or a b iha ihb =>
    constructor
    · intro h
      have h' : (a.acc || b.acc) = true := h
      rw [Bool.or_eq_true] at h'
      exact h'.elim (fun k => Or.inl (iha.mp k)) (fun k => Or.inr (ihb.mp k))
    · intro h
      show (a.acc || b.acc) = true
      rcases h with h | h
      · rw [iha.mpr h]; rfl
      · rw [ihb.mpr h]; cases a.acc <;> rfl
  | next a ih => exact ⟨fun h => (nomatch h), fun ⟨_, _, _, h, _⟩ => nomatch h⟩
  | wnext a ih => exact ⟨fun _ _ _ _ h => (nomatch h), fun _ => rfl⟩
  | «until» a b iha ihb => exact ⟨fun h => (nomatch h), fun ⟨_, h, _⟩ => False.elim (Base.not_succ_le_zero h)⟩
  | release a b iha ihb => exact ⟨fun _ _ h => False.elim (Base.not_succ_le_zero h), fun _ => rfl⟩

theorem append_nil' (l : List Request) : l ++ [] = l := by
  induction l with
  | nil => rfl
  | cons x l ih => exact congrArg (List.cons x) ih

/-- the monitor decides the semantics of complete traces -/
theorem monitor_decides (φ : Ltl) (tr : List Request) : φ.sat tr ↔ (mon φ tr).acc = true := by
  have h := mon_correct φ tr []
  rw [append_nil'] at h
  exact iff_trans h (iff_symm (acc_iff _))

/-- early verdicts are permanent -/
theorem violation_permanent {φ : Ltl} {pre : List Request} (h : mon φ pre = .ff) (suf : List Request) : ¬ φ.sat (pre ++ suf) := by
  intro k; have := (mon_correct φ pre suf).mp k; rw [h] at this; exact this
theorem satisfaction_permanent {φ : Ltl} {pre : List Request} (h : mon φ pre = .tt) (suf : List Request) : φ.sat (pre ++ suf) := by
  apply (mon_correct φ pre suf).mpr; rw [h]; exact True.intro

/-! ### Enforcement -/

/-- shield: let an event through only if the trace would still be accepted -/
def shield (φ : Ltl) : List Request → List Request
  | [] => []
  | e :: tr => match (step e φ).acc with | true => e :: shield (step e φ) tr | false => shield φ tr

/-- whatever the input, the admitted trace satisfies the policy formula -/
theorem shield_sound (φ : Ltl) (h : φ.acc = true) (tr : List Request) : φ.sat (shield φ tr) := by
  induction tr generalizing φ with
  | nil => exact (acc_iff φ).mp h
  | cons e tr ih =>
    unfold shield
    split
    · rename_i hs; exact (step_correct φ e _).mpr (ih _ hs)
    · exact ih φ h

/-- transparent: if the whole input is prefix-wise acceptable nothing is dropped -/
theorem shield_transparent (φ : Ltl) (tr : List Request)
    (h : ∀ k, 0 < k → k ≤ tr.length → (mon φ (tr.take k)).acc = true) : shield φ tr = tr := by
  induction tr generalizing φ with
  | nil => rfl
  | cons e tr ih =>
    have h1 : (step e φ).acc = true := h 1 Nat.le.refl (Base.succ_le_succ (Nat.zero_le _))
    have h2 : shield (step e φ) tr = tr := ih (step e φ) (fun k hk hkl => h (k+1) (Nat.le.step hk) (Base.succ_le_succ hkl))
    unfold shield
    rw [h1]
    show e :: shield (step e φ) tr = e :: tr
    rw [h2]

/-! ### Safety formulas: nothing is owed at the end, only a bad event can violate them -/

def lit : Ltl → Bool
  | .tt => true
  | .ff => true
  | .atom _ => true
  | .ne => true
  | .em => true
  | .not _ => false
  | .and _ _ => false
  | .or _ _ => false
  | .next _ => false
  | .wnext _ => false
  | .until _ _ => false
  | .release _ _ => false

def safe : Ltl → Bool
  | .tt => true
  | .ff => true
  | .atom _ => true
  | .ne => true
  | .em => true
  | .not a => a.lit
  | .and a b => a.safe && b.safe
  | .or a b => a.safe && b.safe
  | .next _ => false
  | .wnext a => a.safe
  | .until _ _ => false
  | .release a b => a.safe && b.safe

theorem safe_and {a b : Ltl} (ha : a.safe = true) (hb : b.safe = true) : (mkAnd a b).safe = true := by
  apply mkAnd_cases (P := fun x => x.safe = true) a b
  · intro _; rfl
  · intro _; rfl
  · intro _; exact hb
  · intro _; exact ha
  · intro _; exact ha
  · intro _ _; show (a.safe && b.safe) = true; rw [ha, hb]; rfl
theorem safe_or {a b : Ltl} (ha : a.safe = true) (hb : b.safe = true) : (mkOr a b).safe = true := by
  apply mkOr_cases (P := fun x => x.safe = true) a b
  · intro _; rfl
  · intro _; rfl
  · intro _; exact hb
  · intro _; exact ha
  · intro _; exact ha
  · intro _ _; show (a.safe && b.safe) = true; rw [ha, hb]; rfl

/-- refuted already, or fulfilled if the trace ended now -/
def Clear (a : Ltl) : Prop := a = .ff ∨ a.acc = true

theorem clear_and {a b : Ltl} (ha : Clear a) (hb : Clear b) : Clear (mkAnd a b) := by
  apply mkAnd_cases (P := Clear) a b
  · intro _; exact Or.inl rfl
  · intro _; exact Or.inl rfl
  · intro _; exact hb
  · intro _; exact ha
  · intro _; exact ha
  · intro ka kb
    refine Or.inr ?_
    show (a.acc && b.acc) = true
    rcases ha with ha | ha
    · exact absurd ha ka
    · rcases hb with hb | hb
      · exact absurd hb kb
      · rw [ha, hb]; rfl
theorem clear_or {a b : Ltl} (ha : Clear a) (hb : Clear b) : Clear (mkOr a b) := by
  apply mkOr_cases (P := Clear) a b
  · intro _; exact Or.inr rfl
  · intro _; exact Or.inr rfl
  · intro _; exact hb
  · intro _; exact ha
  · intro _; exact ha
  · intro ka _
    refine Or.inr ?_
    show (a.acc || b.acc) = true
    rcases ha with ha | ha
    · exact absurd ha ka
    · rw [ha]; rfl
/-- a disjunction is fulfilled at the end as soon as one side is -/
theorem clear_or_right {a b : Ltl} (hb : b.acc = true) : Clear (mkOr a b) := by
  apply mkOr_cases (P := Clear) a b
  · intro _; exact Or.inr rfl
  · intro _; exact Or.inr rfl
  · intro _; exact Or.inr hb
  · intro h; subst h; cases hb
  · intro h; subst h; exact Or.inr hb
  · intro _ _; refine Or.inr ?_; show (a.acc || b.acc) = true; rw [hb]; cases a.acc <;> rfl
theorem clear_or_left {a b : Ltl} (ha : a.acc = true) : Clear (mkOr a b) := by
  apply mkOr_cases (P := Clear) a b
  · intro _; exact Or.inr rfl
  · intro _; exact Or.inr rfl
  · intro h; subst h; cases ha
  · intro _; exact Or.inr ha
  · intro _; exact Or.inr ha
  · intro _ _; refine Or.inr ?_; show (a.acc || b.acc) = true; rw [ha]; rfl

theorem step_lit {a : Ltl} (e : Request) (h : a.lit = true) : step e a = .tt ∨ step e a = .ff := by
  cases a with
  | tt => exact Or.inl rfl
  | ff => exact Or.inr rfl
  | atom c =>
    unfold step
    cases c.eval e with
    | true => exact Or.inl rfl
    | false => exact Or.inr rfl
  | ne => exact Or.inl rfl
  | em => exact Or.inr rfl
  | not _ => cases h
  | and _ _ => cases h
  | or _ _ => cases h
  | next _ => cases h
  | wnext _ => cases h
  | «until» _ _ => cases h
  | release _ _ => cases h

theorem lit_end {x : Ltl} (h : x = .tt ∨ x = .ff) : x.safe = true ∧ Clear x := by
  rcases h with h | h
  · subst h; exact ⟨rfl, Or.inr rfl⟩
  · subst h; exact ⟨rfl, Or.inl rfl⟩

theorem safe_step (e : Request) (φ : Ltl) (h : φ.safe = true) : (step e φ).safe = true ∧ Clear (step e φ) := by
  induction φ with
  | tt => exact ⟨rfl, Or.inr rfl⟩
  | ff => exact ⟨rfl, Or.inl rfl⟩
  | atom c => exact lit_end (step_lit e (a := .atom c) rfl)
  | ne => exact ⟨rfl, Or.inr rfl⟩
  | em => exact ⟨rfl, Or.inl rfl⟩
  | not a ih =>
    show (mkNot (step e a)).safe = true ∧ Clear (mkNot (step e a))
    rcases step_lit e (a := a) h with k | k
    · rw [k]; exact ⟨rfl, Or.inl rfl⟩
    · rw [k]; exact ⟨rfl, Or.inr rfl⟩
  | and a b iha ihb =>
    have h' : (a.safe && b.safe) = true := h
    rw [Bool.and_eq_true] at h'
    exact ⟨safe_and (iha h'.1).1 (ihb h'.2).1, clear_and (iha h'.1).2 (ihb h'.2).2⟩
  | or a b iha ihb =>
    have h' : (a.safe && b.safe) = true := h
    rw [Bool.and_eq_true] at h'
    exact ⟨safe_or (iha h'.1).1 (ihb h'.2).1, clear_or (iha h'.1).2 (ihb h'.2).2⟩
  | next a ih => cases h
  | wnext a ih => exact ⟨safe_or (a := .em) rfl h, clear_or_left (a := .em) rfl⟩
  | «until» a b iha ihb => cases h
  | release a b iha ihb =>
    have h' : (a.safe && b.safe) = true := h
    rw [Bool.and_eq_true] at h'
    exact ⟨safe_and (ihb h'.2).1 (safe_or (iha h'.1).1 h), clear_and (ihb h'.2).2 (clear_or_right (b := .release a b) rfl)⟩

theorem safe_mon {φ : Ltl} (h : φ.safe = true) (tr : List Request) : (mon φ tr).safe = true := by
  induction tr generalizing φ with
  | nil => exact h
  | cons e tr ih => exact ih (safe_step e φ h).1

/-- a safety formula that the monitor has not refuted is satisfied by what was seen -/
theorem safe_of_mon {φ : Ltl} (h : φ.safe = true) (pre : List Request) (e : Request) (hm : ¬ mon φ (snoc pre e) = .ff) :
    φ.sat (snoc pre e) := by
  apply (monitor_decides φ _).mpr
  rw [mon_snoc] at hm ⊢
  rcases (safe_step e (mon φ pre) (safe_mon h pre)).2 with k | k
  · exact absurd k hm
  · exact k

/-- a condition that holds of every event of a trace, as a formula -/
theorem always_of_all {c : Cond} (tr : List Request) (h : ∀ r ∈ tr, c.eval r = true) : (always (.atom c)).sat tr := by
  induction tr with
  | nil => exact fun i hi => False.elim (Base.not_succ_le_zero hi)
  | cons e tr ih =>
    apply (release_cons .ff (.atom c) e tr).mpr
    exact ⟨⟨e, tr, rfl, h e (List.Mem.head _)⟩, Or.inr (ih (fun r hr => h r (List.Mem.tail _ hr)))⟩

end Ltl
end AIDefence
