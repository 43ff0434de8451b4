//! Which variable is decided next: the one that was part of a conflict last.
//!
//! A list in which such variables move to the end, and a finger at the last one that may be open
//! ("variable move to front", Biere and Fröhlich, Evaluating CDCL variable scoring schemes).

/// No variable.
const NONE: u32 = u32::MAX;

/// The order of decisions.
#[derive(Debug)]
pub(super) struct Queue {
    before: Vec<u32>,
    after: Vec<u32>,
    /// When a variable was last moved; 0 for one that is never decided.
    stamps: Vec<u64>,
    last: u32,
    finger: u32,
    clock: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            before: Vec::new(),
            after: Vec::new(),
            stamps: Vec::new(),
            last: NONE,
            finger: NONE,
            clock: 0,
        }
    }
}

impl Queue {
    /// Another variable, to be decided before all others if at all.
    pub fn push(&mut self, decide: bool) {
        let new = self.stamps.len() as u32;
        self.before.push(NONE);
        self.after.push(NONE);
        self.stamps.push(0);
        if decide {
            self.append(new);
            self.finger = new;
        }
    }

    /// The next variable that is open.
    pub fn next(&mut self, is_open: impl Fn(u32) -> bool) -> Option<u32> {
        while self.finger != NONE {
            if is_open(self.finger) {
                return Some(self.finger);
            }
            self.finger = self.before[self.finger as usize];
        }
        None
    }

    /// A variable has no value any more.
    #[inline]
    pub fn reopen(&mut self, variable: u32) {
        let stamp = self.stamps[variable as usize];
        if stamp > 0 && (self.finger == NONE || stamp > self.stamps[self.finger as usize]) {
            self.finger = variable;
        }
    }

    /// Moves these, all of which have values, in their present order to the end.
    pub fn prefer(&mut self, mut variables: Vec<u32>) {
        variables.retain(|variable| self.stamps[*variable as usize] > 0);
        variables.sort_unstable_by_key(|variable| self.stamps[*variable as usize]);
        for variable in variables {
            if variable == self.last {
                continue;
            }
            let (before, after) = (self.before[variable as usize], self.after[variable as usize]);
            // The finger stays where nothing open is passed over.
            if self.finger == variable {
                self.finger = before;
            }
            if before != NONE {
                self.after[before as usize] = after;
            }
            self.before[after as usize] = before;
            self.append(variable);
        }
    }

    fn append(&mut self, variable: u32) {
        self.before[variable as usize] = self.last;
        self.after[variable as usize] = NONE;
        if self.last != NONE {
            self.after[self.last as usize] = variable;
        }
        self.last = variable;
        self.clock += 1;
        self.stamps[variable as usize] = self.clock;
    }
}
