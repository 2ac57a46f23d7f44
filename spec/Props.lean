/-! AI Defence – formal core, part 7: the remaining properties a policy can be asked for.  Needs Refine.
    Proves, each from a certificate found outside: no condition (`never_of_tree`), no conflict (`no_conflict_of_trees`), some rule
    always applies (`complete_of_tree`); and from a concrete request: possible, refuted, and live (a rule decides some request). -/
namespace AIDefence

/-! ### From trees -/

/-- a condition that no request within the bounds fulfils -/
theorem never_of_tree {dom : Path} {c : Cond} (t : Tree) (h : treeOk noAction [] .allow c dom t = true) :
    ∀ r : Request, Sat r dom → c.eval r = false := by
  intro r hr
  cases hc : c.eval r with
  | false => rfl
  | true => have := treeOk_sound h hr hc; cases this

/-- no rule of the list applies -/
def silent : List Rule → Cond
  | [] => .tt
  | m :: ms => .and (.not m.cond) (silent ms)

theorem silent_eval {r : Request} {l : List Rule} (h : (silent l).eval r = false) : ∃ m ∈ l, m.cond.eval r = true := by
  induction l with
  | nil => cases h
  | cons m ms ih =>
    cases hm : m.cond.eval r with
    | true => exact ⟨m, List.Mem.head _, hm⟩
    | false =>
      have h' : (!(m.cond.eval r) && (silent ms).eval r) = false := h
      rw [hm] at h'
      obtain ⟨k, hk, he⟩ := ih h'
      exact ⟨k, List.Mem.tail _ hk, he⟩

theorem complete_of_tree {dom : Path} {l : List Rule} (t : Tree) (h : treeOk noAction [] .allow (silent l) dom t = true) :
    ∀ r : Request, Sat r dom → ∃ m ∈ l, m.cond.eval r = true :=
  fun r hr => silent_eval (never_of_tree t h r hr)

/-- some rule of the list has the priority of `m`, another action, and applies -/
def rivals (m : Rule) : List Rule → Cond
  | [] => .ff
  | n :: ns => match Nat.beq n.prio m.prio && !(Nat.beq n.action.rank m.action.rank) with
    | true => .or n.cond (rivals m ns)
    | false => rivals m ns

/-- one tree a rule, in the order of the rules -/
def noConflictOk (dom : Path) : List Rule → List Tree → Bool
  | [], _ => true
  | _ :: _, [] => false
  | m :: ms, t :: ts => match treeOk noAction [] .allow (.and m.cond (rivals m ms)) dom t with
    | true => noConflictOk dom ms ts
    | false => false

/-- two rules of one priority that both apply agree on the action -/
def NoConflict (dom : Path) (l : List Rule) : Prop := ∀ r : Request, Sat r dom → ∀ m ∈ l, ∀ n ∈ l,
  m.cond.eval r = true → n.cond.eval r = true → m.prio = n.prio → m.action = n.action

theorem rivals_eval {r : Request} {m n : Rule} {ns : List Rule} (hn : n ∈ ns) (hp : m.prio = n.prio) (ha : ¬ m.action = n.action)
    (he : n.cond.eval r = true) : (rivals m ns).eval r = true := by
  induction ns with
  | nil => cases hn
  | cons k ks ih =>
    unfold rivals
    rcases List.mem_cons.mp hn with rfl | hn
    · have h1 : Nat.beq n.prio m.prio = true := by rw [hp]; exact Nat.beq_refl _
      have h2 : Nat.beq n.action.rank m.action.rank = false := by
        cases hb : Nat.beq n.action.rank m.action.rank with
        | false => rfl
        | true => exact absurd (Action.rank_inj (Nat.eq_of_beq_eq_true hb)).symm ha
      rw [h1, h2]
      show (n.cond.eval r || (rivals m ks).eval r) = true
      rw [he]; rfl
    · split
      · show (k.cond.eval r || (rivals m ks).eval r) = true
        rw [ih hn]; cases k.cond.eval r <;> rfl
      · exact ih hn

theorem no_conflict_of_trees {dom : Path} {l : List Rule} (ts : List Tree) (h : noConflictOk dom l ts = true) : NoConflict dom l := by
  intro r hr
  induction l generalizing ts with
  | nil => intro m hm; cases hm
  | cons k ks ih =>
    cases ts with
    | nil => cases h
    | cons t ts =>
      unfold noConflictOk at h
      split at h
      · rename_i hk
        have clash : ∀ n ∈ ks, k.cond.eval r = true → n.cond.eval r = true → k.prio = n.prio → k.action = n.action := by
          intro n hn hck hcn hp
          rcases Action.eq_or_ne k.action n.action with e | e
          · exact e
          · have := never_of_tree t hk r hr
            unfold Cond.eval at this
            rw [hck, rivals_eval hn hp e hcn] at this; cases this
        intro m hm n hn hcm hcn hp
        rcases List.mem_cons.mp hm with em | hm'
        · subst em
          rcases List.mem_cons.mp hn with en | hn'
          · rw [en]
          · exact clash n hn' hcm hcn hp
        · rcases List.mem_cons.mp hn with en | hn'
          · subst en; exact (clash m hm' hcn hcm hp.symm).symm
          · exact ih ts h m hm' n hn' hcm hcn hp
      · cases h

/-! ### From a concrete request -/

def litB (r : Request) (l : Lit) : Bool := match l.b with | true => Nat.ble l.c (r l.v) | false => !(Nat.ble l.c (r l.v))
def satB (r : Request) : Path → Bool
  | [] => true
  | l :: ls => litB r l && satB r ls

theorem sat_of_satB {r : Request} {path : Path} (h : satB r path = true) : Sat r path := by
  induction path with
  | nil => intro l hl; cases hl
  | cons k ks ih =>
    unfold satB at h; rw [Bool.and_eq_true] at h
    intro l hl; rcases List.mem_cons.mp hl with rfl | hl
    · have h1 := h.1
      unfold litB at h1; unfold Lit.holds
      split at h1
      · rename_i hb; rw [hb]; exact h1
      · rename_i hb; rw [hb]; rw [Bool.not_eq_true'] at h1; exact h1
    · exact ih h.2 l hl

/-- the situation can come up -/
theorem possible_of_witness {dom : Path} {c : Cond} (w : List (Nat × Nat)) (hd : satB (ofList w) dom = true)
    (h : c.eval (ofList w) = true) : ∃ r : Request, Sat r dom ∧ c.eval r = true := ⟨ofList w, sat_of_satB hd, h⟩

/-- the situation can come up and the decision is then outside `s` -/
theorem refuted_of_witness {dom : Path} {l : List Rule} {d : Action} {c : Cond} {s : ActSet} (w : List (Nat × Nat))
    (hs : sortedB l = true) (hd : satB (ofList w) dom = true) (hc : c.eval (ofList w) = true)
    (h : s.mem (run d l (ofList w)) = false) :
    ∃ r : Request, Sat r dom ∧ c.eval r = true ∧ s.mem (eval ⟨l, d⟩ r) = false := by
  refine ⟨ofList w, sat_of_satB hd, hc, ?_⟩
  rw [← run_eq_eval (sorted_of_sortedB hs)]; exact h

/-- the evaluator's answer on one request -/
theorem eval_of_run {l : List Rule} {d : Action} {r : Request} {a : Action} (hs : sortedB l = true) (h : run d l r = a) :
    eval ⟨l, d⟩ r = a := by rw [← run_eq_eval (sorted_of_sortedB hs)]; exact h

/-- the number of the rule that decides; rules are numbered from 1, 0 is the default -/
def decidedBy (l : List Rule) (r : Request) : Nat := match firstMatch r l with | some m => m.id | none => 0

/-- no dead, no shadowed rule: rule `i` really decides some request -/
theorem live_of_witness {dom : Path} {l : List Rule} {i : Nat} (w : List (Nat × Nat)) (hd : satB (ofList w) dom = true)
    (h : Nat.beq (decidedBy l (ofList w)) i = true) : ∃ r : Request, Sat r dom ∧ decidedBy l r = i :=
  ⟨ofList w, sat_of_satB hd, Nat.eq_of_beq_eq_true h⟩

/-- the new version is not stricter: a request where it allows more -/
theorem not_refines_of_witness {dom : Path} {p q : List Rule} {dp dq : Action} (w : List (Nat × Nat))
    (hp : sortedB p = true) (hq : sortedB q = true) (hd : satB (ofList w) dom = true)
    (h : Nat.ble (run dp p (ofList w)).rank (run dq q (ofList w)).rank = false) :
    ¬ RefinesOn dom ⟨q, dq⟩ ⟨p, dp⟩ := by
  intro hr
  have := hr (ofList w) (sat_of_satB hd)
  rw [← run_eq_eval (sorted_of_sortedB hp), ← run_eq_eval (sorted_of_sortedB hq)] at this
  rw [Nat.ble_eq_true_of_le this] at h; cases h

end AIDefence
