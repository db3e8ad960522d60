//! IPTC records (IIM), and the Adobe resource blocks that contain them in JPEG.

/// Every resource starts with this.
const SIGNATURE: &[u8] = b"8BIM";
/// The id of the resource with IPTC records.
const IPTC: u16 = 0x0404;

/// Returns the records in the resources of a JPEG's APP13 segment (after its name) or of a TIFF tag. `None` if there
/// are no records, or if they are cut off.
pub(in super::super) fn of_resources(resources: &[u8]) -> Option<Vec<u8>> {
    let mut rest = resources;
    loop {
        rest = rest.strip_prefix(SIGNATURE)?;
        let (id, after) = rest.split_first_chunk::<2>()?;
        // A name with its length in front, padded to an even number of bytes in total.
        let name = (usize::from(*after.first()?) + 1).next_multiple_of(2);
        let (len, data) = after.get(name..)?.split_first_chunk::<4>()?;
        let len = u32::from_be_bytes(*len) as usize;
        if u16::from_be_bytes(*id) == IPTC {
            return data.get(..len).filter(|records| !records.is_empty()).map(<[u8]>::to_vec);
        }
        rest = data.get(len.checked_next_multiple_of(2)?..)?;
    }
}

/// Returns the records as the only resource.
pub(in super::super) fn to_resources(records: &[u8]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend(IPTC.to_be_bytes());
    // No name.
    bytes.extend([0, 0]);
    bytes.extend((records.len() as u32).to_be_bytes());
    bytes.extend(records);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// Returns the text of a PNG chunk `Raw profile type iptc`, which ImageMagick introduced and other programs read: a
/// name, the number of bytes, and the bytes in hexadecimal.
pub(in super::super) fn to_raw_profile(records: &[u8]) -> String {
    let resources = to_resources(records);
    let mut text = format!("\niptc\n{:8}\n", resources.len());
    for line in resources.chunks(36) {
        text.extend(line.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)));
        text.push('\n');
    }
    text
}

/// Returns the bytes of a `Raw profile type …` text.
pub(in super::super) fn of_raw_profile(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.trim_start().splitn(3, '\n');
    lines.next()?;
    let len: usize = lines.next()?.trim().parse().ok()?;
    let digits: Vec<u8> = lines.next()?.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|d| d as u8);
    let bytes: Option<Vec<u8>> = digits.as_chunks::<2>().0.iter().map(|&[a, b]| Some(digit(a)? << 4 | digit(b)?)).collect();
    bytes.filter(|bytes| bytes.len() == len)
}

#[cfg(test)]
mod tests {
    use super::{of_raw_profile, of_resources, to_raw_profile, to_resources};

    #[test]
    fn records_come_back() {
        for records in [&b"\x1c\x02\x05\0\x03abc"[..], b"\x1c\x02\x05\0\x04abcd"] {
            let resources = to_resources(records);
            assert_eq!(of_resources(&resources).as_deref(), Some(records));
            assert_eq!(of_raw_profile(&to_raw_profile(records)), Some(resources.clone()));
            // After a resource with a name and an odd length.
            let more = [b"8BIM\x03\xed\x02ab\0\0\0\0\x03xyz\0", &resources[..]].concat();
            assert_eq!(of_resources(&more).as_deref(), Some(records));
            for cut in 0..resources.len() - 2 {
                assert_eq!(of_resources(&resources[..cut]), None, "{cut}");
            }
        }
    }
}
