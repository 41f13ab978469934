//! Composing the details of a call.

use switchboard_connector_sdk::CreateCallLog;
use switchboard_host::compose::{self, Format};

/// The markup that the host itself writes.
const OWN_MARKUP: [&str; 9] = [
    "<b>",
    "</b>",
    "<br>",
    "<li>",
    "</li>",
    "<div>",
    "</div>",
    "<a target=\"_blank\" href=\"",
    "\">open</a>",
];

/// Composes the details of the call that the bytes are, if they are one, in every format.
///
/// # Panics
///
/// A value of the call has become markup, or the details have outgrown the call.
pub fn compose(bytes: &[u8]) {
    let Ok(call) = CreateCallLog::from_json(bytes) else {
        return;
    };
    for format in [Format::Plain, Format::Html, Format::Markdown] {
        let details = compose::compose(&call, format);
        // Labels, markup, and six bytes for each that HTML escapes.
        let most = 10_000 + 6 * bytes.len() * 3;
        assert!(
            details.len() <= most,
            "{} bytes of {}",
            details.len(),
            bytes.len()
        );
        if format == Format::Html {
            let values = OWN_MARKUP
                .iter()
                .fold(details, |rest, tag| rest.replace(tag, ""));
            let markup = values.find(['<', '>', '"', '\n', '\r']);
            assert_eq!(markup, None, "a value has become markup: {values}");
        }
    }
}
