//! Which files a thread may open: Landlock.
//!
//! A layer binds the thread that puts it on and those that this starts later, not its siblings. Layers add up: a file
//! can be opened if every one of them allows it. Reading and writing what is open goes on, and so does opening memory
//! that has no name in a file system, such as a sealed library's.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, AddRuleError, AddRulesError, LandlockStatus, PathBeneath,
    PathFd, PathFdError, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError,
    Scope,
};

/// The newest interface that this code was written for. On older kernels what they do not know is left out.
const NEWEST: ABI = ABI::V10;

/// Where the system's loader looks for what a library needs.
const LIBRARIES: [&str; 8] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    // musl's list of folders; without it, it looks nowhere at all.
    "/etc/ld-musl-x86_64.path",
    "/etc/ld-musl-aarch64.path",
];

/// Denies the calling thread every file, TCP, and what else Landlock knows. Returns the version of the interface in
/// force, none where the kernel has no Landlock.
///
/// # Errors
///
/// Landlock is there and failed.
pub(in crate::connector) fn deny_files() -> io::Result<Option<u32>> {
    layer().and_then(restrict).map_err(io::Error::other)
}

/// Denies the calling thread the same, but lets it read the system's libraries and `library`. Returns as
/// [`deny_files`] does.
///
/// # Errors
///
/// Landlock is there and failed, or the list of what this process has mapped cannot be read.
pub(in crate::connector) fn allow_libraries(library: BorrowedFd<'_>) -> io::Result<Option<u32>> {
    let mut places: BTreeSet<PathBuf> = LIBRARIES.iter().map(PathBuf::from).collect();
    let maps = fs::read_to_string("/proc/self/maps")?;
    for folder in folders_of_runtime(&maps) {
        places.extend(shared_objects_in(folder));
    }
    let mut layer = layer().map_err(io::Error::other)?;
    for place in places {
        match PathFd::new(place) {
            Ok(place) => allow(&mut layer, &place)?,
            Err(PathFdError::OpenCall { source, .. }) if is_absent(&source) => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    allow(&mut layer, &library)?;
    restrict(layer).map_err(io::Error::other)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
    )
}

/// A layer that denies all there is.
fn layer() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()
}

/// Lets files be read. Mapping them as code takes no more; Landlock's right to execute is for programs.
fn allow(layer: &mut RulesetCreated, place: &impl AsFd) -> io::Result<()> {
    match layer.add_rule(PathBeneath::new(place.as_fd(), AccessFs::ReadFile)) {
        Ok(_) => Ok(()),
        Err(error) if is_nameless(&error) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Whether it is memory without a name, which can be opened anyway.
fn is_nameless(error: &RulesetError) -> bool {
    matches!(
        error,
        RulesetError::AddRules(AddRulesError::Fs(AddRuleError::AddRuleCall { source, .. }))
            if source.raw_os_error() == Some(libc::EBADFD)
    )
}

fn restrict(layer: RulesetCreated) -> Result<Option<u32>, RulesetError> {
    let status = layer.restrict_self()?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => Some(effective_abi as u32),
        _ => None,
    })
}

/// Returns where the C library and the compiler's runtime have come from, if that is none of the system's folders, by
/// the list of what this process has mapped. Some distributions keep the C library in a folder of its own, and what a
/// connector needs of its other parts is found there only.
fn folders_of_runtime(maps: &str) -> BTreeSet<&Path> {
    let files = maps
        .lines()
        .filter_map(|line| Some(Path::new(&line[line.find('/')?..])));
    let runtime = files.filter(|file| is_shared_object(file) && is_runtime(file));
    let folders = runtime.filter_map(Path::parent);
    folders
        .filter(|folder| !LIBRARIES.iter().any(|known| folder.starts_with(known)))
        .collect()
}

/// Returns the files of a folder that are libraries by their names. A program that brings its own C library along may
/// have anything else beside it.
fn shared_objects_in(folder: &Path) -> Vec<PathBuf> {
    // What cannot be listed is not needed: the program itself has all that it takes.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| is_shared_object(path) && path.is_file())
        .collect()
}

fn is_runtime(file: &Path) -> bool {
    let starts = ["libc.so", "libgcc_s.so", "ld-"];
    starts.iter().any(|start| name_of(file).starts_with(start))
}

/// Whether it is named like `libm.so` or `libm.so.6`.
fn is_shared_object(file: &Path) -> bool {
    let name = name_of(file);
    name.ends_with(".so") || name.contains(".so.")
}

fn name_of(file: &Path) -> &str {
    file.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_of_the_c_library_and_the_runtime_are_found() {
        let maps = "\
55d0-55d1 r-xp 00000000 08:01 123  /home/user/app/switchboard
7f00-7f01 r--p 00000000 08:01 124  /home/user/app/libapp.so
7f00-7f01 r--p 00000000 08:01 124  /home/user/ld-notes.txt
7f01-7f02 r-xp 00000000 08:01 124  /nix/store/abc-glibc-2.40/lib/libc.so.6
7f02-7f03 r--p 00000000 08:01 125  /nix/store/def-gcc-14-lib/lib/libgcc_s.so.1
7f03-7f04 r--p 00000000 08:01 126  /nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2
7f03-7f04 r--p 00000000 08:01 126  /usr/lib/x86_64-linux-gnu/libgcc_s.so.1
7f04-7f05 rw-p 00000000 00:00 0
7f05-7f06 r-xp 00000000 00:00 0    [vdso]
";
        let found = folders_of_runtime(maps);
        let expected = [
            "/nix/store/abc-glibc-2.40/lib",
            "/nix/store/def-gcc-14-lib/lib",
        ];
        assert_eq!(found, expected.map(Path::new).into());
    }

    #[test]
    fn of_such_a_folder_only_its_libraries_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["libm.so.6", "libapp.so", "app.toml", "libapp.so-key"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("folder.so")).unwrap();
        let mut found = shared_objects_in(folder.path());
        found.sort();
        let expected = ["libapp.so", "libm.so.6"].map(|name| folder.path().join(name));
        assert_eq!(found, expected);
        assert!(shared_objects_in(&folder.path().join("absent")).is_empty());
    }
}
