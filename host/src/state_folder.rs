//! The folder that this program keeps files in.

use std::path::PathBuf;

/// Returns the folder in which the program `switchboard` keeps what outlives it: `$STATE_DIRECTORY`, which systemd names
/// for each service, else the user's own, by the rules of the platform. `None` if neither is known.
pub fn default_state_folder() -> Option<PathBuf> {
    state_folder(|name| std::env::var_os(name).map(PathBuf::from))
}

fn state_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // A variable that is empty is not set: Compose files make such.
    let set = |name| variable(name).filter(|path| !path.as_os_str().is_empty());
    if let Some(folders) = set("STATE_DIRECTORY") {
        // Several are separated by colons.
        let first = std::env::split_paths(&folders).next();
        return Some(first.unwrap_or(folders));
    }
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let home = absolute("XDG_STATE_HOME").or_else(|| match std::env::consts::OS {
        "windows" => absolute("LOCALAPPDATA"),
        _ => absolute("HOME").map(|home| home.join(".local/state")),
    });
    home.map(|folder| folder.join("switchboard"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_state_folder_is_the_services_own_then_the_users() {
        let folder = |set: &[(&str, &str)]| {
            let found = state_folder(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| PathBuf::from(value))
            });
            found.map(|folder| folder.display().to_string())
        };
        let home = ("HOME", "/home/ada");
        let service = folder(&[("STATE_DIRECTORY", "/a:/b"), home]);
        assert_eq!(service.as_deref(), Some("/a"));
        let unset = folder(&[("STATE_DIRECTORY", ""), home]);
        assert_eq!(unset.as_deref(), Some("/home/ada/.local/state/switchboard"));
        let own = folder(&[("XDG_STATE_HOME", "relative"), home]);
        assert_eq!(own.as_deref(), Some("/home/ada/.local/state/switchboard"));
        assert_eq!(folder(&[("HOME", "")]), None);
    }
}
