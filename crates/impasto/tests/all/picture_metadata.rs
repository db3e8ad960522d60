//! Copying Exif, XMP, IPTC, resolution and settings from one file to the next.

use crate::common::draw;
use crate::common::metadata;

use draw::{decode, smooth};
use impasto::Picture;
use impasto::picture::{EncodeOptions, Format, Limits, Source, Writer};
use metadata::{NOTE, THUMBNAIL, exif, iptc, xmp};

const FORMATS: [Format; 4] = [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff];

/// A picture with the metadata of a camera and an editor.
fn picture(little: bool) -> Picture {
    let mut picture = smooth(40, 30);
    let source = picture.source_mut();
    (source.exif, source.xmp, source.iptc) = (Some(exif(little)), Some(xmp()), Some(iptc()));
    source.orientation = 6;
    picture
}

/// Writes the picture to a file of this format and reads it again, so that its source is such a file. Also returns the
/// warnings.
fn through(picture: &Picture, format: Format) -> (Picture, Vec<String>) {
    let encoded = picture.encode(format, &EncodeOptions::default()).unwrap();
    (decode(&encoded.bytes), encoded.warnings)
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn metadata_goes_from_every_format_to_every_other() {
    for little in [true, false] {
        for first in FORMATS {
            let (one, _) = through(&picture(little), first);
            for second in FORMATS {
                let name = format!("{first} to {second}, little-endian {little}");
                let (two, warnings) = through(&one, second);
                let source = two.source();
                let exif = source.exif.as_ref().unwrap_or_else(|| panic!("{name}: no Exif"));
                for part in [&b"Impasto Works\0"[..], b"Somebody\0", b"2024:05:06 07:08:09\0"] {
                    assert!(has(exif, part), "{name} lacks {}", part.escape_ascii());
                }
                assert!(!has(exif, &THUMBNAIL[2..20]), "{name} has the thumbnail");
                assert_eq!(source.orientation, 1, "{name}");
                let density = source.density.unwrap_or_else(|| panic!("{name}: no resolution"));
                assert!((density.x - 300.0).abs() < 0.02 && (density.y - 300.0).abs() < 0.02, "{name}: {density:?}");
                let packet = String::from_utf8(source.xmp.clone().unwrap()).unwrap();
                assert!(packet.contains("Harbour &amp; sea") && packet.contains("Rating=\"4\""), "{name}: {packet}");
                for stale in ["Orientation", ">999<", "OLD", "hdrgm:Version"] {
                    assert!(!packet.contains(stale), "{name} says {stale}: {packet}");
                }
                let lost = first == Format::WebP || second == Format::WebP;
                assert_eq!(source.iptc, (!lost).then(iptc), "{name}");
                assert_eq!(warnings.len(), usize::from(second == Format::WebP && first != Format::WebP), "{name}: {warnings:?}");
            }
        }
    }
}

/// The block is changed in place, so that the data that a maker note refers to stays at its offset. In TIFF files, the
/// block is the beginning of the file.
#[test]
fn makers_notes_stay_where_they_are() {
    for little in [true, false] {
        let before = exif(little);
        let at = before.windows(NOTE.len()).position(|window| window == NOTE).unwrap();
        for format in [Format::Jpeg, Format::Png, Format::WebP] {
            let (picture, _) = through(&picture(little), format);
            let after = picture.source().exif.clone().unwrap();
            assert_eq!(&after[at..at + NOTE.len()], NOTE, "{format}");
        }
        let tiff = picture(little).encode(Format::Tiff, &EncodeOptions::default()).unwrap().bytes;
        assert_eq!(&tiff[at..at + NOTE.len()], NOTE);
        assert_eq!(tiff[0], before[0]);
    }
}

#[test]
fn strip_leaves_nothing() {
    let mut picture = picture(true);
    picture.source_mut().settings = Some("secret".into());
    for format in FORMATS {
        let bytes = picture.encode(format, &EncodeOptions::default().strip(true)).unwrap().bytes;
        for part in [&b"Impasto"[..], b"Harbour", b"boats", b"secret", b"Somebody"] {
            assert!(!has(&bytes, part), "{format} has {}", part.escape_ascii());
        }
        let Source { exif, xmp, iptc, density, .. } = decode(&bytes).source().clone();
        assert!(xmp.is_none() && iptc.is_none() && density.is_none(), "{format}");
        // A TIFF file's own resolution tags are read as an Exif block.
        assert!(exif.is_none_or(|exif| format == Format::Tiff && exif.len() < 100), "{format}");
    }
}

#[test]
fn settings_are_recorded_once_and_not_inherited() {
    let text = r#"{"a":"<b> & 'c' "d" ü","n":1}"#;
    for format in FORMATS {
        for mut picture in [smooth(20, 10), picture(false)] {
            picture.source_mut().settings = Some("first".into());
            let (one, _) = through(&picture, format);
            assert_eq!(one.source().recorded_settings().as_deref(), Some("first"), "{format}");
            assert_eq!(one.source().settings, None);
            // A picture made from that one has no settings, or its own.
            let (silent, _) = through(&one, format);
            assert_eq!(silent.source().recorded_settings(), None, "{format}");
            let mut again = one.clone();
            again.source_mut().settings = Some(text.into());
            let (two, _) = through(&again, format);
            assert_eq!(two.source().recorded_settings().as_deref(), Some(text), "{format}");
            let packet = String::from_utf8(two.source().xmp.clone().unwrap()).unwrap();
            assert_eq!(packet.matches("<xmp:CreatorTool>").count(), 1, "{packet}");
        }
    }
    // As an attribute, which is how other programs write them.
    let mut source = Source::default();
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
                  xmlns:i='https://impasto-rs.github.io/ns/1.0/' i:Settings='a &lt; &quot;b&quot;'/></rdf:RDF></x:xmpmeta>";
    source.xmp = Some(packet.into());
    assert_eq!(source.recorded_settings().as_deref(), Some("a < \"b\""));
}

/// Beside an attribute that is left out, the others are written again, with other quotes.
#[test]
fn quotes_in_attributes_stay_quotes() {
    let mut picture = smooth(20, 10);
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
                  rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' \
                  xmp:CreatorTool='x' photoshop:Headline='The \"big\" one'/></rdf:RDF></x:xmpmeta>";
    picture.source_mut().xmp = Some(packet.into());
    picture.source_mut().settings = Some("text".into());
    for format in FORMATS {
        let (written, _) = through(&picture, format);
        let packet = String::from_utf8(written.source().xmp.clone().unwrap()).unwrap();
        assert!(packet.contains("\"The &quot;big&quot; one\""), "{format}: {packet}");
        assert_eq!(written.source().recorded_settings().as_deref(), Some("text"), "{format}");
    }
}

#[test]
fn rows_as_they_come_make_the_same_file() {
    let mut picture = picture(false);
    picture.source_mut().settings = Some("text".into());
    picture.source_mut().icc = Some(moxcms::ColorProfile::new_display_p3().encode().unwrap());
    for format in FORMATS {
        let expected = picture.encode(format, &EncodeOptions::default()).unwrap();
        for rows in [1, 7, 30] {
            let options = EncodeOptions::default();
            let mut writer = Writer::new(None, format, &options, [40, 30], (picture.source(), false)).unwrap();
            assert_eq!(writer.warnings(), expected.warnings);
            picture.rgb().chunks(rows * 40 * 3).try_for_each(|rgb| writer.write(rgb, None)).unwrap();
            let mut found = Vec::new();
            writer.finish_to(&mut found).unwrap();
            assert!(found == expected.bytes, "{format}, {rows} rows");
        }
    }
}

/// Whatever is wrong with the metadata, the picture is written.
#[test]
fn damaged_metadata_costs_a_warning_not_the_picture() {
    let (exif, xmp) = (exif(true), xmp());
    let mut picture = smooth(8, 8);
    let mut number = 1u32;
    let mut random = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (number >> 8) as usize
    };
    for round in 0..3000 {
        let (mut exif, mut xmp, mut iptc) = (exif.clone(), xmp.clone(), iptc());
        match round % 3 {
            0 => exif.truncate(random() % exif.len()),
            1 => xmp.truncate(random() % xmp.len()),
            _ => iptc.truncate(random() % iptc.len()),
        }
        for bytes in [&mut exif, &mut xmp, &mut iptc] {
            for _ in 0..random() % 4 {
                let at = random() % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random() as u8;
                }
            }
        }
        let source = picture.source_mut();
        (source.exif, source.xmp, source.iptc) = (Some(exif), Some(xmp), Some(iptc));
        source.settings = (round % 2 == 0).then(|| "text".into());
        let format = FORMATS[round % 4];
        let (back, warnings) = through(&picture, format);
        assert!(warnings.iter().all(|warning| !warning.contains('\n')), "{warnings:?}");
        assert_eq!(back.source().recorded_settings().is_some(), round % 2 == 0, "{format} in round {round}: {warnings:?}");
    }
}

#[test]
fn what_a_jpeg_cannot_hold_is_said() {
    let mut picture = picture(true);
    let large = |part: &str| {
        format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><!--{part}--></rdf:RDF></x:xmpmeta>"
        )
    };
    picture.source_mut().xmp = Some(large(&"x".repeat(70_000)).into());
    picture.source_mut().iptc = Some([0x1c; 70_000].to_vec());
    picture.source_mut().exif.as_mut().unwrap().extend([0; 70_000]);
    picture.source_mut().settings = Some("text".into());
    let (back, warnings) = through(&picture, Format::Jpeg);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.contains("64 KiB")));
    assert_eq!(back.source().recorded_settings().as_deref(), Some("text"));
    let (back, warnings) = through(&picture, Format::Png);
    assert!(warnings.is_empty() && back.source().exif.as_ref().is_some_and(|exif| exif.len() > 70_000));
}

#[test]
fn a_resolution_in_the_jfif_header_alone_is_kept_by_every_format() {
    let picture = Picture::open(draw::data("jfif-300dpi.jpg"), &Limits::default()).unwrap();
    assert!(picture.source().exif.is_none(), "the file shall have nothing but its JFIF header");
    for format in FORMATS {
        // WebP can only hold a resolution in Exif, which this file lacks.
        if format == Format::WebP {
            continue;
        }
        let bytes = picture.encode(format, &EncodeOptions::default()).unwrap().bytes;
        let again = Picture::decode(&bytes, &Limits::default()).unwrap();
        let density = again.source().density.unwrap_or_else(|| panic!("{format}: no resolution"));
        assert!((density.x - 300.0).abs() < 0.1 && (density.y - 300.0).abs() < 0.1, "{format}: {density:?}");
    }
}
