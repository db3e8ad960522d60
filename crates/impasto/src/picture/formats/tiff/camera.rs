//! Distinguishes camera raw files, most of which are TIFF, from pictures.

const MAKE: u16 = 271;
const NEW_SUBFILE_TYPE: u16 = 254;
const PHOTOMETRIC: u16 = 262;
const SUB_IFDS: u16 = 330;
const DNG_VERSION: u16 = 50706;
/// Photometric interpretations of sensor data: color filter array, and linear raw.
const SENSOR: [u32; 2] = [32803, 34892];

/// Returns the kind of raw picture that a TIFF file is, if it is one. In most cameras' raw files, which are TIFF files,
/// the first picture is a thumbnail, and a TIFF reader would read that.
pub(in super::super) fn camera(bytes: &[u8]) -> Option<&'static str> {
    if bytes.get(8..10) == Some(b"CR") {
        return Some("a Canon raw picture (CR2)");
    }
    let little = bytes.starts_with(b"II");
    let short = |at: usize| {
        let word = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(word) } else { u16::from_be_bytes(word) })
    };
    let long = |at: usize| {
        let word = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
    };
    // BigTIFF has another header, which no camera writes.
    if short(2)? != 42 {
        return None;
    }
    let folder = long(4)? as usize;
    let entries = usize::from(short(folder)?);
    let place = |tag: u16| (0..entries).map(|i| folder + 2 + i * 12).find(|&at| short(at) == Some(tag));
    // A value that is one short is in the first half of its field.
    let value =
        |tag: u16| place(tag).and_then(|at| if short(at + 2)? == 3 { short(at + 8).map(u32::from) } else { long(at + 8) });
    let sensor = value(PHOTOMETRIC).is_some_and(|photometric| SENSOR.contains(&photometric));
    let thumbnail = value(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    let has_others = place(SUB_IFDS).is_some();
    if place(DNG_VERSION).is_some() && (sensor || has_others) {
        return Some("a raw picture (DNG)");
    }
    if !(sensor || thumbnail && has_others) {
        return None;
    }
    let make = value(MAKE).and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
    let makers: [(&[u8], &str); 4] = [
        (b"NIKON", "a Nikon raw picture (NEF)"),
        (b"SONY", "a Sony raw picture (ARW)"),
        (b"PENTAX", "a Pentax raw picture (PEF)"),
        (b"SAMSUNG", "a Samsung raw picture (SRW)"),
    ];
    let maker = makers.iter().find(|(name, _)| make.starts_with(name));
    Some(maker.map_or("the raw data of a camera", |(_, what)| what))
}

#[cfg(test)]
mod tests {
    use super::{DNG_VERSION, MAKE, NEW_SUBFILE_TYPE, PHOTOMETRIC, SUB_IFDS};
    use crate::picture::Format;

    fn said(bytes: &[u8]) -> String {
        Format::of(bytes).unwrap_err().to_string()
    }

    /// Builds a TIFF file's header and first directory, followed by a camera's maker.
    fn tiff(little: bool, entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut bytes = if little { b"II".to_vec() } else { b"MM".to_vec() };
        bytes.extend(short(42));
        bytes.extend(long(8));
        bytes.extend(short(entries.len() as u16 + 1));
        let end = 8 + 2 + 12 * (entries.len() as u32 + 1) + 4;
        for &(tag, kind, value) in entries.iter().chain([&(MAKE, 2, end)]) {
            bytes.extend([short(tag), short(kind)].concat());
            bytes.extend(long(1));
            if kind == 3 { bytes.extend([short(value as u16), short(0)].concat()) } else { bytes.extend(long(value)) }
        }
        bytes.extend(long(0));
        bytes.extend(b"NIKON CORPORATION\0");
        bytes
    }

    #[test]
    fn raw_pictures_are_told_from_tiff() {
        for little in [true, false] {
            let thumbnail = [(NEW_SUBFILE_TYPE, 4, 1), (PHOTOMETRIC, 3, 2), (SUB_IFDS, 4, 500)];
            let text = said(&tiff(little, &thumbnail));
            assert!(text.contains("a Nikon raw picture (NEF)") && text.contains("darktable"), "{text}");
            assert!(said(&tiff(little, &[&thumbnail[..], &[(DNG_VERSION, 1, 1)]].concat())).contains("(DNG)"));
            assert!(said(&tiff(little, &[(PHOTOMETRIC, 3, 32803)])).contains("Nikon"));
            // A scan, and one with smaller versions of itself.
            for whole in [&[(PHOTOMETRIC, 3, 2)][..], &[(NEW_SUBFILE_TYPE, 4, 0), (PHOTOMETRIC, 3, 2), (SUB_IFDS, 4, 500)]] {
                assert_eq!(Format::of(&tiff(little, whole)).unwrap(), Format::Tiff);
            }
            // A file that is cut off counts as TIFF, and the decoder decides.
            let bytes = tiff(little, &thumbnail);
            for cut in 4..bytes.len() {
                let _ = Format::of(&bytes[..cut]);
            }
        }
    }
}
