//! Which contents are painted in which styles.

use super::numbers::Numbers;

/// Draws this many different pairs of `contents` contents and `styles` styles, as indices of both; fewer if there are not so many.
///
/// Both are shuffled, and taken one after the other. So no content and no style comes a second time before all have come once. The same arguments
/// give the same pairs on every machine.
pub fn draw(contents: usize, styles: usize, count: usize, seed: u64) -> Vec<[usize; 2]> {
    if contents == 0 || styles == 0 {
        return Vec::new();
    }
    let mut numbers = Numbers::new(seed);
    let mut shuffled = |count: usize| {
        let mut order: Vec<usize> = (0..count).collect();
        numbers.shuffle(&mut order);
        order
    };
    let (content_order, style_order) = (shuffled(contents), shuffled(styles));
    // After this many, the two cycles meet where they began: the styles then step on by one, so that no pair comes twice.
    let period = contents / common_divisor(contents, styles) * styles;
    (0..count.min(contents.saturating_mul(styles)))
        .map(|i| [content_order[i % contents], style_order[(i + i / period) % styles]])
        .collect()
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::draw;

    #[test]
    fn every_picture_comes_once_before_any_comes_twice() {
        for (contents, styles) in [(1, 1), (5, 5), (4, 6), (6, 4), (7, 3), (12, 8)] {
            let all = draw(contents, styles, usize::MAX, 9);
            assert_eq!(all.len(), contents * styles);
            assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{contents} {styles}: a pair comes twice");
            for (side, count) in [(0, contents), (1, styles)] {
                let first: HashSet<_> = all.iter().take(count).map(|pair| pair[side]).collect();
                assert_eq!(first.len(), count, "{contents} {styles}: one comes twice");
            }
        }
        assert!(draw(0, 3, 2, 1).is_empty() && draw(3, 0, 2, 1).is_empty());
    }

    #[test]
    fn seeds_decide() {
        assert_eq!(draw(50, 40, 10, 3), draw(50, 40, 10, 3));
        assert_ne!(draw(50, 40, 10, 3), draw(50, 40, 10, 4));
        // More pairs begin with the same ones.
        assert_eq!(draw(50, 40, 20, 3)[..10], draw(50, 40, 10, 3));
    }
}
