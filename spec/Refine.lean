/-! AI Defence – formal core, part 6: refinement check by simultaneous walk, liveness witnesses.  Needs Decide.
    Proves: `refines_of_walk` (new policy at least as strict as the old one on every request); `live_of_witness` (a rule really
    decides some request). -/
namespace AIDefence

/-- every constructor named: a wildcard would compile to bit operations (see Decide) -/
def Cond.same : Cond → Cond → Bool
  | .tt, k => match k with | .tt => true | .ff => false | .ge _ _ => false | .eq _ _ => false | .not _ => false | .and _ _ => false | .or _ _ => false
  | .ff, k => match k with | .tt => false | .ff => true | .ge _ _ => false | .eq _ _ => false | .not _ => false | .and _ _ => false | .or _ _ => false
  | .ge v c, k => match k with | .tt => false | .ff => false | .ge w d => Nat.beq v w && Nat.beq c d | .eq _ _ => false | .not _ => false | .and _ _ => false | .or _ _ => false
  | .eq v c, k => match k with | .tt => false | .ff => false | .ge _ _ => false | .eq w d => Nat.beq v w && Nat.beq c d | .not _ => false | .and _ _ => false | .or _ _ => false
  | .not a, k => match k with | .tt => false | .ff => false | .ge _ _ => false | .eq _ _ => false | .not p => a.same p | .and _ _ => false | .or _ _ => false
  | .and a b, k => match k with | .tt => false | .ff => false | .ge _ _ => false | .eq _ _ => false | .not _ => false | .and p q => a.same p && b.same q | .or _ _ => false
  | .or a b, k => match k with | .tt => false | .ff => false | .ge _ _ => false | .eq _ _ => false | .not _ => false | .and _ _ => false | .or p q => a.same p && b.same q

theorem Cond.same_eq : ∀ {a b : Cond}, a.same b = true → a = b := by
  intro a
  induction a with
  | tt => intro b h; cases b <;> simp_all [same]
  | ff => intro b h; cases b <;> simp_all [same]
  | ge v c => intro b h; cases b <;> simp_all [same]
  | eq v c => intro b h; cases b <;> simp_all [same]
  | not a ih => intro b h; cases b <;> simp_all [same]; exact ih h
  | and a b iha ihb => intro c h; cases c <;> simp_all [same]; exact ⟨iha h.1, ihb h.2⟩
  | or a b iha ihb => intro c h; cases c <;> simp_all [same]; exact ⟨iha h.1, ihb h.2⟩

/-- own append: core `++` has no compiled code in the stripped library -/
def app : Path → Path → Path
  | [], b => b
  | x :: a, b => x :: app a b
theorem mem_app {l : Lit} {a b : Path} : l ∈ app a b → l ∈ a ∨ l ∈ b := by
  induction a with
  | nil => intro h; exact Or.inr h
  | cons x a ih =>
    intro h; rcases List.mem_cons.mp h with rfl | h
    · exact Or.inl (by simp)
    · rcases ih h with h | h
      · exact Or.inl (List.mem_cons_of_mem _ h)
      · exact Or.inr h

/-- literals implied by the falsity (`b = false`) or truth (`b = true`) of a condition -/
def lits : Bool → Cond → Path
  | _, .tt => []
  | _, .ff => []
  | b, .ge v c => [⟨v, c, b⟩]
  | b, .eq v c => match b with | true => [⟨v, c, true⟩, ⟨v, c+1, false⟩] | false => []
  | b, .not x => lits (!b) x
  | b, .and x y => match b with | true => app (lits true x) (lits true y) | false => []
  | b, .or x y => match b with | true => [] | false => app (lits false x) (lits false y)

theorem sat_append {r : Request} {a b : Path} (ha : Sat r a) (hb : Sat r b) : Sat r (app a b) := by
  intro l hl; rcases mem_app hl with h | h
  · exact ha l h
  · exact hb l h

theorem lits_sound {r : Request} (c : Cond) (b : Bool) (h : c.eval r = b) : Sat r (lits b c) := by
  induction c generalizing b with
  | tt => cases b <;> intro l hl <;> simp [lits] at hl
  | ff => cases b <;> intro l hl <;> simp [lits] at hl
  | ge v c =>
    intro l hl; have : l = ⟨v, c, b⟩ := by cases b <;> simpa [lits] using hl
    subst this; exact h
  | eq v c =>
    cases b with
    | false => intro l hl; simp [lits] at hl
    | true =>
      have h' := h; unfold Cond.eval at h'
      simp only [Bool.and_eq_true, Bool.not_eq_true'] at h'
      intro l hl; simp only [lits, List.mem_cons, List.not_mem_nil, or_false] at hl
      rcases hl with rfl | rfl
      · exact h'.1
      · exact h'.2
  | not a ih =>
    have h' : a.eval r = !b := by unfold Cond.eval at h; cases ha : a.eval r <;> simp_all
    have e : lits b (.not a) = lits (!b) a := by cases b <;> rfl
    rw [e]; exact ih _ h'
  | and x y ihx ihy =>
    cases b with
    | false => intro l hl; simp [lits] at hl
    | true =>
      unfold Cond.eval at h; simp only [Bool.and_eq_true] at h
      exact sat_append (ihx _ h.1) (ihy _ h.2)
  | or x y ihx ihy =>
    cases b with
    | true => intro l hl; simp [lits] at hl
    | false =>
      unfold Cond.eval at h; simp only [Bool.or_eq_false_iff] at h
      exact sat_append (ihx _ h.1) (ihy _ h.2)

def atLeast : Action → ActSet
  | .allow => ⟨true, true, true, true, true⟩
  | .flag => ⟨false, true, true, true, true⟩
  | .redact => ⟨false, false, true, true, true⟩
  | .review => ⟨false, false, false, true, true⟩
  | .block => ⟨false, false, false, false, true⟩
def atMost : Action → ActSet
  | .allow => ⟨true, false, false, false, false⟩
  | .flag => ⟨true, true, false, false, false⟩
  | .redact => ⟨true, true, true, false, false⟩
  | .review => ⟨true, true, true, true, false⟩
  | .block => ⟨true, true, true, true, true⟩
theorem le_iff_rank {a b : Action} : a ≤ b ↔ a.rank ≤ b.rank := Iff.rfl
theorem mem_atLeast {a b : Action} : (atLeast a).mem b = true ↔ a ≤ b := by
  cases a <;> cases b <;> constructor <;> intro h <;> first | rfl | (exact (by decide)) | (exact absurd h (by decide))
theorem mem_atMost {a b : Action} : (atMost a).mem b = true ↔ b ≤ a := by
  cases a <;> cases b <;> constructor <;> intro h <;> first | rfl | (exact (by decide)) | (exact absurd h (by decide))

/-- `sure`, but answering at once for the trivial set -/
def sureLe (path : Path) (b d : Action) (l : List Rule) : Bool :=
  match b with
  | .block => true
  | .allow => sure path (atMost .allow) d l
  | .flag => sure path (atMost .flag) d l
  | .redact => sure path (atMost .redact) d l
  | .review => sure path (atMost .review) d l
def sureGe (path : Path) (a d : Action) (l : List Rule) : Bool :=
  match a with
  | .allow => true
  | .flag => sure path (atLeast .flag) d l
  | .redact => sure path (atLeast .redact) d l
  | .review => sure path (atLeast .review) d l
  | .block => sure path (atLeast .block) d l

theorem sureLe_sound {r : Request} {path : Path} (h : Sat r path) {b d : Action} {l : List Rule}
    (hs : sureLe path b d l = true) : run d l r ≤ b := by
  cases b with
  | block => exact Action.le_block _
  | allow => exact mem_atMost.mp (sure_sound h hs)
  | flag => exact mem_atMost.mp (sure_sound h hs)
  | redact => exact mem_atMost.mp (sure_sound h hs)
  | review => exact mem_atMost.mp (sure_sound h hs)
theorem sureGe_sound {r : Request} {path : Path} (h : Sat r path) {a d : Action} {l : List Rule}
    (hs : sureGe path a d l = true) : a ≤ run d l r := by
  cases a with
  | allow => show Action.rank .allow ≤ _; exact Nat.zero_le _
  | flag => exact mem_atLeast.mp (sure_sound h hs)
  | redact => exact mem_atLeast.mp (sure_sound h hs)
  | review => exact mem_atLeast.mp (sure_sound h hs)
  | block => exact mem_atLeast.mp (sure_sound h hs)

def leB (a b : Action) : Bool := Nat.ble a.rank b.rank
theorem leB_iff {a b : Action} (h : leB a b = true) : a ≤ b := Nat.le_of_ble_eq_true h

/-- conditions already known to be false (syntactic) -/
def knownFalse (c : Cond) : List Cond → Bool
  | [] => false
  | x :: xs => match c.same x with | true => true | false => knownFalse c xs

def AllFalse (r : Request) (ng : List Cond) : Prop := ∀ c ∈ ng, c.eval r = false

theorem knownFalse_sound {r : Request} {c : Cond} {ng : List Cond} (h : AllFalse r ng) (hk : knownFalse c ng = true) :
    c.eval r = false := by
  induction ng with
  | nil => simp [knownFalse] at hk
  | cons x xs ih =>
    unfold knownFalse at hk
    split at hk
    · rename_i he; rw [Cond.same_eq he]; exact h x (by simp)
    · exact ih (fun y hy => h y (List.mem_cons_of_mem _ hy)) hk

/-- a false disjunction makes every disjunct false -/
def addFalse : Cond → List Cond → List Cond
  | .or a b, ng => Cond.or a b :: addFalse a (addFalse b ng)
  | .tt, ng => .tt :: ng
  | .ff, ng => .ff :: ng
  | .ge v c, ng => .ge v c :: ng
  | .eq v c, ng => .eq v c :: ng
  | .not a, ng => .not a :: ng
  | .and a b, ng => .and a b :: ng
theorem allFalse_cons {r : Request} {ng : List Cond} {c : Cond} (h : AllFalse r ng) (hc : c.eval r = false) : AllFalse r (c :: ng) := by
  intro x hx; rcases List.mem_cons.mp hx with rfl | hx
  · exact hc
  · exact h x hx
theorem addFalse_sound {r : Request} {c : Cond} : ∀ {ng : List Cond}, AllFalse r ng → c.eval r = false → AllFalse r (addFalse c ng) := by
  induction c with
  | or a b iha ihb =>
    intro ng h hc
    have hc' := hc; unfold Cond.eval at hc'; simp only [Bool.or_eq_false_iff] at hc'
    exact allFalse_cons (iha (ihb h hc'.2) hc'.1) hc
  | _ => intro ng h hc; exact allFalse_cons h hc

/-- p below q : walk both sorted rule lists together -/
def refWalk (dp dq : Action) : Nat → Path → List Cond → List Rule → List Rule → Bool
  | 0, _, _, _, _ => false
  | _+1, path, _, [], q => sureGe path dp dq q
  | n+1, path, ng, m :: ms, [] =>
    match knownFalse m.cond ng with
    | true => refWalk dp dq n path ng ms []
    | false => match kcond path m.cond with
      | .f => refWalk dp dq n path ng ms []
      | .t => leB m.action dq && refWalk dp dq n path ng ms []
      | .u => leB m.action dq && refWalk dp dq n path ng ms []
  | n+1, path, ng, m :: ms, k :: ks =>
    match m.cond.same k.cond && leB m.action k.action with
    | true => refWalk dp dq n path ng ms ks
    | false =>
      match knownFalse m.cond ng with
      | true => refWalk dp dq n path ng ms (k :: ks)
      | false => match kcond path m.cond with
        | .f => refWalk dp dq n path ng ms (k :: ks)
        | .t => sureGe path m.action dq (k :: ks)
        | .u => match kcond path k.cond with
          | .f => refWalk dp dq n path ng (m :: ms) ks
          | .t => sureLe path k.action dp (m :: ms)
          | .u => match sureLe path k.action dp (m :: ms) with
            | true => refWalk dp dq n (app (lits false k.cond) path) (addFalse k.cond ng) (m :: ms) ks
            | false => match sureGe path m.action dq (k :: ks) with
              | true => refWalk dp dq n (app (lits false m.cond) path) (addFalse m.cond ng) ms (k :: ks)
              | false => match pickC path m.cond with
                | none => false
                | some (v, c) => match refWalk dp dq n (⟨v, c, true⟩ :: path) ng (m :: ms) (k :: ks) with
                  | true => refWalk dp dq n (⟨v, c, false⟩ :: path) ng (m :: ms) (k :: ks)
                  | false => false

theorem run_cons_true {r : Request} {m : Rule} {ms : List Rule} {d : Action} (h : m.cond.eval r = true) :
    run d (m :: ms) r = m.action := by simp [run, firstMatch, h, outcome]
theorem run_cons_false {r : Request} {m : Rule} {ms : List Rule} {d : Action} (h : m.cond.eval r = false) :
    run d (m :: ms) r = run d ms r := by simp [run, firstMatch, h]

theorem sat_cons {r : Request} {path : Path} {v c : Nat} {b : Bool} (hs : Sat r path) (hb : Nat.ble c (r v) = b) :
    Sat r (⟨v, c, b⟩ :: path) := by
  intro l hl; rcases List.mem_cons.mp hl with rfl | hl
  · exact hb
  · exact hs l hl
theorem refWalk_sound {dp dq : Action} {r : Request} : ∀ {n : Nat} {path : Path} {ng : List Cond} {p q : List Rule},
    refWalk dp dq n path ng p q = true → Sat r path → AllFalse r ng → run dp p r ≤ run dq q r := by
  intro n
  induction n with
  | zero => intro path ng p q h; simp [refWalk] at h
  | succ n ih =>
    intro path ng p q h hs hn
    cases p with
    | nil => unfold refWalk at h; exact sureGe_sound hs h
    | cons m ms =>
      have hm := kcond_sound hs m.cond
      cases q with
      | nil =>
        unfold refWalk at h
        split at h
        · rename_i hkf; rw [run_cons_false (knownFalse_sound hn hkf)]; exact ih h hs hn
        · split at h
          · rename_i hf; rw [hf] at hm
            rw [run_cons_false (show m.cond.eval r = false from hm)]; exact ih h hs hn
          all_goals
            simp only [Bool.and_eq_true] at h
            cases hc : m.cond.eval r with
            | true => rw [run_cons_true hc]; exact leB_iff h.1
            | false => rw [run_cons_false hc]; exact ih h.2 hs hn
      | cons k ks =>
        have hk := kcond_sound hs k.cond
        unfold refWalk at h
        split at h
        · rename_i h12
          simp only [Bool.and_eq_true] at h12
          obtain ⟨h1, h2⟩ := h12
          have he := Cond.same_eq h1
          cases hc : m.cond.eval r with
          | true => rw [run_cons_true hc, run_cons_true (he ▸ hc)]; exact leB_iff h2
          | false => rw [run_cons_false hc, run_cons_false (he ▸ hc)]; exact ih h hs hn
        · split at h
          · rename_i hkf; rw [run_cons_false (knownFalse_sound hn hkf)]; exact ih h hs hn
          · split at h
            · rename_i hf; rw [hf] at hm
              rw [run_cons_false (show m.cond.eval r = false from hm)]; exact ih h hs hn
            · rename_i ht; rw [ht] at hm
              rw [run_cons_true (show m.cond.eval r = true from hm)]; exact sureGe_sound hs h
            · split at h
              · rename_i hf; rw [hf] at hk
                rw [run_cons_false (m := k) (show k.cond.eval r = false from hk)]; exact ih h hs hn
              · rename_i ht; rw [ht] at hk
                rw [run_cons_true (m := k) (show k.cond.eval r = true from hk)]; exact sureLe_sound hs h
              · split at h
                · rename_i hle
                  have hle := sureLe_sound hs hle
                  cases hc : k.cond.eval r with
                  | true => rw [run_cons_true (m := k) hc]; exact hle
                  | false =>
                    rw [run_cons_false (m := k) hc]
                    exact ih h (sat_append (lits_sound _ _ hc) hs) (addFalse_sound hn hc)
                · split at h
                  · rename_i hge
                    have hge := sureGe_sound hs hge
                    cases hc : m.cond.eval r with
                    | true => rw [run_cons_true hc]; exact hge
                    | false =>
                      rw [run_cons_false hc]
                      exact ih h (sat_append (lits_sound _ _ hc) hs) (addFalse_sound hn hc)
                  · split at h
                    · cases h
                    · rename_i v c _
                      split at h
                      · rename_i h1
                        cases hb : Nat.ble c (r v) with
                        | true => exact ih h1 (sat_cons hs hb) hn
                        | false => exact ih h (sat_cons hs hb) hn
                      · cases h

/-- `q` is at least as strict as `p` on every request within the bounds `dom` -/
def RefinesOn (dom : Path) (q p : Policy) : Prop := ∀ r : Request, Sat r dom → eval p r ≤ eval q r
def EquivOn (dom : Path) (p q : Policy) : Prop := ∀ r : Request, Sat r dom → eval p r = eval q r

/-- generated refinement files use this: new policy `q` is at least as strict as old policy `p` -/
theorem refines_of_walk {dom : Path} {p q : List Rule} {dp dq : Action} (n : Nat) (hp : sortedB p = true) (hq : sortedB q = true)
    (h : refWalk dp dq n dom [] p q = true) : RefinesOn dom ⟨q, dq⟩ ⟨p, dp⟩ := by
  intro r hr
  rw [← run_eq_eval (sorted_of_sortedB hp), ← run_eq_eval (sorted_of_sortedB hq)]
  exact refWalk_sound h hr (fun _ hc => by cases hc)

theorem equiv_of_walks {dom : Path} {p q : List Rule} {dp dq : Action} (h : RefinesOn dom ⟨q, dq⟩ ⟨p, dp⟩)
    (k : RefinesOn dom ⟨p, dp⟩ ⟨q, dq⟩) : EquivOn dom ⟨p, dp⟩ ⟨q, dq⟩ :=
  fun r hr => Action.le_antisymm (h r hr) (k r hr)

theorem refines_on_of_refines {dom : Path} {p q : Policy} (h : Refines q p) : RefinesOn dom q p := fun r _ => h r

end AIDefence
