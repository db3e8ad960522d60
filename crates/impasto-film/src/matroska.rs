//! Feeds ffmpeg raw frames with times, as a minimal Matroska stream (RFC 9559). Without a
//! container, raw frames have a constant rate.

use impasto::Size;

/// The bytes before the first frame: a header for RGBA frames of this size, with times in microseconds.
pub(crate) fn header(Size { width, height }: Size) -> Vec<u8> {
    let ebml = element(
        &[0x1A, 0x45, 0xDF, 0xA3],
        &[element(&[0x42, 0x82], &[b"matroska".to_vec()].concat()), element(&[0x42, 0x87], &[4]), element(&[0x42, 0x85], &[2])]
            .concat(),
    );
    // The unit of time: one microsecond, in nanoseconds.
    let info = element(&[0x15, 0x49, 0xA9, 0x66], &element(&[0x2A, 0xD7, 0xB1], &1000u32.to_be_bytes()));
    let video = [
        element(&[0xB0], &(width as u32).to_be_bytes()),
        element(&[0xBA], &(height as u32).to_be_bytes()),
        element(&[0x2E, 0xB5, 0x24], b"RGBA"),
    ]
    .concat();
    let track = [
        element(&[0xD7], &[1]),
        element(&[0x73, 0xC5], &[1]),
        element(&[0x83], &[1]),
        element(&[0x86], b"V_UNCOMPRESSED"),
        element(&[0xE0], &video),
    ]
    .concat();
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track));
    // The segment's length is unknown, because it is streamed.
    let segment = [0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    [ebml, segment.to_vec(), info, tracks].concat()
}

/// The bytes before a frame of `bytes` bytes that is shown at this time, in microseconds.
pub(crate) fn before_frame(time: u64, bytes: usize) -> Vec<u8> {
    let timestamp = element(&[0xE7], &time.to_be_bytes());
    // Track 1, at the cluster's time, a key frame.
    let block_header = [0x81, 0, 0, 0x80];
    let block_length = length(block_header.len() + bytes);
    let block_size = 1 + block_length.len() + block_header.len() + bytes;
    let mut start = vec![0x1F, 0x43, 0xB6, 0x75];
    start.extend(length(timestamp.len() + block_size));
    start.extend(timestamp);
    start.push(0xA3);
    start.extend(block_length);
    start.extend(block_header);
    start
}

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &length(content.len()), content].concat()
}

/// A length in eight bytes.
fn length(bytes: usize) -> Vec<u8> {
    let mut length = (bytes as u64).to_be_bytes();
    length[0] = 0x01;
    length.to_vec()
}
