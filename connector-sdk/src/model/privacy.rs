//! Which members of an input must never be shown.

/// Whether a member of this name holds a secret, at any depth of an input.
///
/// Secret are `authHeader`, `proxyConfig`, and every name that ends, in any case, in `token`, `secret`, `password`,
/// `apikey` or `user_key`.
pub fn is_secret_member(name: &str) -> bool {
    const SUFFIXES: [&str; 5] = ["token", "secret", "password", "apikey", "user_key"];
    let name = name.to_ascii_lowercase();
    name == "authheader"
        || name == "proxyconfig"
        || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Whether a member of this name holds what was said or written in a call: the note, AI and ACE texts, transcripts and
/// the composed log body.
pub fn is_private_member(name: &str) -> bool {
    const NAMES: [&str; 4] = ["note", "aiNote", "transcript", "composedLogDetails"];
    NAMES.contains(&name) || name.starts_with("ringSense")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name_or_ending_in_any_case() {
        for name in [
            "authHeader",
            "proxyConfig",
            "accessToken",
            "ACCESS_TOKEN",
            "clientSecret",
        ] {
            assert!(is_secret_member(name), "{name}");
        }
        for name in ["password", "apiKey", "zap_user_key"] {
            assert!(is_secret_member(name), "{name}");
        }
        for name in ["id", "tokens", "hostname", "note"] {
            assert!(!is_secret_member(name), "{name}");
        }
    }

    #[test]
    fn what_was_said_is_private() {
        for name in [
            "note",
            "aiNote",
            "transcript",
            "ringSenseAIScore",
            "composedLogDetails",
        ] {
            assert!(is_private_member(name), "{name}");
        }
        assert!(!is_private_member("phoneNumber"));
    }
}
