//! Numbers of variable length: seven bits a byte, the least significant first.

use super::HandshakeError;

/// Reads a number at the start of `bytes`: the number and its length, or nothing if its end is not there yet.
/// A number may be padded (`80 00` is zero), but to no more than the ten bytes of 64 bits.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(u64, usize)>, HandshakeError> {
    let mut number = 0_u64;
    for (byte, index) in bytes.iter().zip(0_u32..) {
        let (bits, shift) = (u64::from(byte & 0x7F), 7 * index);
        // Ten groups are 70 bits: of the last, only the lowest bit has a place.
        if shift > 63 || (shift == 63 && bits > 1) {
            return Err(HandshakeError::Varint);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(Some((number, index as usize + 1)));
        }
        if shift == 63 {
            return Err(HandshakeError::Varint);
        }
    }
    Ok(None)
}

/// Appends `number` in its shortest form.
pub(super) fn encode(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7F);
        }
        out.push(low | 0x80);
    }
}
