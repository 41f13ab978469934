//! Descriptors that a worker has inherited without knowing of them.

use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

/// Closes every descriptor but 0, 1, 2 and those to keep.
pub(super) fn close_all_but(keep: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut kept = vec![0, 1, 2];
    kept.extend(keep.iter().map(AsRawFd::as_raw_fd));
    for gap in gaps(kept) {
        match close_range(&gap) {
            Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => close_listed(&gap)?,
            closed => closed?,
        }
    }
    Ok(())
}

/// Returns the numbers between those to keep.
fn gaps(mut kept: Vec<RawFd>) -> Vec<RangeInclusive<RawFd>> {
    kept.sort_unstable();
    let ends = kept.iter().skip(1).map(|next| next - 1).chain([RawFd::MAX]);
    let gaps = kept.iter().zip(ends).map(|(before, end)| before + 1..=end);
    gaps.filter(|gap| !gap.is_empty()).collect()
}

fn close_range(gap: &RangeInclusive<RawFd>) -> io::Result<()> {
    // SAFETY: a worker calls this before it owns any descriptor but those that it keeps; what it has inherited beside
    // them is known to nobody.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, *gap.start(), *gap.end(), 0) };
    if closed == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Before Linux 5.9 there is only the list of those that are open.
fn close_listed(gap: &RangeInclusive<RawFd>) -> io::Result<()> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        open.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<RawFd>().ok()),
        );
    }
    for number in open.into_iter().filter(|number| gap.contains(number)) {
        // The one that read the folder is closed by now, which is all that can fail.
        // SAFETY: as for `close_range`.
        unsafe { libc::close(number) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_the_kept_ones_is_closed() {
        assert_eq!(gaps(vec![0, 1, 2]), [3..=RawFd::MAX]);
        assert_eq!(gaps(vec![0, 1, 2, 3]), [4..=RawFd::MAX]);
        assert_eq!(
            gaps(vec![0, 1, 2, 900, 5]),
            [3..=4, 6..=899, 901..=RawFd::MAX]
        );
        assert_eq!(gaps(vec![0, 1, 2, 2, 5]), [3..=4, 6..=RawFd::MAX]);
    }
}
