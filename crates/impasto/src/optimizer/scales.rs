//! The sizes of a picture, from coarse to fine.

use crate::Size;

/// Returns the size of each scale, the coarsest first. Each is smaller than the next by √2, as long as the longer side
/// keeps `smallest` pixels and the shorter side keeps `least`.
pub(super) fn scales(size: Size, smallest: usize, least: usize) -> Vec<Size> {
    let keeps = |side: usize, least: usize, i: i32| side as f64 / 2f64.powf(f64::from(i) / 2.0) >= least.max(1) as f64;
    let (long, short) = (size.long_side(), size.short_side());
    let count = (0..64).take_while(|&i| i == 0 || keeps(long, smallest, i) && keeps(short, least, i)).count();
    let scaled = |i: usize| size.map(|side| ((side as f64 / 2f64.powf(i as f64 / 2.0)).round() as usize).max(1));
    (0..count).rev().map(scaled).collect()
}

#[cfg(test)]
mod tests {
    use crate::Size;

    fn scales(size: [usize; 2], smallest: usize, least: usize) -> Vec<[usize; 2]> {
        super::scales(size.into(), smallest, least).into_iter().map(Size::into).collect()
    }

    #[test]
    fn scales_grow_by_the_root_of_two_up_to_the_picture() {
        assert_eq!(scales([512, 341], 128, 1), [[128, 85], [181, 121], [256, 171], [362, 241], [512, 341]]);
        assert_eq!(scales([512, 341], 513, 1), [[512, 341]]);
        assert_eq!(scales([100, 300], 1000, 1), [[100, 300]]);
        assert_eq!(scales([10, 4000], 2000, 1), [[5, 2000], [7, 2828], [10, 4000]]);
        assert_eq!(scales([512, 50], 128, 32), [[362, 35], [512, 50]]);
    }
}
