//! A text that nothing may show.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A text that no log line and no `Debug` output shows, and that is wiped from memory when its last owner lets go of it.
///
/// Clones share one text; none is copied.
///
/// What this does **not** promise: that no copy is left elsewhere in memory. Copies are made by whoever had the text
/// before ([`Secret::new`] takes over the buffer it is given, not those from which that was grown or read), by whoever
/// gets it from [`Secret::expose`], such as the HTTP client, which keeps a proxy's password and the headers of its
/// requests in buffers of its own, and by the JSON in which a token comes in and goes to a connector.
/// What a manifest says is parsed and expanded in texts that are not wiped either, as are the settings on their way to
/// a connector and the texts that are looked for in log lines; those are freed, not wiped.
///
/// ```
/// use switchboard_host::Secret;
///
/// let token = Secret::new("Bearer t0ken".to_owned());
/// assert_eq!(format!("{token} {token:?}"), "*** ***");
/// assert_eq!(token.expose(), "Bearer t0ken");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes over a text, with its buffer.
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// Lends the text to whoever must use it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_it_however_they_are_asked() {
        let secret = Secret::from("s3cret".to_owned());
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "*** *** ***");
        assert_eq!(format!("{secret:9} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.expose(), "s3cret");
    }

    /// The kernel shows what is where the text was. Something else may have come there since.
    #[cfg(target_os = "linux")]
    #[test]
    fn its_memory_is_wiped_when_the_last_owner_lets_go() {
        use std::os::unix::fs::FileExt;

        let memory = std::fs::File::open("/proc/self/mem").unwrap();
        let secret = Secret::new("s3cret".repeat(1000));
        let place = secret.expose().as_ptr() as u64;
        let still_there = || {
            let mut found = [0; 6000];
            memory.read_exact_at(&mut found, place).unwrap();
            found.windows(6).any(|part| part == b"s3cret")
        };
        let other = secret.clone();
        drop(secret);
        assert!(still_there());
        drop(other);
        assert!(!still_there());
    }
}
