/-! AI Defence – formal core, part 9: what a policy guarantees over time.  Needs Tree, Props and Ltl.
    A request is extended by what happened before (`since`, `previous`, counts in a window), rules and temporal formulas decide,
    an event that is stopped did not happen.  Proves, for every sequence of events: what is admitted was not stopped
    (`admitted_passes`), an invariant holds of all that is admitted (`invariant_of_tree`, `always_of_tree`), at most `n` in any
    window (`rate_of_tree`), and a temporal rule that stops holds on the admitted trace of each session (`temporal_of_rule`). -/
namespace AIDefence

/-- values that depend on what came before -/
inductive Past where
  /-- now `b`, or `a` and it was so at the previous event -/
  | since (a b : Cond)
  /-- `c` at the previous event -/
  | previous (c : Cond)
  /-- earlier events of the last `window` milliseconds that fulfil `c`, counted up to `most` -/
  | count (c : Cond) (window most : Nat)

structure Feat where
  id : Nat
  past : Past
  /-- sees what was stopped, too -/
  attempts : Bool
  /-- whose events: 0 session, 1 user, 2 tenant -/
  scope : Nat

/-- an event as it was judged: its time, whose it is (by scope), and its extended request -/
structure Ev where
  time : Nat
  key : Nat → Nat
  req : Request

/-- an event as it arrives -/
structure Arrival where
  time : Nat
  key : Nat → Nat
  raw : Request

structure Program where
  feats : List Feat
  rules : List Rule
  dflt : Action
  temporal : List (Action × Ltl)

/-- both lists latest first -/
structure History where
  last : Nat
  admitted : List Ev
  all : List Ev

def bit : Bool → Nat
  | true => 1
  | false => 0

/-- the events of the same session, user or tenant -/
def mine (scope who : Nat) : List Ev → List Ev
  | [] => []
  | e :: es => match Nat.beq (e.key scope) who with | true => e :: mine scope who es | false => mine scope who es

/-- fulfils `c` and is younger than `window` at `now` -/
def recent (c : Cond) (window now : Nat) (e : Ev) : Bool := Nat.ble (now + 1) (e.time + window) && c.eval e.req

def countRecent (c : Cond) (window now : Nat) : List Ev → Nat
  | [] => 0
  | e :: es => countRecent c window now es + bit (recent c window now e)

def upTo (n most : Nat) : Nat := match Nat.ble most n with | true => most | false => n

def Feat.value (f : Feat) (now : Nat) (key : Nat → Nat) (h : History) (r : Request) : Nat :=
  let seen := mine f.scope (key f.scope) (match f.attempts with | true => h.all | false => h.admitted)
  match f.past with
  | .since a b => bit (b.eval r || (a.eval r && (match seen with | [] => false | e :: _ => Nat.ble 1 (e.req f.id))))
  | .previous c => match seen with | [] => 0 | e :: _ => bit (c.eval e.req)
  | .count c window most => upTo (countRecent c window now seen) most

def setAt (r : Request) (v x : Nat) : Request := fun w => match Nat.beq w v with | true => x | false => r w

/-- in the order of the features: later ones see earlier ones -/
def extend (now : Nat) (key : Nat → Nat) (h : History) : List Feat → Request → Request
  | [], r => r
  | f :: fs, r => extend now key h fs (setAt r f.id (f.value now key h r))

def later (a b : Nat) : Nat := match Nat.ble a b with | true => b | false => a

def observe (p : Program) (h : History) (a : Arrival) : Ev :=
  ⟨later a.time h.last, a.key, extend (later a.time h.last) a.key h p.feats a.raw⟩

/-- a monitor that was violated keeps the state it had -/
def keep (φ : Ltl) (e : Request) : Ltl := if Ltl.step e φ = .ff then φ else Ltl.step e φ
def watch (φ : Ltl) : List Ev → Ltl
  | [] => φ
  | e :: older => keep (watch φ older) e.req

def stricter (a b : Action) : Action := match Nat.ble a.rank b.rank with | true => b | false => a

def temporalAction (seen : List Ev) (e : Request) : List (Action × Ltl) → Action
  | [] => .allow
  | t :: ts => stricter (if Ltl.step e (watch t.2 seen) = .ff then t.1 else .allow) (temporalAction seen e ts)

/-- the decision about an event: the stricter of rules and formulas -/
def decide' (p : Program) (h : History) (e : Ev) : Action :=
  stricter (run p.dflt p.rules e.req) (temporalAction (mine 0 (e.key 0) h.admitted) e.req p.temporal)

def admit (p : Program) (h : History) (e : Ev) : Bool := !(stops.mem (decide' p h e))

def next (p : Program) (h : History) (a : Arrival) : History :=
  ⟨(observe p h a).time,
   match admit p h (observe p h a) with | true => observe p h a :: h.admitted | false => h.admitted,
   observe p h a :: h.all⟩

/-- what is remembered after these arrivals (latest first) -/
def play (p : Program) : List Arrival → History
  | [] => ⟨0, [], []⟩
  | a :: as => next p (play p as) a

/-! ### Stricter -/

theorem stops_of_le {a b : Action} (h : a ≤ b) (hs : stops.mem a = true) : stops.mem b = true := by
  cases a with
  | allow => cases hs
  | flag => cases hs
  | redact => cases hs
  | review =>
    cases b with
    | review => rfl
    | block => rfl
    | allow => exact absurd h (by decide)
    | flag => exact absurd h (by decide)
    | redact => exact absurd h (by decide)
  | block =>
    cases b with
    | block => rfl
    | review => rfl
    | allow => exact absurd h (by decide)
    | flag => exact absurd h (by decide)
    | redact => exact absurd h (by decide)

theorem le_stricter_left (a b : Action) : a ≤ stricter a b := by
  unfold stricter
  split
  · rename_i h; exact Nat.le_of_ble_eq_true h
  · exact Action.le_refl a
theorem le_stricter_right (a b : Action) : b ≤ stricter a b := by
  unfold stricter
  split
  · exact Action.le_refl b
  · rename_i h
    rcases Base.le_total' a.rank b.rank with k | k
    · rw [Nat.ble_eq_true_of_le k] at h; cases h
    · exact Nat.le_of_lt k

theorem pass_of_admit {p : Program} {h : History} {e : Ev} (ha : admit p h e = true) : stops.mem (decide' p h e) = false := by
  unfold admit at ha
  cases hs : stops.mem (decide' p h e) with
  | false => rfl
  | true => rw [hs] at ha; cases ha

theorem rules_pass {p : Program} {h : History} {e : Ev} (ha : admit p h e = true) : stops.mem (run p.dflt p.rules e.req) = false := by
  cases hr : stops.mem (run p.dflt p.rules e.req) with
  | false => rfl
  | true =>
    have := stops_of_le (le_stricter_left (run p.dflt p.rules e.req) (temporalAction (mine 0 (e.key 0) h.admitted) e.req p.temporal)) hr
    have k : stops.mem (decide' p h e) = true := this
    rw [pass_of_admit ha] at k; cases k

/-! ### What every sequence of events fulfils -/

/-- holds of each admitted event together with what was remembered when it was judged -/
theorem admitted_all {p : Program} {P : Ev → Prop} (as : List Arrival)
    (h : ∀ (hist : History) (a : Arrival), a ∈ as → admit p hist (observe p hist a) = true → P (observe p hist a)) :
    ∀ e ∈ (play p as).admitted, P e := by
  induction as with
  | nil => intro e he; cases he
  | cons a as ih =>
    intro e he
    cases hadm : admit p (play p as) (observe p (play p as) a) with
    | false =>
      have : (play p (a :: as)).admitted = (play p as).admitted := by
        show (match admit p (play p as) (observe p (play p as) a) with | true => observe p (play p as) a :: (play p as).admitted | false => (play p as).admitted) = _
        rw [hadm]
      rw [this] at he; exact ih (fun hist x hx => h hist x (List.Mem.tail _ hx)) e he
    | true =>
      have : (play p (a :: as)).admitted = observe p (play p as) a :: (play p as).admitted := by
        show (match admit p (play p as) (observe p (play p as) a) with | true => observe p (play p as) a :: (play p as).admitted | false => (play p as).admitted) = _
        rw [hadm]
      rw [this] at he
      rcases List.mem_cons.mp he with k | k
      · rw [k]; exact h _ _ (List.Mem.head _) hadm
      · exact ih (fun hist x hx => h hist x (List.Mem.tail _ hx)) e k

/-- nothing is admitted that the rules stop -/
theorem admitted_passes (p : Program) (as : List Arrival) : ∀ e ∈ (play p as).admitted, stops.mem (run p.dflt p.rules e.req) = false :=
  admitted_all as (fun _ _ _ ha => rules_pass ha)

/-- what arrives stays within the bounds, whatever was remembered -/
def Fits (p : Program) (dom : Path) (as : List Arrival) : Prop := ∀ a ∈ as, ∀ h : History, Sat (observe p h a).req dom

/-- what the rules stop whenever `c` fails never happens without `c` -/
theorem invariant_of_tree {p : Program} {dom : Path} {c : Cond} (t : Tree)
    (h : treeOk stops p.rules p.dflt (.not c) dom t = true) (as : List Arrival) (hb : Fits p dom as) :
    ∀ e ∈ (play p as).admitted, c.eval e.req = true := by
  apply admitted_all (P := fun e => c.eval e.req = true) as
  intro hist a hin ha
  cases hc : c.eval (observe p hist a).req with
  | true => rfl
  | false =>
    have hn : (Cond.not c).eval (observe p hist a).req = true := by
      show (!(c.eval (observe p hist a).req)) = true
      rw [hc]; rfl
    have := treeOk_sound h (hb a hin hist) hn
    rw [rules_pass ha] at this; cases this

/-! ### At most `n` in any window -/

/-- the feature with number `v`, as it is in force: the last one that has it -/
def counts (v : Nat) (c : Cond) (window most scope : Nat) : List Feat → Prop
  | [] => False
  | f :: fs => counts v c window most scope fs ∨
      ((∀ g ∈ fs, ¬ g.id = v) ∧ f.id = v ∧ f.past = .count c window most ∧ f.attempts = false ∧ f.scope = scope)

theorem beq_false_of_ne {a b : Nat} (h : ¬ a = b) : Nat.beq a b = false := by
  cases hb : Nat.beq a b with
  | false => rfl
  | true => exact absurd (Nat.eq_of_beq_eq_true hb) h

theorem extend_other {now : Nat} {key : Nat → Nat} {h : History} {v : Nat} {fs : List Feat} (hf : ∀ g ∈ fs, ¬ g.id = v) (r : Request) :
    extend now key h fs r v = r v := by
  induction fs generalizing r with
  | nil => rfl
  | cons f fs ih =>
    unfold extend
    rw [ih (fun g hg => hf g (List.Mem.tail _ hg))]
    unfold setAt
    rw [beq_false_of_ne (fun e => hf f (List.Mem.head _) e.symm)]

theorem extend_count {now : Nat} {key : Nat → Nat} {h : History} {v window most scope : Nat} {c : Cond} {fs : List Feat}
    (hf : counts v c window most scope fs) (r : Request) :
    extend now key h fs r v = upTo (countRecent c window now (mine scope (key scope) h.admitted)) most := by
  induction fs generalizing r with
  | nil => cases hf
  | cons f fs ih =>
    rcases hf with hf | ⟨hfs, hid, hpast, hatt, hscope⟩
    · exact ih hf _
    · show extend now key h fs (setAt r f.id (f.value now key h r)) v = _
      rw [extend_other hfs]
      unfold setAt
      rw [hid, Nat.beq_refl v]
      show f.value now key h r = _
      unfold Feat.value
      rw [hpast, hatt, hscope]

/-- events of the window that ends at `t` -/
def within (c : Cond) (window t : Nat) : List Ev → Nat
  | [] => 0
  | e :: es => within c window t es + bit (Nat.ble e.time t && recent c window t e)

theorem bit_le {a b : Bool} (h : a = true → b = true) : bit a ≤ bit b := by
  cases a with
  | false => exact Nat.zero_le _
  | true => rw [h rfl]; exact Nat.le_refl _

theorem within_le_recent {c : Cond} {window t now : Nat} (hn : now ≤ t) (l : List Ev) :
    within c window t l ≤ countRecent c window now l := by
  induction l with
  | nil => exact Nat.le_refl _
  | cons e es ih =>
    apply Base.add_le_add' ih
    apply bit_le
    intro h
    rw [Bool.and_eq_true] at h
    have h2 := h.2
    unfold recent at h2 ⊢
    rw [Bool.and_eq_true] at h2 ⊢
    exact ⟨Nat.ble_eq_true_of_le (Nat.le_trans (Base.succ_le_succ hn) (Nat.le_of_ble_eq_true h2.1)), h2.2⟩

theorem lt_of_upTo {k n most : Nat} (hm : n ≤ most) (h : upTo k most < n) : k < n := by
  unfold upTo at h
  split at h
  · exact False.elim (Base.not_succ_le_self most (Nat.le_trans h hm))
  · exact h

/-- SAFETY: if rules stop `c` whenever the count has reached `n`, then at most `n` such events are admitted in any window of any
    session (user, tenant), wherever it ends and whatever happened before -/
theorem rate_of_tree {p : Program} {dom : Path} {v n window most scope : Nat} {c : Cond} (t : Tree)
    (h : treeOk stops p.rules p.dflt (.and c (.ge v n)) dom t = true) (hc : counts v c window most scope p.feats) (hm : n ≤ most)
    (as : List Arrival) (hb : Fits p dom as) (who time : Nat) :
    within c window time (mine scope who (play p as).admitted) ≤ n := by
  induction as with
  | nil => exact Nat.zero_le _
  | cons a as ih =>
    have ih := ih (fun x hx => hb x (List.Mem.tail _ hx))
    cases hadm : admit p (play p as) (observe p (play p as) a) with
    | false =>
      have : (play p (a :: as)).admitted = (play p as).admitted := by
        show (match admit p (play p as) (observe p (play p as) a) with | true => observe p (play p as) a :: (play p as).admitted | false => (play p as).admitted) = _
        rw [hadm]
      rw [this]; exact ih
    | true =>
      have : (play p (a :: as)).admitted = observe p (play p as) a :: (play p as).admitted := by
        show (match admit p (play p as) (observe p (play p as) a) with | true => observe p (play p as) a :: (play p as).admitted | false => (play p as).admitted) = _
        rw [hadm]
      rw [this]
      unfold mine
      split
      · rename_i hkey
        unfold within
        cases hin : (Nat.ble (observe p (play p as) a).time time && recent c window time (observe p (play p as) a)) with
        | false => exact ih
        | true =>
          rw [Bool.and_eq_true] at hin
          have hr := hin.2
          unfold recent at hr; rw [Bool.and_eq_true] at hr
          have hle := within_le_recent (c := c) (window := window) (Nat.le_of_ble_eq_true hin.1) (mine scope who (play p as).admitted)
          have hcnt : (observe p (play p as) a).req v
              = upTo (countRecent c window (observe p (play p as) a).time (mine scope (a.key scope) (play p as).admitted)) most :=
            extend_count hc _
          have hwho : a.key scope = who := Nat.eq_of_beq_eq_true hkey
          rw [hwho] at hcnt
          have hlt : upTo (countRecent c window (observe p (play p as) a).time (mine scope who (play p as).admitted)) most < n := by
            rw [← hcnt]
            rcases Base.le_total' n ((observe p (play p as) a).req v) with k | k
            · have hprem : (Cond.and c (.ge v n)).eval (observe p (play p as) a).req = true := by
                show (c.eval (observe p (play p as) a).req && Nat.ble n ((observe p (play p as) a).req v)) = true
                rw [hr.2, Nat.ble_eq_true_of_le k]; rfl
              have := treeOk_sound h (hb a (List.Mem.head _) (play p as)) hprem
              rw [rules_pass hadm] at this; cases this
            · exact k
          exact Base.lt_of_le_of_lt' hle (lt_of_upTo hm hlt)
      · exact ih

/-- `counts`, as a test that the kernel can run -/
def lacks (v : Nat) : List Feat → Bool
  | [] => true
  | f :: fs => match Nat.beq f.id v with | true => false | false => lacks v fs
def countsB (v : Nat) (c : Cond) (window most scope : Nat) : List Feat → Bool
  | [] => false
  | f :: fs => match Nat.beq f.id v && lacks v fs with
    | false => countsB v c window most scope fs
    | true => match f.past with
      | .since _ _ => false
      | .previous _ => false
      | .count k w m => c.same k && (Nat.beq window w && (Nat.beq most m && (!f.attempts && Nat.beq f.scope scope)))

theorem lacks_spec {v : Nat} {fs : List Feat} (h : lacks v fs = true) : ∀ g ∈ fs, ¬ g.id = v := by
  induction fs with
  | nil => intro g hg; cases hg
  | cons f fs ih =>
    unfold lacks at h
    split at h
    · cases h
    · rename_i hb
      intro g hg e
      rcases List.mem_cons.mp hg with k | k
      · rw [← k, e, Nat.beq_refl v] at hb; cases hb
      · exact ih h g k e

theorem counts_of_countsB {v window most scope : Nat} {c : Cond} {fs : List Feat} (h : countsB v c window most scope fs = true) :
    counts v c window most scope fs := by
  induction fs with
  | nil => cases h
  | cons f fs ih =>
    unfold countsB at h
    split at h
    · exact Or.inl (ih h)
    · rename_i hb
      rw [Bool.and_eq_true] at hb
      split at h
      · cases h
      · cases h
      · rename_i k w m hp
        rw [Bool.and_eq_true, Bool.and_eq_true, Bool.and_eq_true, Bool.and_eq_true] at h
        obtain ⟨h1, h2, h3, h4, h5⟩ := h
        refine Or.inr ⟨lacks_spec hb.2, Nat.eq_of_beq_eq_true hb.1, ?_, ?_, Nat.eq_of_beq_eq_true h5⟩
        · rw [Cond.same_eq h1, Nat.eq_of_beq_eq_true h2, Nat.eq_of_beq_eq_true h3]; exact hp
        · rw [Bool.not_eq_true'] at h4; exact h4

/-! ### Bounds: raw values by assumption, the others by construction -/

def Feat.most (f : Feat) : Nat := match f.past with | .since _ _ => 1 | .previous _ => 1 | .count _ _ most => most

theorem bit_le_one (b : Bool) : bit b ≤ 1 := by cases b <;> exact (by decide)
theorem upTo_le (n most : Nat) : upTo n most ≤ most := by
  unfold upTo
  split
  · exact Nat.le_refl _
  · rename_i h
    rcases Base.le_total' most n with k | k
    · rw [Nat.ble_eq_true_of_le k] at h; cases h
    · exact Nat.le_of_lt k

theorem value_le (f : Feat) (now : Nat) (key : Nat → Nat) (h : History) (r : Request) : f.value now key h r ≤ f.most := by
  unfold Feat.value Feat.most
  cases f.past with
  | since a b => exact bit_le_one _
  | previous c =>
    show (match mine f.scope (key f.scope) (match f.attempts with | true => h.all | false => h.admitted) with | [] => 0 | e :: _ => bit (c.eval e.req)) ≤ 1
    split
    · exact Nat.zero_le _
    · exact bit_le_one _
  | count c window most => exact upTo_le _ _

/-- no feature with this number can reach `c` -/
def allBelow (v c : Nat) : List Feat → Bool
  | [] => true
  | f :: fs => (!(Nat.beq f.id v) || Nat.ble (f.most + 1) c) && allBelow v c fs

theorem extend_below {now : Nat} {key : Nat → Nat} {h : History} {v c : Nat} {fs : List Feat} (hf : allBelow v c fs = true) {r : Request}
    (hr : lacks v fs = true → r v + 1 ≤ c) : extend now key h fs r v + 1 ≤ c := by
  induction fs generalizing r with
  | nil => exact hr rfl
  | cons f fs ih =>
    unfold allBelow at hf
    rw [Bool.and_eq_true] at hf
    show extend now key h fs (setAt r f.id (f.value now key h r)) v + 1 ≤ c
    apply ih hf.2
    intro hl
    unfold setAt
    cases hid : Nat.beq f.id v with
    | true =>
      have e : Nat.beq v f.id = true := by rw [Nat.eq_of_beq_eq_true hid]; exact Nat.beq_refl v
      rw [e]
      show f.value now key h r + 1 ≤ c
      have h1 := hf.1
      rw [hid] at h1
      exact Nat.le_trans (Base.succ_le_succ (value_le f now key h r)) (Nat.le_of_ble_eq_true h1)
    | false =>
      have e : Nat.beq v f.id = false := by
        apply beq_false_of_ne
        intro k; rw [← k, Nat.beq_refl v] at hid; cases hid
      rw [e]
      show r v + 1 ≤ c
      apply hr
      unfold lacks
      rw [hid]; exact hl

/-- bounds are upper ones, and the features that depend on history keep them -/
def boundsOk (fs : List Feat) : Path → Bool
  | [] => true
  | l :: ls => !l.b && (allBelow l.v l.c fs && boundsOk fs ls)

/-- what arrives keeps the bounds of the raw features -/
def InRange (p : Program) (dom : Path) (as : List Arrival) : Prop :=
  ∀ a ∈ as, ∀ l ∈ dom, lacks l.v p.feats = true → l.holds a.raw

theorem fits_of_range {p : Program} {dom : Path} {as : List Arrival} (h : boundsOk p.feats dom = true) (hr : InRange p dom as) :
    Fits p dom as := by
  intro a ha hist
  have key : ∀ ls : Path, boundsOk p.feats ls = true → (∀ l ∈ ls, lacks l.v p.feats = true → l.holds a.raw) →
      Sat (observe p hist a).req ls := by
    intro ls
    induction ls with
    | nil => intro _ _ l hl; cases hl
    | cons k ks ih =>
      intro hk hraw
      unfold boundsOk at hk
      rw [Bool.and_eq_true, Bool.and_eq_true, Bool.not_eq_true'] at hk
      intro l hl
      rcases List.mem_cons.mp hl with e | hl
      · subst e
        have := extend_below (now := later a.time hist.last) (key := a.key) (h := hist) (r := a.raw) hk.2.1 (fun hl => by
          have hh := hraw l (List.Mem.head _) hl
          unfold Lit.holds at hh
          rw [hk.1] at hh
          rcases Base.le_total' l.c (a.raw l.v) with q | q
          · rw [Nat.ble_eq_true_of_le q] at hh; cases hh
          · exact q)
        show Nat.ble l.c (extend (later a.time hist.last) a.key hist p.feats a.raw l.v) = l.b
        rw [hk.1]
        cases hb : Nat.ble l.c (extend (later a.time hist.last) a.key hist p.feats a.raw l.v) with
        | false => rfl
        | true => exact False.elim (Base.not_succ_le_self _ (Nat.le_trans this (Nat.le_of_ble_eq_true hb)))
      · exact ih hk.2.2 (fun l hl => hraw l (List.Mem.tail _ hl)) l hl
  exact key dom h (fun l hl => hr a ha l hl)

/-- the form that certificates use -/
theorem rate_bound {p : Program} {dom : Path} {v n window most scope : Nat} {c : Cond} (t : Tree)
    (h : treeOk stops p.rules p.dflt (.and c (.ge v n)) dom t = true) (hc : countsB v c window most scope p.feats = true)
    (hm : Nat.ble n most = true) (hd : boundsOk p.feats dom = true) :
    ∀ as : List Arrival, InRange p dom as → ∀ who time : Nat, within c window time (mine scope who (play p as).admitted) ≤ n :=
  fun as hr who time => rate_of_tree t h (counts_of_countsB hc) (Nat.le_of_ble_eq_true hm) as (fits_of_range hd hr) who time

/-! ### Temporal guarantees -/

/-- the requests of a session, first one first -/
def story : List Ev → List Request
  | [] => []
  | e :: older => Ltl.snoc (story older) e.req

theorem mem_story {r : Request} {l : List Ev} (h : r ∈ story l) : ∃ e ∈ l, e.req = r := by
  have aux : ∀ (xs : List Request) (y : Request), r ∈ Ltl.snoc xs y → r ∈ xs ∨ r = y := by
    intro xs y
    induction xs with
    | nil =>
      intro hr
      rcases List.mem_cons.mp hr with k | k
      · exact Or.inr k
      · cases k
    | cons x xs ih =>
      intro hr
      rcases List.mem_cons.mp hr with k | k
      · rw [k]; exact Or.inl (List.Mem.head _)
      · rcases ih k with k | k
        · exact Or.inl (List.Mem.tail _ k)
        · exact Or.inr k
  induction l with
  | nil => cases h
  | cons e older ih =>
    rcases aux _ _ h with k | k
    · obtain ⟨e', he, hr⟩ := ih k; exact ⟨e', List.Mem.tail _ he, hr⟩
    · exact ⟨e, List.Mem.head _, k.symm⟩

theorem mem_mine {e : Ev} {scope who : Nat} {l : List Ev} (h : e ∈ mine scope who l) : e ∈ l := by
  induction l with
  | nil => cases h
  | cons x xs ih =>
    unfold mine at h
    split at h
    · rcases List.mem_cons.mp h with k | k
      · rw [k]; exact List.Mem.head _
      · exact List.Mem.tail _ (ih k)
    · exact List.Mem.tail _ (ih h)

/-- an invariant, as a formula over the admitted trace of each session (user, tenant) -/
theorem always_of_tree {p : Program} {dom : Path} {c : Cond} (t : Tree)
    (h : treeOk stops p.rules p.dflt (.not c) dom t = true) (hd : boundsOk p.feats dom = true) :
    ∀ as : List Arrival, InRange p dom as → ∀ scope who : Nat,
    (Ltl.always (.atom c)).sat (story (mine scope who (play p as).admitted)) := by
  intro as hr0 scope who
  apply Ltl.always_of_all
  intro r hr
  obtain ⟨e, he, hreq⟩ := mem_story hr
  rw [← hreq]
  exact invariant_of_tree t h as (fits_of_range hd hr0) e (mem_mine he)

/-- some rule of the list has this formula and stops -/
def guarded (φ : Ltl) (ts : List (Action × Ltl)) : Prop := ∃ t ∈ ts, t.2 = φ ∧ stops.mem t.1 = true

theorem step_of_admit {p : Program} {h : History} {e : Ev} {φ : Ltl} (hg : guarded φ p.temporal) (ha : admit p h e = true) :
    ¬ Ltl.step e.req (watch φ (mine 0 (e.key 0) h.admitted)) = .ff := by
  intro hff
  obtain ⟨t, ht, hφ, hs⟩ := hg
  have key : ∀ ts : List (Action × Ltl), t ∈ ts → t.1 ≤ temporalAction (mine 0 (e.key 0) h.admitted) e.req ts := by
    intro ts
    induction ts with
    | nil => intro k; cases k
    | cons x xs ih =>
      intro k
      rcases List.mem_cons.mp k with k | k
      · rw [← k]
        have : t.1 ≤ stricter (if Ltl.step e.req (watch t.2 (mine 0 (e.key 0) h.admitted)) = .ff then t.1 else .allow)
            (temporalAction (mine 0 (e.key 0) h.admitted) e.req xs) := by
          rw [hφ, if_pos hff]; exact le_stricter_left _ _
        exact this
      · exact Action.le_trans (ih k) (le_stricter_right _ _)
  have h1 := stops_of_le (key p.temporal ht) hs
  have h2 := stops_of_le (le_stricter_right (run p.dflt p.rules e.req) _) h1
  have h3 : stops.mem (decide' p h e) = true := h2
  rw [pass_of_admit ha] at h3; cases h3

/-- while nothing violated is admitted, the monitor is the fold over what was admitted -/
theorem watch_is_mon {p : Program} {φ : Ltl} (hg : guarded φ p.temporal) (as : List Arrival) (who : Nat) :
    watch φ (mine 0 who (play p as).admitted) = Ltl.mon φ (story (mine 0 who (play p as).admitted))
    ∧ (∀ e older, mine 0 who (play p as).admitted = e :: older → ¬ Ltl.mon φ (story (e :: older)) = .ff) := by
  induction as with
  | nil => exact ⟨rfl, fun _ _ h => nomatch h⟩
  | cons a as ih =>
    cases hadm : admit p (play p as) (observe p (play p as) a) with
    | false =>
      have : (play p (a :: as)).admitted = (play p as).admitted := by
        show (match admit p (play p as) (observe p (play p as) a) with | true => observe p (play p as) a :: (play p as).admitted | false => (play p as).admitted) = _
        rw [hadm]
      rw [this]; exact ih
    | true =>
      have : (play p (a :: as)).admitted = observe p (play p as) a :: (play p as).admitted := by
        show (match admit p (play p as) (observe p (play p as) a) with | true => observe p (play p as) a :: (play p as).admitted | false => (play p as).admitted) = _
        rw [hadm]
      rw [this]
      unfold mine
      split
      · rename_i hkey
        have hwho : (observe p (play p as) a).key 0 = who := Nat.eq_of_beq_eq_true hkey
        have hstep := step_of_admit hg hadm
        rw [hwho] at hstep
        rw [ih.1] at hstep
        have hm : Ltl.mon φ (story (observe p (play p as) a :: mine 0 who (play p as).admitted))
            = Ltl.step (observe p (play p as) a).req (Ltl.mon φ (story (mine 0 who (play p as).admitted))) := Ltl.mon_snoc _ _ _
        constructor
        · rw [hm]
          show keep (watch φ (mine 0 who (play p as).admitted)) (observe p (play p as) a).req = _
          rw [ih.1]
          unfold keep
          rw [if_neg hstep]
        · intro e older heq
          rw [← heq, hm]; exact hstep
      · exact ih

/-- GUARANTEE: a safety formula whose violation stops an event holds on the admitted trace of every session -/
theorem temporal_of_guard {p : Program} {φ : Ltl} (hg : guarded φ p.temporal) (hs : φ.safe = true) (as : List Arrival) (who : Nat) :
    mine 0 who (play p as).admitted = [] ∨ φ.sat (story (mine 0 who (play p as).admitted)) := by
  have h := (watch_is_mon hg as who).2
  cases hl : mine 0 who (play p as).admitted with
  | nil => exact Or.inl rfl
  | cons e older => exact Or.inr (Ltl.safe_of_mon hs (story older) e.req (h e older hl))

/-- the form that certificates use: the `i`-th temporal rule -/
def nth : Nat → List (Action × Ltl) → Action × Ltl
  | _, [] => (.allow, .tt)
  | 0, t :: _ => t
  | i+1, _ :: ts => nth i ts

theorem guarded_of_nth {i : Nat} {ts : List (Action × Ltl)} (h : stops.mem (nth i ts).1 = true) : guarded (nth i ts).2 ts := by
  induction ts generalizing i with
  | nil => cases i <;> cases h
  | cons t ts ih =>
    cases i with
    | zero => exact ⟨t, List.Mem.head _, rfl, h⟩
    | succ i => obtain ⟨x, hx, h1, h2⟩ := ih h; exact ⟨x, List.Mem.tail _ hx, h1, h2⟩

theorem temporal_of_rule {p : Program} (i : Nat) (ha : stops.mem (nth i p.temporal).1 = true) (hs : (nth i p.temporal).2.safe = true) :
    ∀ (as : List Arrival) (who : Nat), mine 0 who (play p as).admitted = []
      ∨ (nth i p.temporal).2.sat (story (mine 0 who (play p as).admitted)) :=
  fun as who => temporal_of_guard (guarded_of_nth ha) hs as who

end AIDefence
