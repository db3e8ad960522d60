//! Plots the losses over the steps.

use std::sync::LazyLock;

use impasto::Picture;
use impasto::optimizer::{Losses, Step};
use impasto::picture::{EncodeOptions, Format};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontStyle;

use crate::failure::{Failure, Result};

const SIZE: (u32, u32) = (960, 540);
const FONT: &str = "sans-serif";

/// Name, color and points of a line.
type Series = (&'static str, RGBColor, Vec<(f64, f64)>);

/// Returns the plot as a PNG file.
pub(super) fn png(steps: &[Step]) -> Result<Vec<u8>> {
    let mut rgb = vec![0; (SIZE.0 * SIZE.1 * 3) as usize];
    draw(&BitMapBackend::with_buffer(&mut rgb, SIZE).into_drawing_area(), steps)?;
    let picture = Picture::from_rgb8([SIZE.0 as usize, SIZE.1 as usize], &rgb)?;
    Ok(picture.encode(Format::Png, &EncodeOptions::default())?.bytes)
}

/// Returns the plot as an SVG file.
pub(super) fn svg(steps: &[Step]) -> Result<String> {
    let mut text = String::new();
    draw(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area(), steps)?;
    Ok(text)
}

/// Draws a line for each loss, over a logarithmic axis, because they differ by powers of ten.
fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, steps: &[Step]) -> Result {
    static FONT_READY: LazyLock<bool> =
        LazyLock::new(|| plotters::style::register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    if !*FONT_READY {
        return Err(Failure::failed("the plot's font cannot be read"));
    }
    let named = |e: DrawingAreaErrorKind<B::ErrorType>| Failure::failed(format!("the plot cannot be drawn: {e}"));
    let series: [Series; 3] = [
        ("total", RGBColor(40, 40, 40), points(steps, |losses| losses.total)),
        ("content", RGBColor(0, 114, 178), points(steps, |losses| losses.content)),
        ("style", RGBColor(213, 94, 0), points(steps, |losses| losses.style)),
    ];
    let values = || series.iter().flat_map(|(_, _, points)| points).map(|(_, value)| *value);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::MIN_POSITIVE, f64::max));
    let least = if least.is_finite() { least } else { most / 10.0 };
    let first = steps.first().map_or(1.0, |step| step.done as f64);
    let last = steps.last().map_or(1.0, |step| step.done as f64).max(first + 1.0);
    area.fill(&WHITE).map_err(named)?;
    let mut chart = ChartBuilder::on(area)
        .caption("Losses", (FONT, 22))
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(first..last, (least * 0.9..most * 1.1).log_scale())
        .map_err(named)?;
    chart
        .configure_mesh()
        .x_desc("step")
        .label_style((FONT, 14))
        .light_line_style(RGBColor(240, 240, 240))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| if *y < 0.01 { format!("{y:.0e}") } else { format!("{y:.3}") })
        .draw()
        .map_err(named)?;
    for (name, colour, points) in series {
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))
            .map_err(named)?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    let legend = &mut chart.configure_series_labels();
    legend.label_font((FONT, 14)).background_style(WHITE.mix(0.8)).border_style(RGBColor(200, 200, 200)).draw().map_err(named)?;
    area.present().map_err(named)
}

fn points(steps: &[Step], value: impl Fn(&Losses) -> f64) -> Vec<(f64, f64)> {
    // Zero has no logarithm.
    steps.iter().map(|step| (step.done as f64, value(&step.losses).max(1e-9))).collect()
}
