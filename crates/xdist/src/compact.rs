//! Long lists of names in few bytes, as text that JSON can hold.
//!
//! A sorted list of names is front-coded (how much of the one before is shared, and the rest), which
//! node IDs are made for, then deflated, then written in base64. Of 20,000 node IDs that leaves a
//! fraction of their 1.2 MB; `docs/xdist.md` has the sizes.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How hard to compress: more than 6 gains nothing here.
const LEVEL: u8 = 6;

/// More than any state has; a damaged one must not ask for all memory.
const LIMIT: usize = 256 << 20;

/// Sorted names, each written as what it does not share with the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = "";
        serializer.collect_seq(self.0.iter().map(|name| {
            let shared = shared(before, name);
            before = name;
            (shared, &name[shared..])
        }))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let coded: Vec<(usize, &str)> = Vec::deserialize(deserializer)?;
        let mut names: Vec<String> = Vec::with_capacity(coded.len());
        for (shared, rest) in coded {
            let before = names.last().map_or("", String::as_str);
            let kept =
                before.get(..shared).ok_or_else(|| D::Error::custom("a name without head"))?;
            names.push([kept, rest].concat());
        }
        Ok(Self(names))
    }
}

/// Numbers in as many bits each as the largest of them needs: ranks are in no order, so that nothing else makes
/// them shorter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers(pub(crate) Vec<u32>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let width = self.0.iter().map(|number| 32 - number.leading_zeros()).max().unwrap_or(0);
        let mut bytes = Vec::with_capacity(self.0.len() * width as usize / 8 + 1);
        let (mut held, mut bits) = (0u64, 0);
        for number in &self.0 {
            held |= u64::from(*number) << bits;
            bits += width;
            while bits >= 8 {
                bytes.push(held as u8);
                held >>= 8;
                bits -= 8;
            }
        }
        if bits > 0 {
            bytes.push(held as u8);
        }
        (self.0.len(), width, bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (len, width, bytes): (usize, u32, Vec<u8>) = Deserialize::deserialize(deserializer)?;
        let bits = len.checked_mul(width as usize).filter(|_| width <= 32);
        if bits.is_none_or(|bits| bits.div_ceil(8) != bytes.len()) || (width == 0 && len > LIMIT) {
            return Err(D::Error::custom("numbers of another length"));
        }
        let mut bytes = bytes.into_iter();
        let (mut held, mut bits) = (0u64, 0);
        let numbers = (0..len).map(|_| {
            while bits < width {
                held |= u64::from(bytes.next().unwrap_or(0)) << bits;
                bits += 8;
            }
            let number = (held & ((1 << width) - 1)) as u32;
            held >>= width;
            bits -= width;
            number
        });
        Ok(Self(numbers.collect()))
    }
}

/// How many bytes both begin with, counted in whole characters.
fn shared(before: &str, name: &str) -> usize {
    let pairs = before.chars().zip(name.chars());
    pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// `value` as text.
pub(crate) fn pack<T: Serialize>(value: &T) -> Result<String, String> {
    let plain = postcard::to_stdvec(value).map_err(|error| error.to_string())?;
    Ok(to_base64(&compress_to_vec_zlib(&plain, LEVEL)))
}

/// The value that [`pack`] made `text` of.
pub(crate) fn unpack<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, String> {
    let packed = from_base64(text).ok_or("it is not base64")?;
    let plain = decompress_to_vec_zlib_with_limit(&packed, LIMIT)
        .map_err(|error| format!("{:?}", error.status))?;
    postcard::from_bytes(&plain).map_err(|error| error.to_string())
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, without padding.
fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            let index = group >> (18 - 6 * sextet) & 63;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let value = |letter: &u8| -> Option<u32> {
        Some(match letter {
            b'A'..=b'Z' => u32::from(letter - b'A'),
            b'a'..=b'z' => u32::from(letter - b'a') + 26,
            b'0'..=b'9' => u32::from(letter - b'0') + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut group = 0;
        for letter in chunk {
            group = group << 6 | value(letter)?;
        }
        group <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(names: &[&str]) -> Names {
        Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn base64_is_the_standard_s() {
        for (plain, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(to_base64(plain.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(from_base64("Z"), None);
        assert_eq!(from_base64("Z==="), None);
    }

    #[test]
    fn a_name_says_only_what_is_new() {
        let coded = postcard::to_stdvec(&names(&["a.py::test_é", "a.py::test_è"])).unwrap();
        let heads: Vec<(usize, &str)> = postcard::from_bytes(&coded).unwrap();
        assert_eq!(
            heads,
            [(0, "a.py::test_é"), (11, "è")],
            "é and è share a byte, which is no name"
        );
    }

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec(any::<u32>(), 0..40), shift in 0u32..32) {
            let numbers = Numbers(numbers.into_iter().map(|number| number >> shift).collect());
            let coded = postcard::to_stdvec(&numbers).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Numbers>(&coded).unwrap(), numbers);
        }
    }

    #[test]
    fn numbers_take_the_bits_that_the_largest_needs() {
        let coded = postcard::to_stdvec(&Numbers(vec![1, 0, 7, 5])).unwrap();
        assert_eq!(
            coded,
            [4, 3, 2, 0b1100_0001, 0b0000_1011],
            "four times three bits in two bytes"
        );
        assert!(postcard::from_bytes::<Numbers>(&[4, 3, 1, 0]).is_err(), "a byte is missing");
        assert!(postcard::from_bytes::<Numbers>(&[1, 33, 5, 0, 0, 0, 0, 0]).is_err(), "33 bits");
        let many = postcard::to_stdvec(&(usize::MAX, 0u32, Vec::<u8>::new())).unwrap();
        assert!(postcard::from_bytes::<Numbers>(&many).is_err(), "more than there is memory for");
    }

    #[test]
    fn a_head_that_is_not_there_is_damage() {
        let coded = postcard::to_stdvec(&vec![(0usize, "é"), (1, "x")]).unwrap();
        assert!(postcard::from_bytes::<Names>(&coded).is_err(), "half a character");
        let coded = postcard::to_stdvec(&vec![(7usize, "x")]).unwrap();
        assert!(postcard::from_bytes::<Names>(&coded).is_err(), "nothing to share");
    }

    #[test]
    fn text_that_is_not_packed_is_refused() {
        assert!(unpack::<Names>("not packed!").is_err());
        assert!(unpack::<Names>("AAAA").is_err());
        let text = pack(&names(&["a", "b"])).unwrap();
        assert!(unpack::<Names>(&text[..text.len() - 2]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_survive_base64(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(from_base64(&to_base64(&bytes)), Some(bytes));
        }

        #[test]
        fn any_names_survive_packing(names in prop::collection::vec("\\PC{0,12}", 0..40)) {
            let names = Names(names);
            prop_assert_eq!(unpack(&pack(&names).unwrap()), Ok(names));
        }

        #[test]
        fn any_text_is_refused_or_read_but_never_a_panic(text in "[A-Za-z0-9+/]{0,60}") {
            let _ = unpack::<Names>(&text);
        }
    }
}
