//! How people in one folder call a file in another.

use std::path::{Component, Path, absolute};

/// Returns the way from a folder to a file, with slashes on every system; the file's whole path if there is none.
///
/// Only names are looked at: links stay what they are.
pub(super) fn from_folder(folder: &Path, file: &Path) -> String {
    let way = absolute(folder)
        .and_then(|folder| Ok((folder, absolute(file)?)))
        .ok()
        .and_then(|(folder, file)| between(&folder, &file));
    way.unwrap_or_else(|| file.to_string_lossy().into_owned())
}

fn between(folder: &Path, file: &Path) -> Option<String> {
    let n_common = folder
        .components()
        .zip(file.components())
        .take_while(|(left, right)| left == right)
        .count();
    let up = folder.components().skip(n_common);
    let down = file.components().skip(n_common);
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        Component::ParentDir => Some("..".to_owned()),
        _ => None,
    };
    // Nobody knows the name of what a `..` in the folder's own path leads away from.
    let up = up.map(|component| match component {
        Component::Normal(_) => Some("..".to_owned()),
        _ => None,
    });
    let way: Option<Vec<_>> = up.chain(down.map(name)).collect();
    Some(way?.join("/"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_up_and_down_and_is_whole_where_there_is_none() {
        let way = |folder, file| from_folder(Path::new(folder), Path::new(file));
        assert_eq!(way("/srv/manifests", "/srv/manifests/a.so"), "a.so");
        assert_eq!(way("/srv/manifests", "/srv/lib/a.so"), "../lib/a.so");
        assert_eq!(way("/srv/m", "/srv/m/../lib/a.so"), "../lib/a.so");
        assert_eq!(way("/srv/m/", "/srv/./lib//a.so"), "../lib/a.so");
        assert_eq!(way("/srv/x/../m", "/opt/a.so"), "/opt/a.so");
        assert_eq!(way("manifests", "connectors/a.so"), "../connectors/a.so");
    }
}
