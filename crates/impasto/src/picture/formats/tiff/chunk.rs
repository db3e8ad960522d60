//! Decompression of strips and tiles.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::ZlibDecoder;
use image_webp::WebPDecoder;
use ruzstd::decoding::StreamingDecoder;
use weezl::{BitOrder, LzwStatus};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{corrupt, fax, invalid};

/// Maximum window of Zstandard in bytes, the same as in its own program.
const ZSTD_WINDOW: u64 = 1 << 27;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Fax(fax::Code),
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstandard,
    WebP,
}

impl Compression {
    /// Returns the compression for a value of the tag (and the options of Group 3), or the name of one that is not
    /// supported.
    pub(super) fn of(value: u64, group3: u64) -> Result<Self, String> {
        Err(match value {
            1 => return Ok(Compression::None),
            2 => return Ok(Compression::Fax(fax::Code::Huffman)),
            3 if group3 & 1 == 1 => return Ok(Compression::Fax(fax::Code::Group3TwoDimensional)),
            3 => return Ok(Compression::Fax(fax::Code::Group3)),
            4 => return Ok(Compression::Fax(fax::Code::Group4)),
            5 => return Ok(Compression::Lzw),
            7 => return Ok(Compression::Jpeg),
            8 | 32946 => return Ok(Compression::Deflate),
            32773 => return Ok(Compression::PackBits),
            50000 => return Ok(Compression::Zstandard),
            50001 => return Ok(Compression::WebP),
            6 => "old-style JPEG compression".into(),
            33003 | 33005 | 34712 => "JPEG 2000 compression".into(),
            34661 => "JBIG compression".into(),
            34887 => "LERC compression".into(),
            34925 => "LZMA compression".into(),
            34933 => "PNG compression".into(),
            50002 | 52546 => "JPEG XL compression".into(),
            other => format!("compression {other}"),
        })
    }

    /// Whether libtiff, and therefore everybody, uses the predictor tag with this compression.
    pub(super) fn has_predictor(self) -> bool {
        matches!(self, Compression::Lzw | Compression::Deflate | Compression::Zstandard)
    }
}

/// What a decoder needs to know about the chunk.
pub(super) struct Shape<'a> {
    pub(super) width: usize,
    /// Number of rows that are needed. A JPEG may have more.
    pub(super) rows: usize,
    /// Samples per pixel.
    pub(super) samples: usize,
    /// The tables that the JPEG streams of all chunks share.
    pub(super) jpeg_tables: Option<&'a [u8]>,
}

/// Returns the decompressed bytes of a chunk.
pub(super) fn open<'a>(compression: Compression, input: impl Read + 'a, shape: &Shape<'_>) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Deflate => Box::new(ZlibDecoder::new(input)),
        Compression::Lzw => {
            let decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
            Box::new(Lzw { input: BufReader::new(input), decoder })
        }
        Compression::PackBits => Box::new(PackBits { input: BufReader::new(input), run: None, left: 0 }),
        Compression::Jpeg => Box::new(Cursor::new(jpeg(input, shape)?)),
        Compression::WebP => Box::new(Cursor::new(webp(input, shape)?)),
        Compression::Zstandard => {
            let decoder = StreamingDecoder::new_with_max_window_size(input, ZSTD_WINDOW);
            Box::new(Zstandard(decoder.map_err(corrupt)?))
        }
        Compression::Fax(code) => fax::open(code, input, shape.width)?,
    })
}

struct Lzw<R> {
    input: BufReader<R>,
    decoder: weezl::decode::Decoder,
}

impl<R: Read> Read for Lzw<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let bytes = self.input.fill_buf()?;
            let last = bytes.is_empty();
            let result = self.decoder.decode_bytes(bytes, out);
            self.input.consume(result.consumed_in);
            let status = result.status.map_err(corrupt)?;
            if result.consumed_out > 0 || out.is_empty() || last || matches!(status, LzwStatus::Done) {
                return Ok(result.consumed_out);
            }
        }
    }
}

/// Runs of bytes (TIFF 6.0, section 9).
struct PackBits<R> {
    input: R,
    /// The byte that is repeated; `None` if bytes are copied.
    run: Option<u8>,
    left: usize,
}

impl<R: BufRead> Read for PackBits<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 && !out.is_empty() {
            let mut byte = [0];
            if self.input.read(&mut byte)? == 0 {
                return Ok(0);
            }
            match byte[0] {
                literal @ 0..=127 => (self.run, self.left) = (None, usize::from(literal) + 1),
                128 => {}
                repeat => {
                    self.left = 257 - usize::from(repeat);
                    self.input.read_exact(&mut byte)?;
                    self.run = Some(byte[0]);
                }
            }
        }
        let len = out.len().min(self.left);
        let len = match self.run {
            Some(byte) => {
                out[..len].fill(byte);
                len
            }
            None => self.input.read(&mut out[..len])?,
        };
        self.left -= len;
        Ok(len)
    }
}

/// A wrapper, because the decoder's own errors are texts for programmers.
struct Zstandard<R: Read>(StreamingDecoder<R, ruzstd::decoding::FrameDecoder>);

impl<R: Read> Read for Zstandard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(corrupt)
    }
}

/// Returns a WebP file's samples.
fn webp(input: impl Read, shape: &Shape<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    { input }.read_to_end(&mut bytes)?;
    let mut decoder = WebPDecoder::new(Cursor::new(&bytes[..])).map_err(corrupt)?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    // WebP omits alpha that is opaque everywhere.
    let opaque = channels == 3 && shape.samples == 4;
    let rows = shape.rows..=shape.rows.max(4096);
    if width as usize != shape.width || !rows.contains(&(height as usize)) || !(channels == shape.samples || opaque) {
        return Err(invalid("its WebP strips or tiles do not have the picture's kind of pixels"));
    }
    let len = decoder.output_buffer_size().ok_or_else(|| corrupt(()))?;
    let mut samples = Vec::new();
    samples.try_reserve_exact(len).map_err(|_| invalid("its WebP strips or tiles are too large"))?;
    samples.resize(len, 0);
    decoder.read_image(&mut samples).map_err(corrupt)?;
    if opaque {
        return Ok(samples.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect());
    }
    Ok(samples)
}

/// Returns a JPEG stream's samples as they are stored. The file's tags say which colors they are.
fn jpeg(input: impl Read, shape: &Shape<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The tables are a stream of their own. Their end marker and the chunk's start marker are cut off to join them.
    if let Some([tables @ .., 0xFF, 0xD9]) = shape.jpeg_tables {
        bytes.extend_from_slice(tables);
    }
    let start = bytes.len();
    { input }.read_to_end(&mut bytes)?;
    if start > 0 {
        bytes.drain(start..bytes.len().min(start + 2));
    }
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes[..]), options);
    decoder.decode_headers().map_err(corrupt)?;
    let colours = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let (width, height) = decoder.dimensions().ok_or_else(|| corrupt(()))?;
    // Strips may be padded to whole blocks; tiles have exactly their declared size.
    let most = shape.rows.next_multiple_of(64).max(1 << 16);
    if width != shape.width || height < shape.rows || height > most || colours.num_components() != shape.samples {
        return Err(invalid("its JPEG strips or tiles do not have the picture's kind of pixels"));
    }
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    decoder.decode().map_err(corrupt)
}
