//! The C library's random numbers, so that a seed gives the configuration that it gives `conf`.
//!
//! `conf` calls `srand()` and `rand()` of glibc: an additive feedback generator of degree 31
//! (`TYPE_3` of `random_r.c`; the recurrence is x[i] = x[i-3] + x[i-31]).

/// glibc's `rand()`.
#[derive(Debug, Clone)]
pub struct Random {
    table: [u32; DEGREE],
    front: usize,
}

const DEGREE: usize = 31;
const SEPARATION: usize = 3;

impl Random {
    /// `srand(seed)`
    pub fn new(seed: u32) -> Self {
        let mut word = if seed == 0 { 1 } else { i64::from(seed as i32) };
        let mut table = [0; DEGREE];
        for entry in &mut table {
            *entry = word as u32;
            // A step of the minimal standard generator, by Schrage's method.
            word = 16807 * (word % 127_773) - 2836 * (word / 127_773);
            if word < 0 {
                word += 2_147_483_647;
            }
        }
        let mut random = Self { table, front: SEPARATION };
        for _ in 0..10 * DEGREE {
            random.draw();
        }
        random
    }

    /// `rand()`
    pub fn draw(&mut self) -> u32 {
        let rear = (self.front + DEGREE - SEPARATION) % DEGREE;
        let sum = self.table[self.front].wrapping_add(self.table[rear]);
        self.table[self.front] = sum;
        self.front = (self.front + 1) % DEGREE;
        sum >> 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_glibc() {
        // Printed by a C program with srand(1), srand(42) and srand(0xffffffff).
        for (seed, expected) in [
            (1, [1_804_289_383, 846_930_886, 1_681_692_777]),
            (0, [1_804_289_383, 846_930_886, 1_681_692_777]),
            (42, [71_876_166, 708_592_740, 1_483_128_881]),
            (u32::MAX, [254_925_627, 1_205_188_300, 366_127_624]),
        ] {
            let mut random = Random::new(seed);
            assert_eq!(expected.map(|_| random.draw()), expected, "{seed}");
        }
    }
}
