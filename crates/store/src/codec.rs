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
    let body = bytes.body();
    finish(body, &bytes)
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
    let list = bytes.list();
    finish(list, &bytes)
}

fn finish<T>(decoded: Option<T>, rest: &Bytes<'_>) -> Result<T, Fault> {
    let decoded = decoded.filter(|_| rest.0.is_empty());
    decoded.ok_or_else(|| Fault::damaged("a list of ids cannot be read"))
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

/// What is left to decode. `None` for what cannot be: the innermost loop of a load has no use for an
/// error type as large as [`Fault`].
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    #[inline]
    fn varint(&mut self) -> Option<u64> {
        match self.0.first_chunk() {
            Some(&eight) => self.varint_of_word(u64::from_le_bytes(eight)),
            None => self.varint_bytewise(),
        }
    }

    /// As [`Self::varint_bytewise`], which was a third of a load, without a branch on the length:
    /// whether a step takes one byte or two is a coin toss that no processor predicts.
    #[inline]
    fn varint_of_word(&mut self, word: u64) -> Option<u64> {
        // The highest bit of each byte that ends a number, of which the lowest is ours.
        let ends = !word & 0x8080_8080_8080_8080;
        let length = (ends.trailing_zeros() as usize + 1) / 8;
        // Five bytes have 35 bits, enough for any id, its distance, and its distance in zigzag.
        if length > 5 {
            return None;
        }
        self.0 = &self.0[length..];
        let word = word & (ends ^ ends.wrapping_sub(1));
        Some(
            word & 0x7f
                | word >> 1 & 0x7f << 7
                | word >> 2 & 0x7f << 14
                | word >> 3 & 0x7f << 21
                | word >> 4 & 0x7f << 28,
        )
    }

    fn varint_bytewise(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn body(&mut self) -> Option<SpanBody> {
        Some(SpanBody { facts: self.ascending()?, spans: self.ascending()? })
    }

    fn ascending(&mut self) -> Option<Vec<u32>> {
        // Each id takes a byte at least: a damaged length can claim no more memory than that.
        let length = usize::try_from(self.varint()?).ok()?;
        if length > self.0.len() {
            return None;
        }
        let mut ids = Vec::with_capacity(length);
        let mut next = 0_u64;
        for _ in 0..length {
            // No overflow: a varint has 35 bits, and `next` at most 33.
            let id = u32::try_from(next + self.varint()?).ok()?;
            ids.push(id);
            next = u64::from(id) + 1;
        }
        Some(ids)
    }

    fn list(&mut self) -> Option<Vec<u32>> {
        let mut ids = Vec::with_capacity(self.0.len());
        let mut before = 0_i64;
        while !self.0.is_empty() {
            let zigzag = self.varint()?;
            let step = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
            let id = u32::try_from(before.checked_add(step)?).ok()?;
            ids.push(id);
            before = id.into();
        }
        Some(ids)
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

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bodies_round_trip(
            facts in btree_set(prop_oneof![0..300_u32, any::<u32>()], 0..50),
            spans in btree_set(any::<u32>(), 0..5),
        ) {
            let body = SpanBody {
                facts: facts.into_iter().collect(),
                spans: spans.into_iter().collect(),
            };
            prop_assert_eq!(decode_body(&encode_body(&body)).unwrap(), body);
        }

        #[test]
        fn lists_round_trip(ids in vec(any::<u32>(), 0..50)) {
            prop_assert_eq!(decode_list(&encode_list(&ids)).unwrap(), ids);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..40)) {
            if let Ok(body) = decode_body(&bytes) {
                prop_assert!(body.facts.is_sorted_by(|a, b| a < b));
                prop_assert!(body.spans.is_sorted_by(|a, b| a < b));
            }
            let _ = decode_list(&bytes);
        }
    }

    #[test]
    fn neighbours_take_a_byte() {
        let body = SpanBody { facts: (1_000..1_100).collect(), spans: vec![] };
        assert_eq!(encode_body(&body).len(), 1 + 2 + 99 + 1);
    }

    #[test]
    fn the_hash_tells_fields_apart() {
        let hash =
            |a: &str, b: &str| RowHash::default().bytes(a.as_bytes()).bytes(b.as_bytes()).finish();
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
    }
}
