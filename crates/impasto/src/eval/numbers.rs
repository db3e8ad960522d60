//! Random numbers that are the same on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
#[derive(Debug, Clone)]
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Numbers(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a uniform number from 0 to 1, excluding 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a uniform number from 0 to `count - 1`. The bias of the product is below `count` / 2⁶⁴.
    fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// Shuffles values (Fisher and Yates 1938).
    pub(super) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        // The generator's reference values for the seed 1234567.
        let mut numbers = Numbers::new(1_234_567);
        let drawn = [(); 3].map(|()| numbers.next());
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn units_fill_their_range() {
        let mut numbers = Numbers::new(5);
        let drawn: Vec<f64> = (0..10_000).map(|_| numbers.unit()).collect();
        assert!(drawn.iter().all(|v| (0.0..1.0).contains(v)));
        let mean = drawn.iter().sum::<f64>() / 10_000.0;
        // Five standard errors.
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0f64).sqrt() / 100.0, "{mean}");
    }
}
