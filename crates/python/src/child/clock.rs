//! Two numbers in memory that a session shares with its child processes: the session's epoch, which it
//! counts up when its open spans change, and how many notes children have written, so that the
//! session need not look for news when there are none.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

const NAME: &str = "clock";

#[repr(C)]
struct Shared {
    epoch: AtomicU64,
    notes: AtomicU64,
}

/// The numbers. The memory stays mapped for the life of the process: forked children use it too.
#[derive(Clone, Copy)]
pub(crate) struct Clock(&'static Shared);

impl Clock {
    /// Makes the numbers in `dir`.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).open(dir.join(NAME))?;
        file.set_len(size_of::<Shared>() as u64)?;
        Self::map(&file)
    }

    /// The numbers that a session made in `dir`.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(dir.join(NAME))?;
        if file.metadata()?.len() < size_of::<Shared>() as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Self::map(&file)
    }

    fn map(file: &File) -> io::Result<Self> {
        // SAFETY: a new mapping at an address that the kernel chooses.
        let address = unsafe {
            libc::mmap(
                null_mut(),
                size_of::<Shared>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let shared = NonNull::new(address.cast::<Shared>()).ok_or(io::ErrorKind::Other)?;
        // SAFETY: the file is as long as `Shared`, is never cut, and the mapping is never taken back. Any
        // bytes are valid numbers, and all access is atomic.
        Ok(Self(unsafe { shared.as_ref() }))
    }

    /// The present epoch.
    #[inline]
    pub(crate) fn epoch(self) -> u64 {
        self.0.epoch.load(Ordering::Acquire)
    }

    /// Begins another epoch.
    pub(crate) fn turn(self) {
        self.0.epoch.fetch_add(1, Ordering::Release);
    }

    /// How many notes were written.
    pub(crate) fn notes(self) -> u64 {
        self.0.notes.load(Ordering::Acquire)
    }

    /// Counts a note that was written.
    pub(crate) fn note(self) {
        self.0.notes.fetch_add(1, Ordering::Release);
    }
}
