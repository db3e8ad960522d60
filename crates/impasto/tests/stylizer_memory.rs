//! Memory: a run stays within the amount announced before it, and usage does not grow from picture to picture.
//!
//! There is only one test in this file, because the allocator counts for the whole process.

mod common;

use common::tiny;
use impasto::Stylizer;
use impasto::networks::magenta::Border;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn memory_is_as_promised() {
    let before = MEMORY.current_usage();
    let stylizer = Stylizer::builder().threads(2).build(tiny::model(Border::Reflect, 1)).unwrap();
    // The engine keeps one copy of the weights; the model's own arrays are gone.
    let ready = MEMORY.current_usage() - before;
    let parameters = stylizer.model().predictor.as_ref().unwrap().parameters + stylizer.model().transformer.parameters;
    assert!((ready as u64) < parameters * 4 * 3 / 2, "{ready} bytes for {parameters} parameters");

    let style = stylizer.style(&tiny::swirls(64, 64)).unwrap();
    for [width, height] in [[200, 100], [403, 305], [640, 480], [801, 600]] {
        let content = tiny::landscape(width, height);
        let own = MEMORY.current_usage() - before - content.rgb().len() * 4;
        MEMORY.reset_peak_usage();
        let painted = stylizer.stylize(&content, &style).unwrap();
        let peak = (MEMORY.peak_usage() - before - content.rgb().len() * 4) as u64;
        let promised = stylizer.peak_memory([width, height]).unwrap();
        println!("{width}×{height}: {own} before, {peak} at most, {promised} promised");
        assert!(peak <= promised, "{width}×{height}: {peak} bytes, promised {promised}");
        assert!(peak * 2 > promised, "{width}×{height}: {peak} bytes, but {promised} promised: of no use");
        assert_eq!(painted.width(), width);
    }
    stylizer.engine().release_memory();
    assert!(MEMORY.current_usage() - before < ready * 2, "memory that was given back is still there");
}
