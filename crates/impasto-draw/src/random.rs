//! A small generator of random numbers, the same on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014), seeded by a picture's name and number.
#[derive(Clone)]
pub(crate) struct Random {
    state: u64,
    canonical: bool,
}

impl Random {
    /// Creates the generator for one picture. With seed 0, [`Random::vary`] returns the canonical values.
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        // FNV-1a of the name, so that two styles with the same seed have nothing in common.
        let name = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3));
        let mut random = Random { state: name ^ seed.wrapping_mul(0xD134_2543_DE82_EF95), canonical: seed == 0 };
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Whether this is the picture of seed 0.
    pub(crate) fn canonical(&self) -> bool {
        self.canonical
    }

    /// Returns a number in 0..1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Returns `canonical` for the canonical picture, and any number in the range for others.
    pub(crate) fn vary(&mut self, canonical: f32, low: f32, high: f32) -> f32 {
        let varied = self.range(low, high);
        if self.canonical { canonical } else { varied }
    }

    /// Returns `canonical` for the canonical picture, and `true` with this probability for others.
    pub(crate) fn whether(&mut self, canonical: bool, probability: f32) -> bool {
        let varied = self.chance(probability);
        if self.canonical { canonical } else { varied }
    }

    /// Returns the first for the canonical picture, and any for others.
    pub(crate) fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len());
        of[if self.canonical { 0 } else { at }]
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Returns a number in 0..`end`. `end` must not be 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (((self.next() >> 32) * end as u64) >> 32) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Returns a nearly standard normal number: a sum of four uniform ones, so never beyond 3.5.
    pub(crate) fn normal(&mut self) -> f32 {
        (self.unit() + self.unit() + self.unit() + self.unit() - 2.0) * 1.732
    }

    /// Returns a seed for noise.
    pub(crate) fn seed(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }
}
