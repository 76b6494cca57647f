//! Lists of ids as bytes, and the hash that finds rows and notices damage.
//!
//! Ids within a body ascend, so that each is written as its distance to the one before, less one, in
//! seven bits a byte (LEB128). Facts are numbered as they are first seen, and what is seen together
//! is used together: a hundred facts take about two hundred bytes.

use testmonx_core::trace::SpanBody;

use crate::error::Fault;

/// A body as bytes: the number of facts, the facts, the number of spans, the spans.
pub(crate) fn encode_body(body: &SpanBody) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * (body.facts.len() + body.spans.len()) + 4);
    push_ascending(&mut bytes, &body.facts);
    push_ascending(&mut bytes, &body.spans);
    bytes
}

/// The body that [`encode_body`] made these bytes of. Its lists strictly ascend, whatever the bytes.
pub(crate) fn decode_body(bytes: &[u8]) -> Result<SpanBody, Fault> {
    let mut bytes = Bytes(bytes);
    let body = SpanBody { facts: bytes.ascending()?, spans: bytes.ascending()? };
    bytes.end()?;
    Ok(body)
}

/// A list of ids in any order; neighbours are often close, either way.
pub(crate) fn encode_list(ids: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ids.len() + 2);
    let mut before = 0;
    for &id in ids {
        let step = i64::from(id) - before;
        before = i64::from(id);
        push(&mut bytes, ((step << 1) ^ (step >> 63)).cast_unsigned());
    }
    bytes
}

/// The list that [`encode_list`] made these bytes of.
pub(crate) fn decode_list(bytes: &[u8]) -> Result<Vec<u32>, Fault> {
    let mut bytes = Bytes(bytes);
    let mut ids = Vec::with_capacity(bytes.0.len());
    let mut before = 0_i64;
    while !bytes.0.is_empty() {
        let zigzag = bytes.varint()?;
        let step = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
        let id = before.checked_add(step).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(malformed)?;
        before = i64::from(id);
        ids.push(id);
    }
    Ok(ids)
}

fn push_ascending(bytes: &mut Vec<u8>, ids: &[u32]) {
    push(bytes, ids.len() as u64);
    let mut next = 0;
    for &id in ids {
        push(bytes, u64::from(id) - next);
        next = u64::from(id) + 1;
    }
}

fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn malformed() -> Fault {
    Fault::damaged("a list of ids cannot be read")
}

/// What is left to decode.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    #[inline]
    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for (at, &byte) in self.0.iter().enumerate().take(9) {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        Err(malformed())
    }

    fn ascending(&mut self) -> Result<Vec<u32>, Fault> {
        let length = self.varint()?;
        // Each takes a byte at least: no more is allocated than a damaged length could claim.
        let length = usize::try_from(length).ok().filter(|length| *length <= self.0.len());
        let length = length.ok_or_else(malformed)?;
        let mut ids = Vec::with_capacity(length);
        let mut next = 0_u64;
        for _ in 0..length {
            let id = next.saturating_add(self.varint()?);
            ids.push(u32::try_from(id).map_err(|_| malformed())?);
            next = id + 1;
        }
        Ok(ids)
    }

    fn end(&self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed()) }
    }
}

/// The hash of a row's content, given field by field: CRC-32, which misses no change of up to
/// 32 neighbouring bits.
#[derive(Default)]
pub(crate) struct RowHash(crc32fast::Hasher);

impl RowHash {
    /// Adds a field of fixed length.
    pub(crate) fn number(mut self, value: i64) -> Self {
        self.0.update(&value.to_le_bytes());
        self
    }

    /// Adds a field of any length.
    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        self.0.update(value);
        self.number(value.len() as i64)
    }

    /// The hash of all fields.
    pub(crate) fn finish(self) -> i64 {
        i64::from(self.0.finalize())
    }
}
