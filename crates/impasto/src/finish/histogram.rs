//! Matching a picture's colors to the histograms of others.

use super::oklab;
use crate::Picture;
use crate::picture::resize::light;

/// Maximum number of values in a style's histogram.
const SAMPLES: usize = 1 << 16;

/// Gives a picture's lightness and its two axes of chroma (Oklab), each separately, the distribution of the given
/// pictures. Each of these counts by its weight.
pub(crate) fn match_histogram(picture: &mut Picture, others: &[(f32, &Picture)]) {
    let total: f32 = others.iter().map(|(weight, _)| weight).sum();
    let mut wanted: [Vec<f32>; 3] = Default::default();
    for (weight, other) in others {
        let count = (weight / total * SAMPLES as f32).round().max(1.0) as usize;
        let labs = labs(other.rgb());
        // As many values from each picture as its weight says, spread over all of its pixels.
        for i in 0..count {
            let lab = labs[(i as u64 * labs.len() as u64 / count as u64) as usize];
            wanted.iter_mut().zip(lab).for_each(|(values, v)| values.push(v));
        }
    }
    wanted.iter_mut().for_each(|values| values.sort_by(f32::total_cmp));
    let mut own = labs(picture.rgb());
    for (axis, wanted) in wanted.iter().enumerate() {
        let mut order: Vec<u32> = (0..own.len() as u32).collect();
        order.sort_by(|&a, &b| own[a as usize][axis].total_cmp(&own[b as usize][axis]));
        let mut start = 0;
        while start < order.len() {
            // Equal values stay equal: all of them get the middle of their ranks.
            let value = own[order[start] as usize][axis];
            let run = order[start..].iter().take_while(|&&i| own[i as usize][axis] == value).count();
            let rank = (start as f64 + run as f64 / 2.0) / order.len() as f64;
            let found = wanted[((rank * wanted.len() as f64) as usize).min(wanted.len() - 1)];
            order[start..start + run].iter().for_each(|&i| own[i as usize][axis] = found);
            start += run;
        }
    }
    let values = picture.rgb_mut();
    for (pixel, lab) in values.as_chunks_mut::<3>().0.iter_mut().zip(own) {
        *pixel = oklab::to_light(lab);
    }
    light::encode(values);
}

fn labs(values: &[f32]) -> Vec<oklab::Lab> {
    let mut values = values.to_vec();
    light::decode(&mut values);
    values.as_chunks().0.iter().map(|&pixel| oklab::from_light(pixel)).collect()
}

#[cfg(test)]
mod tests {
    use super::{labs, match_histogram};
    use crate::Picture;

    fn ramp(width: usize, height: usize, colour: impl Fn(f32) -> [f32; 3]) -> Picture {
        let pixels = width * height;
        Picture::from_rgb_f32([width, height], (0..pixels).flat_map(|i| colour(i as f32 / pixels as f32)).collect()).unwrap()
    }

    #[test]
    fn lightness_is_distributed_as_the_others() {
        let mut picture = ramp(64, 32, |t| [t * 0.4; 3]);
        let other = ramp(40, 40, |t| [0.5 + 0.5 * t * t; 3]);
        match_histogram(&mut picture, &[(1.0, &other)]);
        let (mut found, mut wanted) = (labs(picture.rgb()), labs(other.rgb()));
        found.sort_by(|a, b| a[0].total_cmp(&b[0]));
        wanted.sort_by(|a, b| a[0].total_cmp(&b[0]));
        for share in [0.05, 0.3, 0.5, 0.8, 0.95] {
            let at = |values: &[[f32; 3]]| values[(values.len() as f32 * share) as usize][0];
            assert!((at(&found) - at(&wanted)).abs() < 0.01, "at {share}: {} for {}", at(&found), at(&wanted));
        }
    }

    #[test]
    fn weights_share_the_values() {
        let mut picture = ramp(100, 10, |t| [t; 3]);
        let (dark, bright) = (ramp(8, 8, |_| [0.1; 3]), ramp(8, 8, |_| [0.9; 3]));
        match_histogram(&mut picture, &[(3.0, &dark), (1.0, &bright)]);
        let dark = picture.rgb().iter().filter(|&&v| v < 0.5).count() as f32 / picture.rgb().len() as f32;
        assert!((dark - 0.75).abs() < 0.01, "{dark}");
    }
}
