//! Which file systems a ledger must not lie on.

use std::io;
use std::path::Path;

/// Returns the name of the folder's file system if programs cannot share memory and locks reliably through it.
#[cfg(target_os = "linux")]
pub(super) fn unsuitable(folder: &Path) -> io::Result<Option<&'static str>> {
    // The type of the number differs between machines; all these fit into 32 bits.
    Ok(name_of(rustix::fs::statfs(folder)?.f_type as u32))
}

/// Other systems have no number that says it.
#[cfg(not(target_os = "linux"))]
pub(super) fn unsuitable(_folder: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// The numbers are those of statfs(2).
#[cfg(target_os = "linux")]
fn name_of(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x6573_5546 => "a FUSE file system",
        0x0102_1997 => "9P",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x00c3_6400 => "Ceph",
        0x7375_7245 => "Coda",
        0x0bd0_0bd0 => "Lustre",
        0x0116_1970 => "GFS2",
        0x7461_636f => "OCFS2",
        0x786f_4256 => "a VirtualBox shared folder",
        _ => return None,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_disk_of_this_machine_is_suitable_and_a_network_is_not() {
        const EXT4: u32 = 0xef53;
        const TMPFS: u32 = 0x0102_1994;
        const OVERLAY: u32 = 0x794c_7630;
        assert_eq!([EXT4, TMPFS, OVERLAY].map(name_of), [None; 3]);
        assert_eq!(name_of(0x6969), Some("NFS"));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(unsuitable(folder.path()).unwrap(), None);
        // A file system of the kernel's own, whose number is none of these.
        assert_eq!(unsuitable(Path::new("/proc")).unwrap(), None);
        unsuitable(&folder.path().join("missing")).unwrap_err();
    }
}
