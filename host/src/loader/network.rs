//! Whether a library can talk to the network by itself.
//!
//! What is imported is a strong hint about an honest library, not a proof about a hostile one: that can
//! make system calls by itself or look functions up while it runs.

use std::collections::BTreeSet;

use object::{Object, read::NameOrOrdinal};

/// Functions that connect, send or resolve names, as C names them.
const FUNCTIONS: &[&str] = &[
    "connect",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "getaddrinfo",
    "gethostbyname",
    "gethostbyname_r",
    "gethostbyname2",
    "gethostbyname2_r",
    "res_query",
    "res_search",
    // Windows
    "WSAConnect",
    "WSAConnectByNameA",
    "WSAConnectByNameW",
    "WSASendTo",
    "GetAddrInfoW",
    "GetAddrInfoExW",
    // macOS
    "connectx",
    // A program that it starts can do all of this.
    "fork",
    "vfork",
    "execve",
    "execvp",
    "posix_spawn",
    "posix_spawnp",
    "popen",
    "system",
    "CreateProcessA",
    "CreateProcessW",
];

/// Libraries that have the network as their purpose, in lower case and up to their version.
const LIBRARIES: &[&str] = &["libcurl", "winhttp.dll", "wininet.dll"];

/// `ws2_32.dll` is often imported by number.
const WINSOCK_ORDINALS: &[(u16, &str)] = &[(4, "connect"), (20, "sendto"), (52, "gethostbyname")];

/// Lists what the library imports to talk to the network: functions by the names that C gives them, and libraries. Each
/// once, functions by name and then libraries in the order of the file.
pub(super) fn imports(
    file: &object::File<'_>,
    needed_libraries: &[String],
) -> object::read::Result<Vec<String>> {
    let mut functions = BTreeSet::new();
    for import in file.imports()? {
        let import = import?;
        functions.extend(match import.name() {
            NameOrOrdinal::Name(name) => network_function(name),
            NameOrOrdinal::Ordinal(ordinal) => winsock_function(import.library(), ordinal),
        });
    }
    let functions = functions.into_iter().map(str::to_owned);
    let libraries = needed_libraries.iter().filter(|it| is_network_library(it));
    Ok(functions.chain(libraries.cloned()).collect())
}

fn is_network_library(library: &str) -> bool {
    let file_name = library.rsplit('/').next().unwrap_or_default();
    let file_name = file_name.to_lowercase();
    LIBRARIES.iter().any(|known| file_name.starts_with(known))
}

/// Knows the names of macOS, too: an underscore before, a variant after a `$`.
fn network_function(name: &[u8]) -> Option<&'static str> {
    let name = String::from_utf8_lossy(name);
    let bare = name.split('$').next().unwrap_or_default();
    let known = |name: &str| FUNCTIONS.iter().find(|known| **known == name).copied();
    known(bare).or_else(|| known(bare.strip_prefix('_')?))
}

fn winsock_function(library: &[u8], ordinal: u16) -> Option<&'static str> {
    let known = WINSOCK_ORDINALS.iter().find(|(known, _)| *known == ordinal);
    let from_winsock = library.eq_ignore_ascii_case(b"ws2_32.dll");
    known.filter(|_| from_winsock).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_the_names_of_every_platform() {
        for (name, shown) in [
            ("connect", "connect"),
            ("_connect$NOCANCEL", "connect"),
            ("GetAddrInfoW", "GetAddrInfoW"),
            ("_getaddrinfo", "getaddrinfo"),
            ("posix_spawn", "posix_spawn"),
        ] {
            assert_eq!(network_function(name.as_bytes()), Some(shown));
        }
        for name in ["disconnect", "connector_open", "_", "", "send"] {
            assert_eq!(network_function(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn winsock_is_known_by_numbers_and_no_other_library() {
        assert_eq!(winsock_function(b"WS2_32.dll", 52), Some("gethostbyname"));
        assert_eq!(winsock_function(b"ws2_32.dll", 53), None);
        assert_eq!(winsock_function(b"other.dll", 52), None);
    }
}
