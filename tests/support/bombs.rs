//! Image files that ask for more than they are: generated, since none of them is worth keeping.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "each test binary uses a part of it, and a test fails by panicking"
)]

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Most pixels of an image under test; the files are made for it.
pub(crate) const MAX_PIXELS: u64 = 8_000_000;

/// As many pixels as are allowed, 3200 x 2500.
const SIDES: (u32, u32) = (3200, 2500);

/// How a file has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Too many pixels.
    TooLarge,
    /// An error, whichever.
    Refused,
    /// It is an image, without a face.
    NoFace,
    /// An error or an image without a face: decoders differ in what they forgive.
    Either,
}

#[derive(Debug)]
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// All of them.
pub(crate) fn bombs() -> Vec<Bomb> {
    let bomb = |name, bytes, end| Bomb { name, bytes, end };
    let (width, height) = SIDES;
    let mut all = vec![
        // PNG
        bomb(
            "PNG of 2^31 - 1 pixels on each side",
            png(i32::MAX as u32, i32::MAX as u32, 8, 2, false, 100),
            End::Refused,
        ),
        bomb("PNG of 65,535 pixels on each side", png(65_535, 65_535, 1, 0, false, 100), End::TooLarge),
        bomb("PNG of one pixel too many", png(8_000_001, 1, 1, 0, false, 1_000_001), End::TooLarge),
        bomb("PNG of one row", png(8_000_000, 1, 16, 6, false, 64_000_001), End::Refused),
        bomb("PNG of one column", png(1, 8_000_000, 8, 2, false, 32_000_000), End::Refused),
        bomb("PNG as wide as may be", png(65_535, 122, 16, 6, false, 64_000_000), End::Either),
        bomb("PNG without width", png(0, 10, 8, 2, false, 10), End::Refused),
        bomb("PNG without height", png(10, 0, 8, 2, false, 10), End::Refused),
        bomb("deflated PNG of 16 bits with alpha", png(width, height, 16, 6, false, whole(8)), End::NoFace),
        bomb(
            "deflated PNG of 16 bits, interlaced",
            png(width, height, 16, 6, true, whole(8) + 100_000),
            End::Either,
        ),
        bomb(
            "deflated PNG of 8 bits, grey with alpha",
            png(width, height, 8, 4, false, whole(2)),
            End::NoFace,
        ),
        bomb(
            "deflated PNG of 1 bit, grey",
            png(width, height, 1, 0, false, (u64::from(width) / 8 + 1) * u64::from(height)),
            End::NoFace,
        ),
        bomb("PNG of one pixel with 300 MB of data", png(1, 1, 8, 2, false, 300 << 20), End::Either),
        bomb(
            "PNG with a colour profile of 300 MB",
            with_chunk(b"iCCP", &[b"x\0\0", &zeros(300 << 20)[..]].concat()),
            End::Either,
        ),
        bomb(
            "PNG with a text of 300 MB",
            with_chunk(b"zTXt", &[b"x\0\0", &zeros(300 << 20)[..]].concat()),
            End::Either,
        ),
        bomb("PNG with 9 MB of EXIF", with_chunk(b"eXIf", &exif(9 << 20)), End::Either),
        bomb("PNG with EXIF that goes round in circles", with_chunk(b"eXIf", &circular()), End::Either),
        bomb("PNG of a palette that is missing", png(64, 64, 8, 3, false, 65 * 64), End::Refused),
        bomb("PNG of four billion frames", frames(u32::MAX, 1000), End::Either),
        bomb("PNG that ends in its middle", half(png(width, height, 8, 6, false, whole(4))), End::Refused),
        // JPEG
        // The decoder takes no side of more than 65,500 pixels.
        bomb("JPEG of 65,535 pixels on each side", jpeg(0xc0, 65_535, 65_535, 3, 1, 1), End::Refused),
        bomb("JPEG of 65,500 pixels on each side", jpeg(0xc0, 65_500, 65_500, 3, 1, 1), End::TooLarge),
        bomb("progressive JPEG without data", jpeg(0xc2, width, height, 3, 1, 1), End::Either),
        bomb("progressive JPEG of CMYK without data", jpeg(0xc2, width, height, 4, 1, 1), End::Either),
        bomb("progressive JPEG, sampled 4 x 4", jpeg(0xc2, width, height, 3, 4, 1), End::Either),
        bomb("progressive JPEG of ten thousand scans", jpeg(0xc2, width, height, 3, 1, 10_000), End::Refused),
        bomb("JPEG of CMYK without data", jpeg(0xc0, width, height, 4, 1, 1), End::Either),
        bomb("JPEG without height", jpeg(0xc0, width, 0, 3, 1, 1), End::Refused),
        bomb("JPEG with 9 MB of colour profile", with_segments(0xe2, b"ICC_PROFILE\0", 140), End::Either),
        bomb(
            "JPEG with EXIF that goes round in circles",
            jpeg_with(&[b"Exif\0\0", &circular()[..]].concat()),
            End::Either,
        ),
        // WebP
        bomb(
            "WebP with a canvas of 2^24 pixels on each side",
            webp(&vp8x(1 << 24, 1 << 24, 0)),
            End::Refused,
        ),
        bomb("lossless WebP of 16,384 pixels on each side", webp(&vp8l(16_384, 16_384)), End::Refused),
        bomb("lossless WebP without data", webp(&vp8l(width, height)), End::Either),
        bomb("lossy WebP of 16,383 pixels on each side", webp(&vp8(16_383, 16_383)), End::Refused),
        bomb("lossy WebP without data", webp(&vp8(width, height)), End::Either),
        bomb("WebP of many frames", webp(&many_frames(width, height)), End::Either),
        bomb("WebP that says it has 4 GB", lying_webp(), End::Either),
    ];
    all.push(bomb(
        "progressive JPEG, all that is allowed",
        include_bytes!("../data/large_progressive.jpg").to_vec(),
        End::NoFace,
    ));
    all.push(bomb(
        "progressive JPEG of CMYK, all that is allowed",
        include_bytes!("../data/large_cmyk.jpg").to_vec(),
        End::NoFace,
    ));
    let deep: Vec<u8> = webp(&[&vp8x(width, height, 0x20)[..], &riff(b"ICCP", &vec![0; 9 << 20])].concat());
    all.push(bomb("WebP with 9 MB of colour profile", deep, End::Either));
    all
}

/// Bytes of all rows of the largest image, each with its filter.
fn whole(bytes_per_pixel: u64) -> u64 {
    (u64::from(SIDES.0) * bytes_per_pixel + 1) * u64::from(SIDES.1)
}

/// So many zeros, deflated: some thousandths.
fn zeros(length: u64) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let block = vec![0; 1 << 20];
    let mut rest = length as usize;
    while rest > 0 {
        let part = rest.min(block.len());
        encoder.write_all(&block[..part]).unwrap();
        rest -= part;
    }
    encoder.finish().unwrap()
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(body);
    [&(body.len() as u32).to_be_bytes()[..], kind, body, &sum.sum().to_be_bytes()].concat()
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

fn header(width: u32, height: u32, depth: u8, colours: u8, interlaced: bool) -> Vec<u8> {
    let more = [depth, colours, 0, 0, u8::from(interlaced)];
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &more].concat())
}

/// A PNG of `data` zero bytes.
fn png(width: u32, height: u32, depth: u8, colours: u8, interlaced: bool, data: u64) -> Vec<u8> {
    let header = header(width, height, depth, colours, interlaced);
    [SIGNATURE, &header, &chunk(b"IDAT", &zeros(data)), &chunk(b"IEND", b"")].concat()
}

/// A small PNG with one more chunk.
fn with_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let header = header(64, 64, 8, 2, false);
    let data = chunk(b"IDAT", &zeros(193 * 64));
    [SIGNATURE, &header, &chunk(kind, body), &data, &chunk(b"IEND", b"")].concat()
}

/// An animated PNG that promises so many frames and has some.
fn frames(promised: u32, some: u32) -> Vec<u8> {
    let mut out = [SIGNATURE, &header(64, 64, 8, 2, false)].concat();
    out.extend(chunk(b"acTL", &[promised.to_be_bytes(), [0; 4]].concat()));
    let control = |sequence: u32| {
        let fields = [sequence, 64, 64, 0, 0].map(u32::to_be_bytes).concat();
        chunk(b"fcTL", &[&fields[..], &[0, 1, 0, 1, 0, 0]].concat())
    };
    out.extend(control(0));
    out.extend(chunk(b"IDAT", &zeros(193 * 64)));
    for frame in 0..some {
        out.extend(control(2 * frame + 1));
        out.extend(chunk(b"fdAT", &[&(2 * frame + 2).to_be_bytes()[..], &zeros(193 * 64)].concat()));
    }
    out.extend(chunk(b"IEND", b""));
    out
}

fn half(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// EXIF whose one entry says that it has so many bytes, and has them.
fn exif(length: u32) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x01\0".to_vec();
    out.extend([0x7c, 0x92, 7, 0]);
    out.extend(length.to_le_bytes());
    out.extend(26_u32.to_le_bytes());
    out.extend([0; 4]);
    out.resize(out.len() + length as usize, 0);
    out
}

/// EXIF whose directories follow each other in a circle.
fn circular() -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x01\0".to_vec();
    // The orientation, beyond all that there are; then the next directory, which is this one.
    out.extend([0x12, 1, 3, 0, 1, 0, 0, 0, 99, 0, 0, 0]);
    out.extend(8_u32.to_le_bytes());
    out
}

fn segment(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff, kind][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
}

/// A JPEG with the frame header `kind` (0xc0 baseline, 0xc2 progressive) and scans that hold next to nothing.
fn jpeg(kind: u8, width: u32, height: u32, components: u8, sampling: u8, scans: usize) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    if components == 4 {
        out.extend(segment(0xee, b"Adobe\0\x64\0\0\0\0\0"));
    }
    out.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
    let mut frame = vec![8];
    frame.extend((height as u16).to_be_bytes());
    frame.extend((width as u16).to_be_bytes());
    frame.push(components);
    for component in 1..=components {
        let factors = if component == 1 { sampling << 4 | sampling } else { 0x11 };
        frame.extend([component, factors, 0]);
    }
    out.extend(segment(kind, &frame));
    // One code of one bit, for nothing.
    for class in [0, 0x10] {
        let mut table = vec![class, 1];
        table.extend([0; 15]);
        table.push(0);
        out.extend(segment(0xc4, &table));
    }
    for _ in 0..scans {
        let mut scan = vec![components];
        (1..=components).for_each(|component| scan.extend([component, 0]));
        scan.extend(if kind == 0xc2 { [0, 0, 0] } else { [0, 63, 0] });
        out.extend(segment(0xda, &scan));
        out.extend([0; 16]);
    }
    out.extend([0xff, 0xd9]);
    out
}

/// A small JPEG with segments of 64 kB behind its start.
fn with_segments(kind: u8, head: &[u8], count: u8) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    for number in 1..=count {
        let body = vec![0; 65_533 - head.len() - 2];
        out.extend(segment(kind, &[head, &[number, count], &body].concat()));
    }
    out.extend(&jpeg(0xc0, 64, 64, 3, 1, 1)[2..]);
    out
}

fn jpeg_with(exif: &[u8]) -> Vec<u8> {
    [&[0xff, 0xd8][..], &segment(0xe1, exif), &jpeg(0xc0, 64, 64, 3, 1, 1)[2..]].concat()
}

fn riff(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = [&kind[..], &(body.len() as u32).to_le_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn webp(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
}

fn three(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}

fn vp8x(width: u32, height: u32, flags: u8) -> Vec<u8> {
    riff(b"VP8X", &[&[flags, 0, 0, 0][..], &three(width - 1), &three(height - 1)].concat())
}

/// A lossless picture that consists of its header.
fn vp8l(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    riff(b"VP8L", &[&[0x2f][..], &bits.to_le_bytes(), &[0; 64]].concat())
}

/// A lossy key frame that consists of its header.
fn vp8(width: u32, height: u32) -> Vec<u8> {
    let tag = three(1 << 4 | 64 << 5);
    let sides = [(width as u16).to_le_bytes(), (height as u16).to_le_bytes()].concat();
    riff(b"VP8 ", &[&tag[..], b"\x9d\x01\x2a", &sides, &[0; 128]].concat())
}

fn many_frames(width: u32, height: u32) -> Vec<u8> {
    let mut out = vp8x(width, height, 0x02);
    out.extend(riff(b"ANIM", &[0; 6]));
    let place = [three(0), three(0), three(width - 1), three(height - 1), three(1), [0; 3]].concat();
    let frame = riff(b"ANMF", &[&place[..15], &[0], &vp8l(width, height)].concat());
    (0..2000).for_each(|_| out.extend(&frame));
    out
}

fn lying_webp() -> Vec<u8> {
    let mut out = webp(&[&vp8x(64, 64, 0x20)[..], &riff(b"ICCP", &[0; 64]), &vp8l(64, 64)].concat());
    out[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    // The colour profile too.
    out[34..38].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    out
}
