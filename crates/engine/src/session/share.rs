//! Which worker says what was collected in which file. All find the same, and to say it a file has to be parsed, which
//! takes time and memory: so each says it of some.

use testmonx_core::{Digest, RelPath};

/// Some of the test files: all those of one remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which remainder, counted from 0.
    pub index: u32,
    /// How many shares there are; 0: the share has no file.
    pub of: u32,
}

impl Share {
    /// All files.
    pub const ALL: Self = Self { index: 0, of: 1 };
    /// No file.
    pub const NONE: Self = Self { index: 0, of: 0 };

    /// Whether a file is one of these. The same in every process, and wherever the project is.
    #[must_use]
    pub fn has(self, file: &RelPath) -> bool {
        let digest = *Digest::of(file.as_str().as_bytes()).as_bytes();
        let number = u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]);
        number.checked_rem(self.of) == Some(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_in_one_share() {
        for number in 0..100 {
            let file = RelPath::new(&format!("tests/test_{number}.py"));
            let shares = (0..7).filter(|index| Share { index: *index, of: 7 }.has(&file));
            assert_eq!(shares.count(), 1);
            assert!(Share::ALL.has(&file) && !Share::NONE.has(&file));
        }
    }

    #[test]
    fn shares_are_about_equal() {
        let files: Vec<RelPath> =
            (0..1_000).map(|number| RelPath::new(&format!("test_{number}.py"))).collect();
        for index in 0..4 {
            let size = files.iter().filter(|file| Share { index, of: 4 }.has(file)).count();
            assert!((200..300).contains(&size), "{size}");
        }
    }
}
