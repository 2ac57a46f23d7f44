/-! AI Defence – formal core, part 1: requests, rules, policies, evaluation.  Core Lean only.  Needs Base.
    Proves: `eval` is the one function that meets the relational specification `Decides` (total, deterministic); a top block is
    never overridden; deny-overrides inside one priority; rule order in the file is irrelevant; adding a top block rule never
    weakens; a shadowed rule can be removed; refinement is a preorder and keeps blocks; first match over the sorted list (the
    runtime's way) computes exactly `eval` (`run_eq_eval`). -/
namespace AIDefence

/-- Feature id ↦ value.  Booleans are 0/1, scores are basis points (0..10000), counters are counts.
    The manifest (feature name ↦ id) is part of the hashed policy IR. -/
abbrev Request := Nat → Nat

inductive Cond where
  | tt | ff
  | ge (v c : Nat)
  | eq (v c : Nat)
  | not (a : Cond)
  | and (a b : Cond)
  | or (a b : Cond)

def Cond.eval (r : Request) : Cond → Bool
  | .tt => true
  | .ff => false
  | .ge v c => Nat.ble c (r v)
  | .eq v c => Nat.ble c (r v) && !(Nat.ble (c+1) (r v))
  | .not a => !(a.eval r)
  | .and a b => a.eval r && b.eval r
  | .or a b => a.eval r || b.eval r

theorem Cond.eval_eq_iff (r : Request) (v c : Nat) : (Cond.eq v c).eval r = true ↔ r v = c := by
  unfold Cond.eval
  rw [Bool.and_eq_true, Bool.not_eq_true']
  constructor
  · intro h
    apply Nat.le_antisymm _ (Nat.le_of_ble_eq_true h.1)
    rcases Base.le_total' (r v) c with k | k
    · exact k
    · have := Nat.ble_eq_true_of_le k; rw [h.2] at this; cases this
  · intro h
    subst h
    refine ⟨Nat.ble_eq_true_of_le (Nat.le_refl _), ?_⟩
    cases hb : Nat.ble (r v + 1) (r v) with
    | false => rfl
    | true => exact absurd (Nat.le_of_ble_eq_true hb) (Nat.lt_irrefl _)

inductive Action where
  | allow | flag | redact | review | block
deriving DecidableEq

def Action.rank : Action → Nat
  | .allow => 0 | .flag => 1 | .redact => 2 | .review => 3 | .block => 4

theorem Action.rank_inj {a b : Action} (h : a.rank = b.rank) : a = b := by
  cases a <;> cases b <;> simp_all [Action.rank]

theorem Action.rank_lt (a : Action) : a.rank < 5 := by cases a <;> decide

theorem Action.eq_or_ne (a b : Action) : a = b ∨ ¬ a = b := by
  cases a <;> cases b <;> first | exact Or.inl rfl | exact Or.inr (fun h => nomatch h)

instance : LE Action := ⟨fun a b => a.rank ≤ b.rank⟩
instance (a b : Action) : Decidable (a ≤ b) := inferInstanceAs (Decidable (a.rank ≤ b.rank))

theorem Action.le_refl (a : Action) : a ≤ a := Nat.le_refl _
theorem Action.le_trans {a b c : Action} (h : a ≤ b) (k : b ≤ c) : a ≤ c := Nat.le_trans h k
theorem Action.le_antisymm {a b : Action} (h : a ≤ b) (k : b ≤ a) : a = b := rank_inj (Nat.le_antisymm h k)
theorem Action.le_block (a : Action) : a ≤ .block := by cases a <;> decide

structure Rule where
  id : Nat
  prio : Nat
  action : Action
  cond : Cond

structure Policy where
  rules : List Rule
  dflt : Action

/-- priority first, strictness second (deny-overrides inside one priority) -/
def Rule.key (m : Rule) : Nat := m.action.rank + 5 * m.prio

/-- `rank + 5 * prio` determines the rank; by recursion only, so that the certificate path needs no arithmetic tactic -/
theorem Rule.rank_of_key : ∀ (p q a b : Nat), a < 5 → b < 5 → a + 5 * p = b + 5 * q → a = b
  | 0, 0, _, _, _, _, h => h
  | 0, q+1, a, b, ha, _, h => False.elim (Base.lt5 (b + 5 * q) (Eq.rec (motive := fun x _ => x < 5) ha (show a = (b + 5 * q) + 5 from h)))
  | p+1, 0, a, b, _, hb, h => False.elim (Base.lt5 (a + 5 * p) (Eq.rec (motive := fun x _ => x < 5) hb (show b = (a + 5 * p) + 5 from h.symm)))
  | p+1, q+1, a, b, ha, hb, h => rank_of_key p q a b ha hb (Base.succ5 (show (a + 5 * p) + 5 = (b + 5 * q) + 5 from h))

theorem Rule.prio_of_rank : ∀ (p q a b : Nat), b < 5 → a + 5 * p ≤ b + 5 * q → p ≤ q
  | 0, q, _, _, _, _ => Nat.zero_le q
  | p+1, 0, a, b, hb, h => False.elim (Base.lt5 (a + 5 * p) (Base.lt_of_le_of_lt' (show (a + 5 * p) + 5 ≤ b from h) hb))
  | p+1, q+1, a, b, hb, h => Base.succ_le_succ (prio_of_rank p q a b hb (Base.le5 (show (a + 5 * p) + 5 ≤ (b + 5 * q) + 5 from h)))

theorem Rule.action_of_key {m n : Rule} (h : m.key = n.key) : m.action = n.action :=
  Action.rank_inj (rank_of_key m.prio n.prio _ _ m.action.rank_lt n.action.rank_lt h)

theorem Rule.prio_of_key {m n : Rule} (h : m.key ≤ n.key) : m.prio ≤ n.prio :=
  prio_of_rank m.prio n.prio _ _ n.action.rank_lt h

/-- a rule of no higher priority never outranks a block rule -/
theorem Rule.key_le_block {b n : Rule} (hact : b.action = .block) (h : n.prio ≤ b.prio) : n.key ≤ b.key := by
  unfold Rule.key; rw [hact]
  exact Base.add_le_add' (Action.le_block n.action) (Base.mul_le_mul_left' 5 h)

/-- applicable rule of greatest key -/
def best (r : Request) : List Rule → Option Rule
  | [] => none
  | m :: ms =>
    if m.cond.eval r then
      match best r ms with
      | none => some m
      | some b => if b.key ≤ m.key then some m else some b
    else best r ms

def outcome (d : Action) : Option Rule → Action
  | none => d
  | some m => m.action

/-- the meaning of a policy -/
def eval (p : Policy) (r : Request) : Action := outcome p.dflt (best r p.rules)

theorem best_none {r : Request} {l : List Rule} : best r l = none ↔ ∀ m ∈ l, m.cond.eval r = false := by
  induction l with
  | nil => simp [best]
  | cons m ms ih =>
    unfold best
    by_cases h : m.cond.eval r = true
    · rw [if_pos h]
      constructor
      · intro hb; split at hb
        · cases hb
        · split at hb <;> cases hb
      · intro hall; have := hall m (by simp); simp [h] at this
    · rw [if_neg h, ih]
      have hf : m.cond.eval r = false := by simpa using h
      constructor
      · intro hb n hn; rcases List.mem_cons.mp hn with rfl | hn
        · exact hf
        · exact hb n hn
      · intro hall n hn; exact hall n (List.mem_cons_of_mem _ hn)

theorem best_some {r : Request} {l : List Rule} {b : Rule} (h : best r l = some b) :
    b ∈ l ∧ b.cond.eval r = true ∧ ∀ m ∈ l, m.cond.eval r = true → m.key ≤ b.key := by
  induction l generalizing b with
  | nil => simp [best] at h
  | cons m ms ih =>
    unfold best at h
    by_cases hm : m.cond.eval r = true
    · rw [if_pos hm] at h
      split at h
      · rename_i hn
        cases h
        refine ⟨by simp, hm, ?_⟩
        intro n hn' he; rcases List.mem_cons.mp hn' with rfl | hn'
        · exact Nat.le_refl _
        · have := best_none.mp hn n hn'; simp [he] at this
      · rename_i c hc
        obtain ⟨h1, h2, h3⟩ := ih hc
        by_cases hk : c.key ≤ m.key
        · rw [if_pos hk] at h; cases h
          refine ⟨by simp, hm, ?_⟩
          intro n hn he; rcases List.mem_cons.mp hn with rfl | hn
          · exact Nat.le_refl _
          · exact Nat.le_trans (h3 n hn he) hk
        · rw [if_neg hk] at h; cases h
          refine ⟨List.mem_cons_of_mem _ h1, h2, ?_⟩
          intro n hn he; rcases List.mem_cons.mp hn with rfl | hn
          · exact Nat.le_of_lt (Nat.lt_of_not_le hk)
          · exact h3 n hn he
    · rw [if_neg hm] at h
      obtain ⟨h1, h2, h3⟩ := ih h
      refine ⟨List.mem_cons_of_mem _ h1, h2, ?_⟩
      intro n hn he; rcases List.mem_cons.mp hn with rfl | hn
      · exact absurd he hm
      · exact h3 n hn he

/-! ### Relational specification: determinism, totality, adequacy of `eval` -/

/-- the decision relation written as a specification, without any algorithm -/
def Decides (p : Policy) (r : Request) (a : Action) : Prop :=
  (∃ m ∈ p.rules, m.cond.eval r = true ∧ m.action = a ∧ ∀ n ∈ p.rules, n.cond.eval r = true → n.key ≤ m.key)
  ∨ ((∀ n ∈ p.rules, n.cond.eval r = false) ∧ a = p.dflt)

theorem eval_decides (p : Policy) (r : Request) : Decides p r (eval p r) := by
  unfold eval
  cases h : best r p.rules with
  | none => exact Or.inr ⟨best_none.mp h, rfl⟩
  | some b => obtain ⟨h1, h2, h3⟩ := best_some h; exact Or.inl ⟨b, h1, h2, rfl, h3⟩

theorem decides_unique {p : Policy} {r : Request} {a b : Action} (ha : Decides p r a) (hb : Decides p r b) : a = b := by
  rcases ha with ⟨m, hm, he, hma, hmax⟩ | ⟨hn, rfl⟩ <;> rcases hb with ⟨n, hn', he', hna, hmax'⟩ | ⟨hn', rfl⟩
  · rw [← hma, ← hna]; exact Rule.action_of_key (Nat.le_antisymm (hmax' m hm he) (hmax n hn' he'))
  · have := hn' m hm; simp [he] at this
  · have := hn n hn'; simp [he'] at this
  · rfl

/-- `eval` is the one and only function with the specified behaviour (totality + determinism + adequacy) -/
theorem eval_iff_decides (p : Policy) (r : Request) (a : Action) : eval p r = a ↔ Decides p r a :=
  ⟨fun h => h ▸ eval_decides p r, fun h => decides_unique (eval_decides p r) h⟩

theorem eval_total_deterministic (p : Policy) (r : Request) : ∃ a, Decides p r a ∧ ∀ b, Decides p r b → b = a :=
  ⟨eval p r, eval_decides p r, fun _ hb => decides_unique hb (eval_decides p r)⟩

/-! ### Priority and deny-overrides -/

theorem eval_of_max {p : Policy} {r : Request} {m : Rule} (hm : m ∈ p.rules) (he : m.cond.eval r = true)
    (hmax : ∀ n ∈ p.rules, n.cond.eval r = true → n.key ≤ m.key) : eval p r = m.action :=
  (eval_iff_decides p r _).mpr (Or.inl ⟨m, hm, he, rfl, hmax⟩)

/-- a block rule of top priority is never overridden -/
theorem top_block_never_overridden {p : Policy} {r : Request} {b : Rule} (hb : b ∈ p.rules)
    (hact : b.action = .block) (htop : ∀ n ∈ p.rules, n.prio ≤ b.prio) (he : b.cond.eval r = true) :
    eval p r = .block := by
  rw [← hact]; apply eval_of_max hb he
  intro n hn _; exact Rule.key_le_block hact (htop n hn)

/-- deny-overrides inside the winning priority level -/
theorem deny_overrides {p : Policy} {r : Request} {b : Rule} (hb : b ∈ p.rules) (hact : b.action = .block)
    (he : b.cond.eval r = true) (hlev : ∀ n ∈ p.rules, n.cond.eval r = true → n.prio ≤ b.prio) :
    eval p r = .block := by
  rw [← hact]; apply eval_of_max hb he
  intro n hn hen; exact Rule.key_le_block hact (hlev n hn hen)

/-- the decision always comes from an applicable rule of maximal priority, or is the default -/
theorem eval_from_rule_or_default (p : Policy) (r : Request) :
    (∃ m ∈ p.rules, m.cond.eval r = true ∧ eval p r = m.action ∧ ∀ n ∈ p.rules, n.cond.eval r = true → n.prio ≤ m.prio)
    ∨ eval p r = p.dflt := by
  rcases eval_decides p r with ⟨m, hm, he, ha, hmax⟩ | ⟨_, h⟩
  · exact Or.inl ⟨m, hm, he, ha.symm, fun n hn hen => Rule.prio_of_key (hmax n hn hen)⟩
  · exact Or.inr h

/-- rule order in the file is irrelevant -/
theorem eval_perm {l l' : List Rule} {d : Action} {r : Request} (h : ∀ m, m ∈ l ↔ m ∈ l') :
    eval ⟨l, d⟩ r = eval ⟨l', d⟩ r := by
  apply (eval_iff_decides _ _ _).mpr
  rcases eval_decides ⟨l', d⟩ r with ⟨m, hm, he, ha, hmax⟩ | ⟨hn, hd⟩
  · exact Or.inl ⟨m, (h m).mpr hm, he, ha, fun n hn' => hmax n ((h n).mp hn')⟩
  · exact Or.inr ⟨fun n hn' => hn n ((h n).mp hn'), hd⟩

/-! ### Monotonicity, shadowing -/

/-- adding a block rule whose priority is not below any other rule never weakens the policy -/
theorem add_top_block_monotone {l : List Rule} {d : Action} {b : Rule} (hact : b.action = .block)
    (htop : ∀ n ∈ l, n.prio ≤ b.prio) (r : Request) : eval ⟨l, d⟩ r ≤ eval ⟨b :: l, d⟩ r := by
  by_cases he : b.cond.eval r = true
  · have : eval ⟨b :: l, d⟩ r = .block := by
      apply top_block_never_overridden (b := b) (by simp) hact _ he
      intro n hn; rcases List.mem_cons.mp hn with rfl | hn
      · exact Nat.le_refl _
      · exact htop n hn
    rw [this]; exact Action.le_block _
  · have : eval ⟨b :: l, d⟩ r = eval ⟨l, d⟩ r := by simp [eval, best, he]
    rw [this]; exact Action.le_refl _

/-- a rule that is always beaten by another applicable rule is dead: removing it changes nothing -/
theorem shadowed_rule_removable {l : List Rule} {d : Action} {m : Rule}
    (hsh : ∀ r, m.cond.eval r = true → ∃ n ∈ l, n.cond.eval r = true ∧ m.key ≤ n.key) (r : Request) :
    eval ⟨m :: l, d⟩ r = eval ⟨l, d⟩ r := by
  apply (eval_iff_decides _ _ _).mpr
  rcases eval_decides ⟨l, d⟩ r with ⟨n, hn, he, ha, hmax⟩ | ⟨hn, hd⟩
  · refine Or.inl ⟨n, List.mem_cons_of_mem _ hn, he, ha, ?_⟩
    intro k hk hek; rcases List.mem_cons.mp hk with rfl | hk
    · obtain ⟨q, hq, heq, hle⟩ := hsh r hek; exact Nat.le_trans hle (hmax q hq heq)
    · exact hmax k hk hek
  · refine Or.inr ⟨?_, hd⟩
    intro k hk; rcases List.mem_cons.mp hk with rfl | hk
    · cases hc : k.cond.eval r with
      | false => rfl
      | true => obtain ⟨q, hq, heq, _⟩ := hsh r hc; have := hn q hq; simp [heq] at this
    · exact hn k hk

/-! ### Refinement -/

/-- `q` is at least as strict as `p` on every request -/
def Refines (q p : Policy) : Prop := ∀ r, eval p r ≤ eval q r
def Equiv (p q : Policy) : Prop := ∀ r, eval p r = eval q r

theorem Refines.refl (p : Policy) : Refines p p := fun _ => Action.le_refl _
theorem Refines.trans {a b c : Policy} (h : Refines a b) (k : Refines b c) : Refines a c :=
  fun r => Action.le_trans (k r) (h r)
theorem equiv_of_refines {p q : Policy} (h : Refines p q) (k : Refines q p) : Equiv p q :=
  fun r => Action.le_antisymm (k r) (h r)
/-- whatever was guaranteed blocked stays blocked in any refinement -/
theorem Refines.preserves_block {q p : Policy} (h : Refines q p) {r : Request} (hb : eval p r = .block) : eval q r = .block := by
  apply Action.le_antisymm (Action.le_block _); rw [← hb]; exact h r

/-! ### What the runtime executes: first match in a list sorted by key (descending) -/

def firstMatch (r : Request) : List Rule → Option Rule
  | [] => none
  | m :: ms => if m.cond.eval r then some m else firstMatch r ms

def run (d : Action) (sorted : List Rule) (r : Request) : Action := outcome d (firstMatch r sorted)

def Sorted (l : List Rule) : Prop := l.Pairwise (fun a b => b.key ≤ a.key)

/-- boolean sortedness test, kernel-evaluable -/
def sortedB : List Rule → Bool
  | [] => true
  | m :: ms => (match ms with | [] => true | n :: _ => Nat.ble n.key m.key) && sortedB ms

theorem firstMatch_spec {r : Request} {l : List Rule} (hs : Sorted l) {b : Rule} (h : firstMatch r l = some b) :
    b ∈ l ∧ b.cond.eval r = true ∧ ∀ m ∈ l, m.cond.eval r = true → m.key ≤ b.key := by
  induction l with
  | nil => simp [firstMatch] at h
  | cons m ms ih =>
    unfold firstMatch at h
    have hs' : Sorted ms := (List.pairwise_cons.mp hs).2
    have hle := (List.pairwise_cons.mp hs).1
    by_cases hm : m.cond.eval r = true
    · rw [if_pos hm] at h; cases h
      refine ⟨by simp, hm, ?_⟩
      intro n hn _; rcases List.mem_cons.mp hn with rfl | hn
      · exact Nat.le_refl _
      · exact hle n hn
    · rw [if_neg hm] at h
      obtain ⟨h1, h2, h3⟩ := ih hs' h
      refine ⟨List.mem_cons_of_mem _ h1, h2, ?_⟩
      intro n hn he; rcases List.mem_cons.mp hn with rfl | hn
      · exact absurd he hm
      · exact h3 n hn he

theorem firstMatch_none {r : Request} {l : List Rule} : firstMatch r l = none ↔ ∀ m ∈ l, m.cond.eval r = false := by
  induction l with
  | nil => simp [firstMatch]
  | cons m ms ih =>
    unfold firstMatch
    by_cases hm : m.cond.eval r = true
    · rw [if_pos hm]; simp [hm]
    · rw [if_neg hm, ih]
      have hf : m.cond.eval r = false := by simpa using hm
      simp [hf]

/-- the fast path computes exactly `eval` -/
theorem run_eq_eval {l : List Rule} (hs : Sorted l) (d : Action) (r : Request) : run d l r = eval ⟨l, d⟩ r := by
  symm; apply (eval_iff_decides _ _ _).mpr
  unfold run
  cases h : firstMatch r l with
  | none => exact Or.inr ⟨firstMatch_none.mp h, rfl⟩
  | some b => obtain ⟨h1, h2, h3⟩ := firstMatch_spec hs h; exact Or.inl ⟨b, h1, h2, rfl, h3⟩

theorem sorted_of_sortedB {l : List Rule} (h : sortedB l = true) : Sorted l := by
  induction l with
  | nil => exact List.Pairwise.nil
  | cons m ms ih =>
    unfold sortedB at h
    simp only [Bool.and_eq_true] at h
    obtain ⟨h1, h2⟩ := h
    have hs := ih h2
    refine List.pairwise_cons.mpr ⟨?_, hs⟩
    cases ms with
    | nil => intro n hn; cases hn
    | cons k ks =>
      have hk : k.key ≤ m.key := Nat.le_of_ble_eq_true h1
      intro n hn; rcases List.mem_cons.mp hn with rfl | hn
      · exact hk
      · exact Nat.le_trans ((List.pairwise_cons.mp hs).1 n hn) hk

end AIDefence
