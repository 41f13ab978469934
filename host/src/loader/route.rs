//! Follows a path to its file as the system does, and looks at who may change what it passes.
//!
//! A symbolic link is as good as the folder that holds it: whoever may write there puts another link in
//! its place. So the path is followed component by component, each link is resolved by hand, and every
//! folder in which something is looked up is checked, not only those above the file's real place.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// The owner that may do everything anyway.
const ROOT: u32 = 0;

/// Where a path leads, or by what everyone could make it lead elsewhere.
#[derive(Debug)]
pub(super) enum Route {
    /// The file at the path's end.
    Sound(Metadata),
    /// A folder on the way.
    Writable { folder: PathBuf, mode: u32 },
}

/// Follows `path` to its end.
pub(super) fn follow(path: &Path) -> io::Result<Route> {
    let mut walk = Walk {
        at: PathBuf::new(),
        ahead: VecDeque::new(),
        n_links: 0,
    };
    walk.put_ahead(&std::path::absolute(path)?);
    let mut end = fs::symlink_metadata("/")?;
    while let Some(name) = walk.ahead.pop_front() {
        match walk.step(&name)? {
            Step::To(entry) => end = entry,
            Step::Aside => {}
            Step::Unsafe(mode) => {
                let folder = walk.at;
                return Ok(Route::Writable { folder, mode });
            }
        }
    }
    Ok(Route::Sound(end))
}

struct Walk {
    /// The folder that has been reached; no component of it is a link.
    at: PathBuf,
    /// What is still to be looked up.
    ahead: VecDeque<OsString>,
    n_links: usize,
}

enum Step {
    To(Metadata),
    Aside,
    /// Everyone may change the folder that was reached, which has this mode.
    Unsafe(u32),
}

impl Walk {
    fn put_ahead(&mut self, path: &Path) {
        for component in path.components().rev() {
            self.ahead.push_front(component.as_os_str().to_owned());
        }
    }

    fn step(&mut self, name: &OsStr) -> io::Result<Step> {
        match Path::new(name).components().next() {
            Some(Component::RootDir) => {
                self.at = PathBuf::from("/");
                Ok(Step::Aside)
            }
            Some(Component::ParentDir) => {
                self.at.pop();
                Ok(Step::Aside)
            }
            Some(Component::Normal(name)) => self.enter(name),
            _ => Ok(Step::Aside),
        }
    }

    fn enter(&mut self, name: &OsStr) -> io::Result<Step> {
        let folder = fs::symlink_metadata(&self.at)?;
        let path = self.at.join(name);
        let entry = fs::symlink_metadata(&path)?;
        // In the library's own folder anyone could put a library of a name that is looked for.
        let is_own_folder = self.ahead.is_empty();
        let own = rustix::process::geteuid().as_raw();
        if is_writable(&folder) && (is_own_folder || !keeps_entry(folder.mode(), entry.uid(), own))
        {
            return Ok(Step::Unsafe(folder.mode()));
        }
        if !entry.is_symlink() {
            self.at = path;
            return Ok(Step::To(entry));
        }
        self.n_links += 1;
        if self.n_links > MAX_LINKS {
            return Err(rustix::io::Errno::LOOP.into());
        }
        self.put_ahead(&fs::read_link(&path)?);
        Ok(Step::Aside)
    }
}

/// Whether everyone may write to it.
pub(super) fn is_writable(metadata: &Metadata) -> bool {
    metadata.mode() & 0o002 != 0
}

/// Whether a folder that everyone may write to keeps others from replacing an entry. A *sticky* one, such
/// as `/tmp`, lets only an entry's owner do that; so the owner has to be root or `own`, this process's user.
fn keeps_entry(folder_mode: u32, entry_owner: u32, own: u32) -> bool {
    folder_mode & 0o1000 != 0 && [ROOT, own].contains(&entry_owner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_sticky_folder_keeps_the_entries_of_root_and_of_this_user_only() {
        assert!(keeps_entry(0o41777, ROOT, 1000));
        assert!(keeps_entry(0o41777, 1000, 1000));
        assert!(!keeps_entry(0o41777, 1001, 1000));
        assert!(!keeps_entry(0o40777, 1000, 1000));
    }

    #[test]
    fn a_path_of_links_and_dots_leads_to_its_file() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        fs::create_dir_all(at("real/inner")).unwrap();
        fs::write(at("real/file"), "").unwrap();
        symlink("real/inner", at("link")).unwrap();
        symlink(at("link"), at("twice")).unwrap();
        symlink("./../file", at("real/inner/up")).unwrap();
        let expected = at("real/file").metadata().unwrap();
        // `..` behind a link is the folder above the link's target.
        for path in [
            "real/file",
            "real/./inner/../file",
            "link/../file",
            "twice/up",
        ] {
            let route = follow(&at(path)).unwrap();
            let Route::Sound(found) = route else {
                panic!("{path}: {route:?}");
            };
            assert_eq!((found.dev(), found.ino()), (expected.dev(), expected.ino()));
        }
        symlink("round", at("round")).unwrap();
        follow(&at("round/file")).unwrap_err();
        follow(&at("real/missing")).unwrap_err();
    }
}
