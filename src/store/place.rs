//! Where a database must not lie: on file systems of other machines, whose locks and flushes SQLite cannot rely on
//! (FAULTS S04).

use std::path::Path;

/// File systems that reach over a network or through another program, by the number `statfs` gives them.
#[cfg(any(target_os = "linux", test))]
const REMOTE: [(u64, &str); 10] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0xff53_4d42, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9p"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
];

#[cfg(any(target_os = "linux", test))]
fn name_of(kind: u64) -> Option<&'static str> {
    REMOTE.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// The name of the remote file system that `path`, or the nearest folder above it that exists, lies on.
///
/// None where it is local, or where this system does not say.
#[cfg(target_os = "linux")]
pub fn remote_file_system(path: &Path) -> Option<&'static str> {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or_else(|| Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let kind = rustix::fs::statfs(there).ok()?.f_type;
    // The numbers are 32 bits wide; some platforms extend their sign.
    name_of(u64::try_from(i128::from(kind) & 0xffff_ffff).unwrap_or_default())
}

/// None: this system does not say on what a path lies.
#[cfg(not(target_os = "linux"))]
pub const fn remote_file_system(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s04_file_systems_of_other_machines_are_known_by_their_numbers() {
        let remote = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997];
        assert_eq!(remote.map(name_of), ["NFS", "SMB", "SMB", "SMB", "FUSE", "9p"].map(Some));
        // ext4, XFS, Btrfs, tmpfs, overlay, ZFS.
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(name_of(local), None, "{local:x}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(remote_file_system(&folder.path().join("a/b.db")), None, "tests run on a local disk");
    }
}
