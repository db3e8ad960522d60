//! Small geometry: points, smooth steps, distances.

pub(crate) type Point = [f32; 2];

/// Returns 0 below `from`, 1 above `to`, and a smooth step between them. `from` may be above `to`.
pub(crate) fn step(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Returns how much of a pixel is inside a shape. `distance` is how far the pixel's center is outside
/// the shape's edge, in the unit of `pixel`.
pub(crate) fn cover(distance: f32, pixel: f32) -> f32 {
    (0.5 - distance / pixel).clamp(0.0, 1.0)
}

pub(crate) fn distance(a: Point, b: Point) -> f32 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
}

pub(crate) fn turned(p: Point, angle: f32) -> Point {
    let (sin, cos) = angle.sin_cos();
    [p[0] * cos - p[1] * sin, p[0] * sin + p[1] * cos]
}

/// Returns 1 at whole numbers, falling to 0 at halves in straight lines.
pub(crate) fn triangle(x: f32) -> f32 {
    (2.0 * (x - x.floor()) - 1.0).abs()
}

/// Follows a field of angles from a point in both directions, over `length` in all.
pub(crate) fn trace(from: Point, length: f32, pace: f32, angle: impl Fn(f32, f32) -> f32) -> Vec<Point> {
    let steps = (length / pace * 0.5).clamp(1.0, 400.0) as usize;
    let walk = |forward: f32| {
        let mut at = from;
        let mut heading: Option<Point> = None;
        (0..steps)
            .map(|_| {
                let (sin, cos) = angle(at[0], at[1]).sin_cos();
                // If an angle is that of an undirected line, it may jump by half a turn. The walk does not.
                let mut to = [cos * forward, sin * forward];
                if heading.is_some_and(|h| h[0] * to[0] + h[1] * to[1] < 0.0) {
                    to = [-to[0], -to[1]];
                }
                heading = Some(to);
                at = [at[0] + to[0] * pace, at[1] + to[1] * pace];
                at
            })
            .collect::<Vec<_>>()
    };
    let mut path = walk(-1.0);
    path.reverse();
    path.push(from);
    path.extend(walk(1.0));
    path
}

/// Returns points along a closed outline around `centre`. `radius` is a function of the angle.
pub(crate) fn outline(centre: Point, corners: usize, radius: impl FnMut(f32) -> f32) -> Vec<Point> {
    let mut radius = radius;
    (0..corners)
        .map(|i| {
            let angle = i as f32 / corners as f32 * std::f32::consts::TAU;
            let r = radius(angle);
            [centre[0] + r * angle.cos(), centre[1] + r * angle.sin()]
        })
        .collect()
}
