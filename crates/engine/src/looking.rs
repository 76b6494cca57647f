//! What is on the disk at an absolute place: the looks that recording and checking share, so that
//! both see the same.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use testmonx_core::Digest;
use testmonx_core::world::{Entry, Listed, Target};
use testmonx_store::FileStat;

/// How much older than a record a stat must be to be trusted: the coarsest clock that a common file
/// system stamps files with, and some slack for clocks that differ between a file server and this
/// machine.
const RACY_NS: i64 = 2_500_000_000;

/// The stat of a regular file; `None` if there is none.
pub(crate) fn stat(place: &Path) -> Option<FileStat> {
    let meta = fs::metadata(place).ok()?;
    meta.is_file().then(|| FileStat {
        size: meta.len(),
        mtime_ns: meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()),
        ctime_ns: meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec()),
        inode: meta.ino(),
    })
}

/// Whether a record made at `recorded_at_ns` of a file with this stat cannot have missed a write: one
/// in the same tick of the file system's clock could have left the stat alone.
pub(crate) fn is_settled(stat: &FileStat, recorded_at_ns: i64) -> bool {
    stat.mtime_ns.max(stat.ctime_ns).saturating_add(RACY_NS) < recorded_at_ns
}

/// The digest of a file's content, which may be larger than the memory.
pub(crate) fn digest(place: &Path) -> Option<Digest> {
    Digest::of_reader(File::open(place).ok()?).ok()
}

/// What is at `place`.
///
/// # Errors
/// As for a stat; [`io::ErrorKind::NotFound`] if there is nothing, not even a link that leads nowhere.
pub(crate) fn entry(place: &Path) -> io::Result<Entry> {
    let meta = fs::symlink_metadata(place)?;
    if !meta.is_symlink() {
        return Ok(Entry { link: None, target: target(&meta) });
    }
    let link = fs::read_link(place)?.to_string_lossy().into_owned();
    let target = fs::metadata(place).map_or(Target::Nothing, |meta| target(&meta));
    Ok(Entry { link: Some(link), target })
}

/// What is in the directory at `place`; `None` if it cannot be listed. Names that are no UTF-8 are
/// left out: no fact can hold them.
pub(crate) fn list(place: &Path) -> Option<Vec<Listed>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place).ok()? {
        let entry = entry.ok()?;
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else {
            continue;
        };
        let is_link = kind.is_symlink();
        let target = if is_link {
            fs::metadata(entry.path()).map_or(Target::Nothing, |meta| plain(meta.file_type()))
        } else {
            plain(kind)
        };
        found.push(Listed { name, is_link, target });
    }
    Some(found)
}

fn target(meta: &Metadata) -> Target {
    match plain(meta.file_type()) {
        Target::File if meta.permissions().mode() & 0o100 != 0 => Target::Program,
        target => target,
    }
}

fn plain(kind: FileType) -> Target {
    if kind.is_file() {
        Target::File
    } else if kind.is_dir() {
        Target::Directory
    } else {
        Target::Other
    }
}

/// The present time, as records carry it.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_programs_and_directories() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::write(at("run"), "x").unwrap();
        fs::set_permissions(at("run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(at("dir")).unwrap();
        symlink("file", at("link")).unwrap();
        symlink("nowhere", at("broken")).unwrap();
        let entry = |name: &str| super::entry(&at(name)).ok();
        let plain = |target| Some(Entry { link: None, target });
        let link = |text: &str, target| Some(Entry { link: Some(text.to_owned()), target });
        assert_eq!(entry("file"), plain(Target::File));
        assert_eq!(entry("run"), plain(Target::Program));
        assert_eq!(entry("dir"), plain(Target::Directory));
        assert_eq!(entry("link"), link("file", Target::File));
        assert_eq!(entry("broken"), link("nowhere", Target::Nothing));
        assert_eq!(entry("none"), None);
        let mut listed = list(dir.path()).unwrap();
        listed.sort();
        let listed: Vec<_> =
            listed.iter().map(|e| (e.name.as_str(), e.is_link, e.target)).collect();
        let expected = [
            ("broken", true, Target::Nothing),
            ("dir", false, Target::Directory),
            ("file", false, Target::File),
            ("link", true, Target::File),
            ("run", false, Target::File),
        ];
        assert_eq!(listed, expected);
        assert_eq!(list(&at("file")), None);
    }
}
