//! What stands under fully transparent pixels.
//!
//! A network reads colours, not alpha, and alpha is put back on its output. So it should see the colours that will be seen:
//! the straight ones as stored. Composing over white first would mix white into every soft edge, and the edge would glow on
//! any other background once alpha is put back. But where alpha is 0 editors store anything, most often black, and that would
//! bleed into the visible part through the network's receptive field and its statistics over the whole picture. There the
//! visible colours nearby are continued.

use super::{reserved, zeros};
use crate::Result;

/// Cells of one level of the pyramid; each has the mean colour of the visible among its four children, if any is.
struct Level {
    width: usize,
    height: usize,
    rgb: Vec<f32>,
    known: Vec<bool>,
}

/// Replaces the colours of pixels whose alpha is 0 by the mean of the visible pixels of the smallest aligned square around
/// them that has some; white if the whole picture is transparent.
pub(super) fn fill_hidden(rgb: &mut [f32], alpha: &[f32], width: usize, height: usize) -> Result<()> {
    if alpha.iter().all(|&a| a > 0.0) {
        return Ok(());
    }
    if alpha.iter().all(|&a| a <= 0.0) {
        rgb.fill(1.0);
        return Ok(());
    }
    let mut known = reserved(alpha.len())?;
    known.extend(alpha.iter().map(|&a| a > 0.0));

    let mut levels: Vec<Level> = Vec::new();
    loop {
        let next = match levels.last() {
            None => halve(rgb, &known, width, height)?,
            Some(l) if l.known.iter().all(|&k| k) => break,
            Some(l) => halve(&l.rgb, &l.known, l.width, l.height)?,
        };
        levels.push(next);
    }
    // The last level is known everywhere; each one below takes from it what it lacks.
    for i in (1..levels.len()).rev() {
        let (lower, upper) = levels.split_at_mut(i);
        let child = &mut lower[i - 1];
        fill_from(&mut child.rgb, &child.known, child.width, &upper[0]);
    }
    fill_from(rgb, &known, width, &levels[0]);
    Ok(())
}

fn halve(rgb: &[f32], known: &[bool], width: usize, height: usize) -> Result<Level> {
    let (w, h) = (width.div_ceil(2), height.div_ceil(2));
    let mut level = Level { width: w, height: h, rgb: zeros(w * h * 3)?, known: zeros(w * h)? };
    for y in 0..h {
        for x in 0..w {
            let (mut sum, mut count) = ([0f32; 3], 0f32);
            for cy in 2 * y..(2 * y + 2).min(height) {
                for cx in 2 * x..(2 * x + 2).min(width) {
                    let i = cy * width + cx;
                    if known[i] {
                        count += 1.0;
                        sum.iter_mut().zip(&rgb[i * 3..i * 3 + 3]).for_each(|(s, v)| *s += v);
                    }
                }
            }
            let o = y * w + x;
            level.known[o] = count > 0.0;
            if count > 0.0 {
                level.rgb[o * 3..o * 3 + 3].iter_mut().zip(sum).for_each(|(v, s)| *v = s / count);
            }
        }
    }
    Ok(level)
}

fn fill_from(rgb: &mut [f32], known: &[bool], width: usize, parent: &Level) {
    for (i, _) in known.iter().enumerate().filter(|(_, known)| !**known) {
        let p = (i / width / 2) * parent.width + (i % width) / 2;
        rgb[i * 3..i * 3 + 3].copy_from_slice(&parent.rgb[p * 3..p * 3 + 3]);
    }
}
