//! Which contents are painted in which styles.

use std::collections::HashSet;

use super::numbers::Numbers;

/// Draws `count` different pairs of contents and styles, as indices of both; fewer if there are not so many.
///
/// Contents and styles are shuffled, then taken in order. So no content and no style comes a second time before all
/// have come once. The same arguments give the same pairs on every machine.
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
    // After this many pairs, both cycles are back where they began. The styles then
    // advance by one, so that no pair comes twice.
    let period = contents / common_divisor(contents, styles) * styles;
    (0..count.min(contents.saturating_mul(styles)))
        .map(|i| [content_order[i % contents], style_order[(i + i / period) % styles]])
        .collect()
}

/// Chooses `count` of the candidates in random order; fewer if there are not so many.
///
/// Pairs are chosen in rounds. Within a round, no content and no style comes twice.
pub fn choose(candidates: &[[usize; 2]], count: usize, seed: u64) -> Vec<[usize; 2]> {
    let mut left = candidates.to_vec();
    Numbers::new(seed).shuffle(&mut left);
    let mut chosen = Vec::new();
    while chosen.len() < count && !left.is_empty() {
        let mut used = [HashSet::new(), HashSet::new()];
        let (round, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|&[content, style]| {
            let free = !used[0].contains(&content) && !used[1].contains(&style);
            if free {
                used[0].insert(content);
                used[1].insert(style);
            }
            free
        });
        chosen.extend(round);
        left = rest;
    }
    chosen.truncate(count);
    chosen
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{choose, draw};

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
    fn of_pairs_that_there_are_few_repeat_a_picture() {
        let candidates: Vec<[usize; 2]> = (0..6).flat_map(|i| [[i, i], [i, (i + 1) % 6], [i, 0]]).collect();
        let chosen = choose(&candidates, 100, 2);
        assert_eq!(chosen.len(), candidates.len());
        assert!(chosen.iter().all(|pair| candidates.contains(pair)));
        for side in 0..2 {
            assert_eq!(chosen[..4].iter().map(|pair| pair[side]).collect::<HashSet<_>>().len(), 4, "{chosen:?}");
        }
        assert_eq!(choose(&candidates, 3, 2), chosen[..3]);
    }

    #[test]
    fn seeds_decide() {
        assert_eq!(draw(50, 40, 10, 3), draw(50, 40, 10, 3));
        assert_ne!(draw(50, 40, 10, 3), draw(50, 40, 10, 4));
        // A larger count begins with the same pairs.
        assert_eq!(draw(50, 40, 20, 3)[..10], draw(50, 40, 10, 3));
    }
}
