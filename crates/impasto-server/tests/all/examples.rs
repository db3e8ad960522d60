//! The guide's examples, run as written.

use crate::common;
use std::io::Write as _;

use std::process::Command;

use crate::films::draw;
use common::{Running, file, png};
use impasto::picture::Format;
use impasto_film::Tools;
use impasto_server::Ffmpeg;

#[test]
fn the_guides_examples_work() {
    if Command::new("curl").arg("--version").output().is_err() {
        let _ = writeln!(std::io::stderr(), "skipped: the guide's examples (curl is not installed)");
        return;
    }
    let guide = include_str!("../../../../docs/guide/serve.md");
    let ffmpeg = Tools::find(None).ok();
    let films = ffmpeg.is_some();
    let server = Running::start(|options| options.ffmpeg = ffmpeg.map_or(Ffmpeg::Without, Ffmpeg::Given));
    let folder = tempfile::tempdir().unwrap();
    if films {
        let sources = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 -c:v libx264 -pix_fmt yuv420p";
        draw(folder.path(), sources, "film.mp4");
    }
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("photo.jpg", &file(96, 64, Format::Jpeg));
    write("painting.jpg", &file(80, 80, Format::Jpeg));
    write("sky.png", &png(48, 32));
    let blocks: Vec<&str> = guide.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    let examples: Vec<&&str> = blocks.iter().filter(|block| block.contains("curl")).collect();
    assert!(examples.len() >= 4, "{} examples", examples.len());
    for example in examples.into_iter().filter(|example| films || !example.contains("film.mp4")) {
        let script =
            example.replace("http://127.0.0.1:8300", &format!("http://{}", server.address)).replace("curl ", "curl -sS --fail ");
        let output = Command::new("sh").args(["-euc", &script]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    for name in ["out.jpg", "mixed.jpg", "later.jpg", "optimized.jpg", "preview.jpg"] {
        let picture = impasto::Picture::open(folder.path().join(name), &impasto::picture::Limits::default()).unwrap();
        assert!(picture.width() > 0, "{name}");
    }
}
