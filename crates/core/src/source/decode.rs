//! Bytes to text, as CPython's tokenizer does it: BOM, PEP 263 declaration, line ends.
//!
//! Only the encodings that source files are written in today are known; any other is reported, and
//! the file is then one whole. The line ends `\r\n` and `\r` become `\n` here, as they do in CPython,
//! so that neither lines nor multi-line strings depend on them.

use std::borrow::Cow;

use super::Unparsable;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The text of a source file.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Unparsable> {
    let (bytes, has_bom) = match bytes.strip_prefix(BOM) {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let text = match declared(bytes).map(Encoding::named) {
        None | Some(Ok(Encoding::Utf8)) => utf8(bytes)?,
        Some(Ok(_)) if has_bom => return Err(Unparsable::Undecodable { encoding: "utf-8" }),
        Some(Ok(encoding)) => Cow::Owned(encoding.decode(bytes)?),
        Some(Err(name)) => return Err(Unparsable::UnknownEncoding(name)),
    };
    Ok(if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    })
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Unparsable> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => Err(Unparsable::Undecodable { encoding: "utf-8" }),
    }
}

/// The encoding that a comment in the first two lines declares.
///
/// The second line counts only if the first holds nothing but a comment (PEP 263).
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r')).take(2) {
        let line = line.trim_ascii_start();
        match line.first() {
            None => {}
            Some(b'#') => {
                if let Some(name) = coding(line) {
                    return Some(name);
                }
            }
            Some(_) => return None,
        }
    }
    None
}

/// `coding[=:]\s*([-\w.]+)` in a comment.
fn coding(comment: &[u8]) -> Option<&[u8]> {
    const WORD: &[u8] = b"coding";
    let at = comment
        .windows(WORD.len() + 1)
        .position(|part| part.starts_with(WORD) && matches!(part.last(), Some(b':' | b'=')))?;
    let rest = comment[at + WORD.len() + 1..].trim_ascii_start();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let end = rest.iter().position(|byte| !is_name(byte)).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    Latin9,
    Cp1252,
}

impl Encoding {
    /// The encoding that Python knows by `name`; else the name, to be reported.
    fn named(name: &[u8]) -> Result<Self, Box<str>> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase().replace('_', "-");
        Ok(match name.as_str() {
            "utf-8" | "utf8" | "u8" | "utf-8-sig" | "cp65001" => Self::Utf8,
            // "utf-8-unix" and the like are Emacs's.
            long if long.starts_with("utf-8-") => Self::Utf8,
            "ascii" | "us-ascii" | "646" => Self::Ascii,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "iso-latin-1" | "l1" => {
                Self::Latin1
            }
            long if long.starts_with("latin-1-") || long.starts_with("iso-8859-1-") => Self::Latin1,
            "iso-8859-15" | "iso8859-15" | "latin-9" | "latin9" | "l9" => Self::Latin9,
            "cp1252" | "windows-1252" | "1252" => Self::Cp1252,
            _ => return Err(name.into()),
        })
    }

    fn decode(self, bytes: &[u8]) -> Result<String, Unparsable> {
        let decoded: Option<String> = bytes.iter().map(|byte| self.decode_byte(*byte)).collect();
        decoded.ok_or(Unparsable::Undecodable { encoding: self.name() })
    }

    fn decode_byte(self, byte: u8) -> Option<char> {
        match self {
            Self::Ascii | Self::Utf8 => byte.is_ascii().then_some(char::from(byte)),
            Self::Latin1 => Some(char::from(byte)),
            Self::Latin9 => Some(match byte {
                0xa4 => '€',
                0xa6 => 'Š',
                0xa8 => 'š',
                0xb4 => 'Ž',
                0xb8 => 'ž',
                0xbc => 'Œ',
                0xbd => 'œ',
                0xbe => 'Ÿ',
                _ => char::from(byte),
            }),
            Self::Cp1252 => match byte {
                0x80..=0x9f => {
                    CP1252_HIGH.chars().nth(usize::from(byte - 0x80)).filter(|char| *char != '\0')
                }
                _ => Some(char::from(byte)),
            },
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Ascii => "ascii",
            Self::Latin1 => "iso-8859-1",
            Self::Latin9 => "iso-8859-15",
            Self::Cp1252 => "cp1252",
        }
    }
}

/// What cp1252 has from 0x80 to 0x9f, where latin-1 has control characters; NUL where it has nothing.
const CP1252_HIGH: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, String> {
        decode(bytes).map(Cow::into_owned).map_err(|error| error.to_string())
    }

    #[test]
    fn utf8_is_the_default_with_or_without_bom() {
        assert_eq!(text("s = 'ü'".as_bytes()).unwrap(), "s = 'ü'");
        assert_eq!(text(b"\xef\xbb\xbfx = 1").unwrap(), "x = 1");
        assert!(text(b"x = '\xfc'").unwrap_err().contains("utf-8"));
    }

    #[test]
    fn declared_encodings_decode() {
        assert_eq!(text(b"# -*- coding: latin-1 -*-\n'\xfc'").unwrap().lines().last(), Some("'ü'"));
        assert_eq!(
            text(b"#!py\n# vim: fileencoding=cp1252\n'\x80'").unwrap().lines().last(),
            Some("'€'")
        );
        assert_eq!(text(b"\n#coding=iso_8859_15\n'\xa4'").unwrap().lines().last(), Some("'€'"));
        assert!(text(b"# coding: ascii\n'\xfc'").unwrap_err().contains("ascii"));
        assert!(text(b"# coding: cp1252\n'\x81'").is_err());
        assert!(text(b"# coding: koi8-r\n").unwrap_err().contains("`koi8-r`"));
        assert!(text(b"\xef\xbb\xbf# coding: latin-1\n").is_err());
    }

    #[test]
    fn a_declaration_counts_only_in_a_leading_comment() {
        assert!(text(b"x = 1\n# coding: koi8-r\n").is_ok());
        assert!(text(b"# one\n# two\n# coding: koi8-r\n").is_ok());
        assert!(text(b"'coding: koi8-r'\n").is_ok());
    }

    #[test]
    fn line_ends_become_newlines() {
        assert_eq!(text(b"a\r\nb\rc\n").unwrap(), "a\nb\nc\n");
    }
}
