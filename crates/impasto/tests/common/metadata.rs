//! Metadata as cameras and editors write it, built by hand.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(unreachable_pub, reason = "a module of several test programs, part of no public interface")]

/// The bytes of the thumbnail in [`exif`].
pub const THUMBNAIL: &[u8] = b"\xFF\xD8THUMBNAIL OF THE OLD PICTURE\xFF\xD9";
/// The text that a maker note in [`exif`] refers to by its offset.
pub const NOTE: &[u8] = b"MAKER'S OWN";

/// An Exif block in either byte order: a camera's name, orientation 6, 300 dpi, the camera's settings with outdated
/// pixel dimensions and a maker note with offsets from the start of the block, GPS, and a thumbnail.
pub fn exif(little: bool) -> Vec<u8> {
    let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let mut block = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    block.extend(long(8));
    // Offsets are counted by hand: header 8, first directory 2 + 8 entries + 4.
    let data = 8 + 2 + 8 * 12 + 4;
    let values: [&[u8]; 5] =
        [b"Impasto Works\0\0", &[long(300), long(1)].concat(), b"Somebody\0\0", b"2024:05:06 07:08:09\0", NOTE];
    let mut at = data;
    let places: Vec<u32> = values
        .iter()
        .map(|value| {
            let place = at;
            at += value.len().next_multiple_of(2);
            place as u32
        })
        .collect();
    let (note_at, settings) = (places[4], at as u32);
    let gps = settings + 2 + 5 * 12 + 4 + 12;
    let next = gps + 2 + 2 * 12 + 4;
    let thumbnail = next + 2 + 3 * 12 + 4;
    let directory = |entries: &[(u16, u16, u32, Vec<u8>)], next: u32, block: &mut Vec<u8>| {
        block.extend(short(entries.len() as u16));
        for (tag, kind, count, value) in entries {
            block.extend([short(*tag), short(*kind)].concat());
            block.extend(long(*count));
            let mut value = value.clone();
            value.resize(4, 0);
            block.extend(value);
        }
        block.extend(long(next));
    };
    let first = [
        (271, 2, 14, long(places[0]).to_vec()),
        (274, 3, 1, short(6).to_vec()),
        (282, 5, 1, long(places[1]).to_vec()),
        (283, 5, 1, long(places[1]).to_vec()),
        (296, 3, 1, short(2).to_vec()),
        (315, 2, 9, long(places[2]).to_vec()),
        (34665, 4, 1, long(settings).to_vec()),
        (34853, 4, 1, long(gps).to_vec()),
    ];
    directory(&first, next, &mut block);
    for value in values {
        block.extend(value);
        block.resize(block.len().next_multiple_of(2), 0);
    }
    // The note: an offset and a length, twelve bytes with its name.
    let note = [b"NOTE", &long(note_at)[..], &long(NOTE.len() as u32)].concat();
    let note_place = settings + 2 + 5 * 12 + 4;
    let camera = [
        (36867, 2, 20, long(places[3]).to_vec()),
        (37500, 7, 12, long(note_place).to_vec()),
        (40961, 3, 1, short(65535).to_vec()),
        (40962, 3, 1, short(999).to_vec()),
        (40963, 3, 1, short(777).to_vec()),
    ];
    directory(&camera, 0, &mut block);
    block.extend(note);
    directory(&[(1, 2, 2, b"N\0".to_vec()), (5, 1, 1, vec![1])], 0, &mut block);
    let small = [
        (259, 3, 1, short(6).to_vec()),
        (513, 4, 1, long(thumbnail).to_vec()),
        (514, 4, 1, long(THUMBNAIL.len() as u32).to_vec()),
    ];
    directory(&small, 0, &mut block);
    assert_eq!(block.len(), thumbnail as usize);
    block.extend(THUMBNAIL);
    block
}

/// An XMP packet with a title, an outdated orientation and size, a gain map's description, and padding.
pub fn xmp() -> Vec<u8> {
    let packet = "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
        <x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"Test\">\n <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
        <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
        xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" \
        xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" xmp:Rating=\"4\" tiff:Orientation=\"6\" hdrgm:Version=\"1.0\">\n   \
        <exif:PixelXDimension>999</exif:PixelXDimension>\n   \
        <dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">Harbour &amp; sea</rdf:li></rdf:Alt></dc:title>\n   \
        <xmp:Thumbnails><rdf:Alt><rdf:li>OLD</rdf:li></rdf:Alt></xmp:Thumbnails>\n  \
        </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n";
    [packet.as_bytes(), &b" ".repeat(2000), b"\n<?xpacket end=\"w\"?>"].concat()
}

/// IPTC records: a caption and a keyword.
pub fn iptc() -> Vec<u8> {
    b"\x1c\x02\x78\0\x0dBoats at dawn\x1c\x02\x19\0\x05boats".to_vec()
}
