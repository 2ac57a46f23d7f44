/-! AI Defence – formal core, part 3: tree certificates.  Needs Decide.
    An untrusted search finds a tree of threshold splits with a pivot rule at each leaf; `treeOk` checks it in linear time.
    Proves: `in_of_tree` (decision ∈ set whenever the premise holds) and `blocks_of_tree`.  These two are the theorems that
    shipped certificates instantiate; with Base they rest on `propext` alone. -/
namespace AIDefence

/-- pivot walk: rules before index `k` must either have a good action or be definitely false; rule `k` must be definitely true and good -/
def pivotOk (path : Path) (s : ActSet) (d : Action) : Nat → List Rule → Bool
  | _, [] => s.mem d
  | 0, m :: _ => match s.mem m.action with | true => (match kcond path m.cond with | .t => true | .f => false | .u => false) | false => false
  | k+1, m :: ms => match s.mem m.action with
    | true => pivotOk path s d k ms
    | false => match kcond path m.cond with | .f => pivotOk path s d k ms | .t => false | .u => false

theorem pivotOk_sound {r : Request} {path : Path} (h : Sat r path) {s : ActSet} {d : Action} {l : List Rule} {k : Nat}
    (hs : pivotOk path s d k l = true) : s.mem (run d l r) = true := by
  induction l generalizing k with
  | nil => cases k <;> exact hs
  | cons m ms ih =>
    have hk := kcond_sound h m.cond
    unfold run firstMatch
    cases k with
    | zero =>
      unfold pivotOk at hs
      split at hs
      · rename_i hm
        split at hs
        · rename_i hc; rw [hc] at hk
          have hk : m.cond.eval r = true := hk
          rw [hk]; exact hm
        · cases hs
        · cases hs
      · cases hs
    | succ k =>
      unfold pivotOk at hs
      split at hs
      · rename_i hm
        cases hb : m.cond.eval r with
        | true => exact hm
        | false => exact ih hs
      · split at hs
        · rename_i hc; rw [hc] at hk
          have hk : m.cond.eval r = false := hk
          rw [hk]; exact ih hs
        · cases hs
        · cases hs

/-- decision tree certificate found by the untrusted search: split atoms, pivot index at leaves, or premise false -/
inductive Tree where
  | vac
  | piv (k : Nat)
  | split (v c : Nat) (hi lo : Tree)

def treeOk (s : ActSet) (l : List Rule) (d : Action) (prem : Cond) : Path → Tree → Bool
  | path, .vac => match kcond path prem with | .f => true | .t => false | .u => false
  | path, .piv k => pivotOk path s d k l
  | path, .split v c hi lo => match treeOk s l d prem (⟨v, c, true⟩ :: path) hi with
    | true => treeOk s l d prem (⟨v, c, false⟩ :: path) lo
    | false => false

theorem treeOk_sound {s : ActSet} {l : List Rule} {d : Action} {prem : Cond} {t : Tree} {path : Path}
    (ht : treeOk s l d prem path t = true) {r : Request} (h : Sat r path) (hp : prem.eval r = true) : s.mem (run d l r) = true := by
  induction t generalizing path with
  | vac =>
    unfold treeOk at ht
    have hk := kcond_sound h prem
    split at ht
    · rename_i hc; rw [hc] at hk
      have hk : prem.eval r = false := hk
      rw [hp] at hk; cases hk
    · cases ht
    · cases ht
  | piv k => exact pivotOk_sound h ht
  | split v c hi lo ih1 ih2 =>
    unfold treeOk at ht
    split at ht
    · rename_i h1
      cases hb : Nat.ble c (r v) with
      | true =>
        apply ih1 h1
        intro x hx; rcases List.mem_cons.mp hx with rfl | hx
        · exact hb
        · exact h x hx
      | false =>
        apply ih2 ht
        intro x hx; rcases List.mem_cons.mp hx with rfl | hx
        · exact hb
        · exact h x hx
    · cases ht

/-- general form: the decision lies in `s` whenever the premise holds -/
theorem in_of_tree {dom : Path} {l : List Rule} {d : Action} {c : Cond} {s : ActSet} (t : Tree) (hs : sortedB l = true)
    (h : treeOk s l d c dom t = true) : ∀ r : Request, Sat r dom → c.eval r = true → s.mem (eval ⟨l, d⟩ r) = true := by
  intro r hr hc
  rw [← run_eq_eval (sorted_of_sortedB hs)]
  exact treeOk_sound h hr hc

theorem blocks_of_tree {dom : Path} {l : List Rule} {d : Action} {c : Cond} (t : Tree) (hs : sortedB l = true)
    (h : treeOk onlyBlock l d c dom t = true) : ∀ r : Request, Sat r dom → c.eval r = true → eval ⟨l, d⟩ r = .block := by
  intro r hr hc
  rw [← run_eq_eval (sorted_of_sortedB hs)]
  exact eq_block_of_mem (treeOk_sound h hr hc)

end AIDefence
