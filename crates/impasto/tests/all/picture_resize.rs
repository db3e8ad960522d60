//! Resizing: comparison with stored values of TensorFlow, and the purpose of each method.

#![allow(clippy::excessive_precision, reason = "values as TensorFlow prints them")]

use crate::common::draw;

use draw::{distance, rgb8, smooth};
use impasto::ErrorKind;
use impasto::picture::{Picture, Resize};

/// A picture that a line of NumPy can compute, too: `((i*37 + i*i % 101 * 5) % 256) / 255`.
fn ramp(width: usize, height: usize) -> Picture {
    let values = (0..width * height * 3).map(|i| ((i * 37 + i * i % 101 * 5) % 256) as f32 / 255.0).collect();
    Picture::from_rgb_f32([width, height], values).unwrap()
}

/// First nine and last six values and the sum of `tf.image.resize(ramp, (h, w))`, TensorFlow 2, float32.
#[test]
fn bilinear_is_tensorflows() {
    struct Case {
        from: (usize, usize),
        to: (usize, usize),
        head: [f32; 9],
        tail: [f32; 6],
        sum: f64,
    }
    let cases = [
        Case {
            from: (7, 5),
            to: (4, 3),
            head: [0.41879085, 0.57091498, 0.38807189, 0.51062095, 0.78267980, 0.60228759, 0.50718957, 0.40751630, 0.72581702],
            tail: [0.33333331, 0.34624183, 0.39150330, 0.63464051, 0.85114384, 0.35735294],
            sum: 19.112092,
        },
        Case {
            from: (4, 3),
            to: (9, 7),
            head: [0.00000000, 0.16470589, 0.36862746, 0.10196080, 0.28627452, 0.34248367, 0.37385625, 0.61045760, 0.27276689],
            tail: [0.28366011, 0.74640524, 0.41176480, 0.31372550, 0.79607844, 0.31372550],
            sum: 104.627733,
        },
        Case {
            from: (11, 13),
            to: (5, 4),
            head: [0.61284316, 0.54950982, 0.17401960, 0.84901965, 0.69107854, 0.57509816, 0.54901963, 0.65539217, 0.67549020],
            tail: [0.43803930, 0.63049006, 0.31000012, 0.22666666, 0.84401965, 0.58362746],
            sum: 29.976667,
        },
        Case {
            from: (6, 1),
            to: (2, 3),
            head: [0.61176473, 0.89411765, 0.21176471, 0.57647061, 0.20784314, 0.88235295, 0.61176473, 0.89411765, 0.21176471],
            tail: [0.61176473, 0.89411765, 0.21176471, 0.57647061, 0.20784314, 0.88235295],
            sum: 10.152941,
        },
    ];
    for case in cases {
        let picture = ramp(case.from.0, case.from.1).resize_bilinear_tf([case.to.0, case.to.1]).unwrap();
        let rgb = picture.rgb();
        assert_eq!((picture.width(), picture.height()), case.to);
        assert!(distance(&rgb[..9], &case.head) / 255.0 < 1e-6, "{:?}: {:?}", case.to, &rgb[..9]);
        assert!(distance(&rgb[rgb.len() - 6..], &case.tail) / 255.0 < 1e-6, "{:?}: {:?}", case.to, &rgb[rgb.len() - 6..]);
        let sum: f64 = rgb.iter().map(|&v| f64::from(v)).sum();
        assert!((sum - case.sum).abs() < 1e-5 * case.sum, "{:?}: {sum}", case.to);
    }
    assert_eq!(ramp(4, 3).resize_bilinear_tf([0, 3]).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// Fine black and white stripes: a photo keeps their light, and a network gets the mean of values that it was trained
/// on.
#[test]
fn linear_light_keeps_brightness() {
    let stripes = (0..64).flat_map(|_| (0..64).flat_map(|x| [(x % 2) as f32; 3])).collect();
    let stripes = Picture::from_rgb_f32([64, 64], stripes).unwrap();
    let middle = |resize: Resize| stripes.resized([8, 8], resize).unwrap().rgb()[(4 * 8 + 4) * 3];
    assert!((middle(Resize::PHOTO) - 0.7354).abs() < 0.02, "{}", middle(Resize::PHOTO));
    assert!((middle(Resize::NETWORK) - 0.5).abs() < 0.02, "{}", middle(Resize::NETWORK));
}

#[test]
fn flat_colours_stay_and_nothing_leaves_the_range() {
    for resize in [Resize::PHOTO, Resize::NETWORK] {
        for (w, h) in [(1, 1), (3, 50), (200, 1), (64, 64)] {
            let flat = Picture::from_rgb_f32([20, 30], [0.2, 0.5, 0.9].repeat(600)).unwrap();
            let resized = flat.resized([w, h], resize).unwrap();
            assert!(distance(resized.rgb(), &[0.2, 0.5, 0.9].repeat(w * h)) < 1e-2, "{w}×{h}");
            let busy = Picture::from_rgb8([20, 30], &rgb8(20, 30)).unwrap().resized([w, h], resize).unwrap();
            assert!(busy.rgb().iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}

#[test]
fn there_and_back() {
    let picture = smooth(60, 40);
    for resize in [Resize::PHOTO, Resize::NETWORK] {
        let back = picture.resized([120, 80], resize).unwrap().resized([60, 40], resize).unwrap();
        assert!(distance(picture.rgb(), back.rgb()) < 4.0, "{resize:?}: {}", distance(picture.rgb(), back.rgb()));
    }
    assert_eq!(picture.resized([60, 40], Resize::PHOTO).unwrap(), picture);
}

#[test]
fn sides_fit_and_squares_are_central() {
    let picture = Picture::from_rgb8([60, 41], &rgb8(60, 41)).unwrap().with_alpha(vec![0.5; 60 * 41]).unwrap();
    let size = |p: &Picture| (p.width(), p.height());
    let long = picture.fit_long_side(30, Resize::NETWORK).unwrap();
    assert_eq!(size(&long), (30, 21));
    assert_eq!(long.alpha().unwrap().len(), 30 * 21);
    assert_eq!(size(&picture.fit_short_side(82, Resize::PHOTO).unwrap()), (120, 82));
    let thin = Picture::from_rgb8([1, 5000], &rgb8(1, 5000)).unwrap();
    assert_eq!(size(&thin.fit_long_side(100, Resize::PHOTO).unwrap()), (1, 100));
    let square = picture.centre_square();
    assert_eq!((size(&square), square.alpha().unwrap().len()), ((41, 41), 41 * 41));
    assert_eq!(square.rgb()[..3], picture.rgb()[9 * 3..10 * 3]);
    for result in [picture.resized([0, 5], Resize::PHOTO), picture.fit_long_side(0, Resize::PHOTO)] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn a_painting_takes_its_originals_alpha() {
    let original = Picture::from_rgb8([4, 2], &rgb8(4, 2)).unwrap().with_alpha(vec![0.25; 8]).unwrap();
    let same = original.repainted([4, 2], vec![0.5; 24]).unwrap();
    assert_eq!(same.alpha(), original.alpha());
    let other = original.repainted([8, 4], vec![0.5; 96]).unwrap();
    assert!(other.alpha().unwrap().iter().all(|a| (a - 0.25).abs() < 1e-6));
    assert!(original.repainted([4, 2], vec![0.5; 23]).is_err());
}
