//! What files keep, checked with other programs: exiftool and ImageMagick, if they are installed.

use crate::common;
use std::io::Write as _;
#[path = "../../../impasto/tests/common/metadata.rs"]
mod metadata;

use std::path::Path;
use std::process::Command;

use common::{Workshop, gradient, open, stderr};
use impasto::Picture;
use impasto::picture::{Depth, EncodeOptions, SaveOptions};
use moxcms::ColorProfile;

const OUTS: [&str; 4] = ["out.jpg", "out.png", "out.webp", "out.tif"];

/// Returns what another program prints on standard output. If it is not installed, prints that, and returns nothing.
fn tool(program: &str, folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = match Command::new(program).args(arguments).current_dir(folder).output() {
        Ok(output) => output,
        Err(_) => {
            let _ = writeln!(std::io::stderr(), "skipped: no {program}");
            return None;
        }
    };
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// Returns whether ImageMagick is installed; if not, prints that. Other programs are called `convert`, too.
fn has_image_magick() -> bool {
    let told = Command::new("convert").arg("-version").output();
    let there = told.is_ok_and(|output| output.stdout.starts_with(b"Version: ImageMagick"));
    if !there {
        let _ = writeln!(std::io::stderr(), "skipped: no ImageMagick");
    }
    there
}

/// Returns all tags that exiftool finds, by group and name.
fn tags(workshop: &Workshop, name: &str) -> Option<serde_json::Value> {
    let said = tool("exiftool", workshop.folder.path(), &["-j", "-G1", "-a", "-n", name])?;
    let mut files: serde_json::Value = serde_json::from_slice(&said).unwrap();
    Some(files[0].take())
}

/// Paints `content` to `out` with the model that paints in bands.
fn stylize(workshop: &Workshop, content: &str, out: &str, more: &[&str]) -> String {
    let arguments = ["stylize", content, "-s", "style.png", "--model", "native.safetensors", "--force", "-o", out];
    let output = workshop.run(&[&arguments[..], more].concat());
    assert!(output.status.success(), "{content} to {out} {more:?}: {}", stderr(&output));
    stderr(&output)
}

/// Makes a content like a camera's in each format. exiftool writes the tags.
fn contents(workshop: &Workshop) -> Option<Vec<&'static str>> {
    let names = vec!["photo.jpg", "photo.png", "photo.webp", "photo.tif"];
    for name in &names {
        let picture = gradient(60, 40);
        workshop.save(name, &picture);
        let mut arguments = vec![
            "-overwrite_original",
            "-n",
            "-EXIF:Artist=Somebody",
            "-EXIF:Make=Impasto Works",
            "-EXIF:Orientation=6",
            "-EXIF:XResolution=300",
            "-EXIF:YResolution=300",
            "-EXIF:ResolutionUnit=2",
            "-EXIF:DateTimeOriginal=2024:05:06 07:08:09",
            "-EXIF:FNumber=5.6",
            "-EXIF:ExifImageWidth=60",
            "-EXIF:ExifImageHeight=40",
            "-EXIF:GPSLatitude=47.5",
            "-EXIF:GPSLatitudeRef=N",
            "-XMP-dc:Title=Harbour",
            "-XMP-tiff:Orientation=6",
        ];
        match *name {
            "photo.jpg" => arguments.extend([
                "-IPTC:Keywords=boats",
                "-JFIF:XResolution=300",
                "-JFIF:YResolution=300",
                "-JFIF:ResolutionUnit=1",
            ]),
            "photo.tif" => arguments.push("-IPTC:Keywords=boats"),
            "photo.png" => {
                arguments.extend(["-PNG-pHYs:PixelsPerUnitX=11811", "-PNG-pHYs:PixelsPerUnitY=11811", "-PNG-pHYs:PixelUnits=1"])
            }
            _ => {}
        }
        arguments.push(name);
        tool("exiftool", workshop.folder.path(), &arguments)?;
    }
    Some(names)
}

#[test]
fn metadata_of_every_format_is_in_every_other() {
    let workshop = Workshop::with_native();
    let Some(contents) = contents(&workshop) else { return };
    let mut wrong = Vec::new();
    for content in &contents {
        let keywords = content.ends_with("jpg") || content.ends_with("tif");
        for out in OUTS {
            let said = stylize(&workshop, content, out, &[]);
            let found = tags(&workshop, out).unwrap();
            // It is turned upright, so width and height are swapped.
            let mut expected = vec![
                ("IFD0:Artist", "Somebody".into()),
                ("IFD0:Make", "Impasto Works".into()),
                ("IFD0:Orientation", 1.into()),
                ("IFD0:XResolution", 300.into()),
                ("ExifIFD:DateTimeOriginal", "2024:05:06 07:08:09".into()),
                ("ExifIFD:FNumber", 5.6.into()),
                ("ExifIFD:ExifImageWidth", 40.into()),
                ("ExifIFD:ExifImageHeight", 60.into()),
                ("GPS:GPSLatitude", 47.5.into()),
                ("XMP-dc:Title", "Harbour".into()),
                ("IFD0:Software", serde_json::Value::from(concat!("Impasto ", env!("CARGO_PKG_VERSION")))),
                ("XMP-tiff:Orientation", serde_json::Value::Null),
            ];
            if keywords && out != "out.webp" {
                expected.push(("IPTC:Keywords", "boats".into()));
            }
            match out {
                "out.jpg" => expected.push(("JFIF:XResolution", 300.into())),
                "out.png" => expected.push(("PNG-pHYs:PixelsPerUnitX", 11811.into())),
                _ => {}
            }
            wrong.extend(
                expected
                    .iter()
                    .filter(|(name, value)| found[name] != *value)
                    .map(|(name, value)| format!("{content} to {out}: {name} is {} instead of {value}", found[name])),
            );
            let lost = keywords && out == "out.webp";
            if said.contains("IPTC") != lost || !lost && !said.is_empty() {
                wrong.push(format!("{content} to {out}: it said {said:?}"));
            }
            for (name, value) in found.as_object().unwrap() {
                if name.ends_with(":Warning") || name.ends_with(":Error") || name.contains("Thumbnail") {
                    wrong.push(format!("{content} to {out}: {name}: {value}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn strip_leaves_what_pixels_need() {
    let workshop = Workshop::with_native();
    let Some(contents) = contents(&workshop) else { return };
    for content in contents {
        for out in OUTS {
            stylize(&workshop, content, out, &["--strip"]);
            let found = tags(&workshop, out).unwrap();
            let personal = ["GPS", "XMP", "IPTC", "Exif", "Artist", "Make", "Software"];
            let left: Vec<_> =
                found.as_object().unwrap().keys().filter(|name| personal.iter().any(|p| name.contains(p))).collect();
            // exiftool's own version, and the byte order that every TIFF file has.
            let of_its_own = ["ExifTool:ExifToolVersion", "File:ExifByteOrder"];
            let left: Vec<_> = left.into_iter().filter(|name| !of_its_own.contains(&name.as_str())).collect();
            assert!(left.is_empty(), "{content} to {out}: {left:?}");
        }
    }
}

/// Returns a profile whose length is a multiple of 4, which libpng requires.
fn icc(profile: &ColorProfile) -> Vec<u8> {
    let mut icc = profile.encode().unwrap();
    icc.resize(icc.len().next_multiple_of(4), 0);
    let len = (icc.len() as u32).to_be_bytes();
    icc[..4].copy_from_slice(&len);
    icc
}

/// ImageMagick's color engine turns a result in Display P3 into the result in sRGB.
#[test]
fn another_colour_engine_sees_the_same() {
    if !has_image_magick() {
        return;
    }
    let workshop = Workshop::with_native();
    let mut content = gradient(80, 60);
    content.source_mut().icc = Some(icc(&ColorProfile::new_display_p3()));
    let deep = SaveOptions::default().encode(EncodeOptions::default().depth(Depth::Sixteen));
    content.save(workshop.path("wide.png"), &deep).unwrap();
    workshop.write("srgb.icc", &icc(&ColorProfile::new_srgb()));
    // At 8 bits, a step of Display P3 is several steps of sRGB in dark, saturated colors, but not on average.
    for (out, plain, most, mean) in
        [("kept.png", "plain.png", 0.5, 0.1), ("kept.tif", "plain.tif", 0.5, 0.1), ("kept.webp", "plain.webp", 16.0, 0.7)]
    {
        stylize(&workshop, "wide.png", out, &[]);
        stylize(&workshop, "wide.png", plain, &["--profile", "srgb"]);
        let arguments = [out, "-intent", "relative", "-profile", "srgb.icc", "-depth", "16", "-strip", "seen.png"];
        if tool("convert", workshop.folder.path(), &arguments).is_none() {
            return;
        }
        let (seen, plain) = (open(workshop.path("seen.png")), open(workshop.path(plain)));
        assert!(plain.source().icc.is_none() && open(workshop.path(out)).source().icc.is_some());
        let steps: Vec<f32> = seen.rgb().iter().zip(plain.rgb()).map(|(a, b)| (a - b).abs() * 255.0).collect();
        let (worst, sum) = steps.iter().fold((0f32, 0f32), |(worst, sum), &v| (worst.max(v), sum + v));
        assert!(
            worst < most && sum / (steps.len() as f32) < mean,
            "{out}: {worst} steps of 8 bits, {} in the mean",
            sum / steps.len() as f32
        );
    }
}

/// Checks depth, transparency and resolution as ImageMagick reads them, and the samples themselves.
#[test]
fn another_reader_finds_depth_and_transparency() {
    if !has_image_magick() {
        return;
    }
    let workshop = Workshop::with_native();
    for (deep, clear) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut content = gradient(70, 50);
        if clear {
            content = content.with_alpha((0..70 * 50).map(|i| (i % 251) as f32 / 250.0).collect()).unwrap();
        }
        content.source_mut().density = None;
        let depth = if deep { Depth::Sixteen } else { Depth::Eight };
        content
            .save(workshop.path("in.png"), &SaveOptions::default().encode(EncodeOptions::default().depth(depth)).overwrite(true))
            .unwrap();
        for out in ["out.png", "out.tif", "out.webp"] {
            stylize(&workshop, "in.png", out, &[]);
            let Some(said) = tool("identify", workshop.folder.path(), &["-format", "%w %h %z %A", out]) else { return };
            let said = String::from_utf8(said).unwrap();
            let bits = if deep && out != "out.webp" { 16 } else { 8 };
            assert!(said.starts_with(&format!("70 50 {bits} ")), "{out}: {said}");
            let has_alpha = !said.ends_with("False") && !said.ends_with("Undefined");
            assert_eq!(has_alpha, clear, "{out}: {said}");
            // The other reader gets the same samples.
            let samples = tool("convert", workshop.folder.path(), &[out, "-depth", "16", "rgba:-"]).unwrap();
            let theirs =
                samples.as_chunks::<2>().0.iter().map(|b| f32::from(u16::from_le_bytes(*b)) / 65535.0).collect::<Vec<_>>();
            let ours = open(workshop.path(out));
            let alpha = |i: usize| ours.alpha().map_or(1.0, |alpha| alpha[i]);
            for (i, pixel) in theirs.as_chunks::<4>().0.iter().enumerate() {
                assert!((pixel[3] - alpha(i)).abs() < 1e-4, "{out} at {i}");
                let colour = &ours.rgb()[i * 3..i * 3 + 3];
                assert!(
                    alpha(i) == 0.0 || colour.iter().zip(pixel).all(|(a, b)| (a - b).abs() < 1e-4),
                    "{out} at {i}: {colour:?} {pixel:?}"
                );
            }
        }
    }
}

/// A smooth content of 16 bits becomes a painting with more levels than 8 bits have, in bands and in one piece.
#[test]
fn floats_reach_the_file_and_nothing_bands() {
    let workshop = Workshop::with_native();
    let (width, height) = (640, 96);
    let ramp = |i: usize| 0.25 + 0.05 * (i % width) as f32 / width as f32;
    let content = Picture::from_rgb_f32([width, height], (0..width * height).flat_map(|i| [ramp(i); 3]).collect()).unwrap();
    let deep = SaveOptions::default().encode(EncodeOptions::default().depth(Depth::Sixteen));
    content.save(workshop.path("ramp.png"), &deep).unwrap();
    let levels = |name: &str| {
        let picture = open(workshop.path(name));
        let mut samples = picture.to_rgb16().unwrap();
        samples.sort_unstable();
        samples.dedup();
        (picture.source().bit_depth, samples.len())
    };
    for (out, more) in
        [("a.png", &[][..]), ("a.tif", &[]), ("b.png", &["--figure", "figure.png"]), ("b.tif", &["--figure", "figure.tif"])]
    {
        stylize(&workshop, "ramp.png", out, more);
        let (bits, count) = levels(out);
        assert!(bits == 16 && count > 1000, "{out}: {count} levels of {bits} bits");
        stylize(&workshop, "ramp.png", out, &[more, &["--depth", "8"]].concat());
        let (bits, fewer) = levels(out);
        assert!(bits == 8 && fewer <= 256, "{out}: {fewer} levels of {bits} bits");
    }
    // An 8-bit content becomes a result of 16 bits on request.
    stylize(&workshop, "content.png", "c.tif", &["--depth", "16"]);
    assert_eq!(levels("c.tif").0, 16);
    let refused = workshop.run(&[
        "stylize",
        "content.png",
        "-s",
        "style.png",
        "--model",
        "native.safetensors",
        "-o",
        "c.jpg",
        "--depth",
        "16",
    ]);
    assert_eq!(common::complaints(&refused, 1, &["JPEG holds 8 bits"]), [""; 0]);
}
