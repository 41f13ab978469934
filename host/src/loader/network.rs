//! Whether a library can talk to the network by itself.
//!
//! What is imported is a strong hint about an honest library, not a proof about a hostile one: that can
//! make system calls by itself or look functions up while it runs.

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

/// `ws2_32.dll` is often imported by number: these are `connect`, `sendto` and the look-ups by name.
const WINSOCK_ORDINALS: &[u32] = &[4, 20, 52];

/// Whether the library imports a function that talks to the network, or a library that does.
pub(super) fn is_imported(
    file: &object::File<'_>,
    needed_libraries: &[String],
) -> object::read::Result<bool> {
    let is_network_library = |library: &String| {
        let file_name = library
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        LIBRARIES.iter().any(|known| file_name.starts_with(known))
    };
    if needed_libraries.iter().any(is_network_library) {
        return Ok(true);
    }
    for import in file.imports()? {
        let import = import?;
        let found = match import.name() {
            NameOrOrdinal::Name(name) => is_network_function(name),
            NameOrOrdinal::Ordinal(ordinal) => {
                let from_winsock = import.library().eq_ignore_ascii_case(b"ws2_32.dll");
                from_winsock && WINSOCK_ORDINALS.contains(&ordinal.into())
            }
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Knows the names of macOS, too: an underscore before, a variant after a `$`.
fn is_network_function(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    let bare = name.split('$').next().unwrap_or_default();
    let is_known = |name: &str| FUNCTIONS.contains(&name);
    is_known(bare) || bare.strip_prefix('_').is_some_and(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_the_names_of_every_platform() {
        for name in [
            "connect",
            "_connect$NOCANCEL",
            "GetAddrInfoW",
            "_getaddrinfo",
        ] {
            assert!(is_network_function(name.as_bytes()), "{name}");
        }
        for name in ["disconnect", "connector_open", "_", "", "send"] {
            assert!(!is_network_function(name.as_bytes()), "{name}");
        }
    }
}
