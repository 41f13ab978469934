//! `${NAME}` and `${file:PATH}` inside the strings of a manifest.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read},
    path::Path,
};

use super::diagnostic::Severity;

/// Looks up a variable of the environment. The program passes [`std::env::var_os`].
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The largest file that is read, for a manifest as for a variable: 1 MiB.
pub(super) const MAX_FILE_LEN: u64 = 1024 * 1024;

/// Where variables get their values from.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub(super) environment: Environment<'a>,
    /// Relative paths start here: the manifest's folder.
    pub(super) folder: &'a Path,
    /// How bad it is that a variable has no value. A warning, where the manifest is checked for another machine.
    pub(super) unset: Severity,
}

/// A string with its variables filled in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// What the variables were replaced with, empty texts excepted.
    pub(super) secrets: Vec<String>,
    pub(super) has_variables: bool,
}

/// Why a variable has no value.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct VariableError {
    pub(super) message: String,
    pub(super) help: &'static str,
    pub(super) severity: Severity,
    /// The part of the string that is at fault, as written.
    pub(super) part: String,
}

/// Why a file has no text for us.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadTextError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is not a file")]
    NotAFile,
    #[error("it is larger than 1 MiB")]
    TooLarge,
}

const HELP_LITERAL: &str = "write `$${` for a literal `${`";

impl Variables<'_> {
    /// Fills in every variable. All faults are returned, in order.
    pub(super) fn expand(&self, text: &str) -> Result<Expanded, Vec<VariableError>> {
        let mut expanded = Expanded::default();
        let mut faults = Vec::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            expanded.text.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            if let Some(after) = rest.strip_prefix("$${") {
                expanded.text.push_str("${");
                rest = after;
            } else if rest.starts_with("${") {
                let (variable, after) = split_variable(rest);
                match self.value(variable) {
                    Ok(value) => expanded.push_secret(value),
                    Err(fault) => faults.push(fault),
                }
                rest = after;
            } else {
                expanded.text.push('$');
                rest = &rest[1..];
            }
        }
        expanded.text.push_str(rest);
        if faults.is_empty() {
            Ok(expanded)
        } else {
            Err(faults)
        }
    }

    /// Returns the value of a variable that is given with its `${` and, unless it is cut short, its `}`.
    fn value(&self, written: &str) -> Result<String, VariableError> {
        let fault = |severity, message: String, help| VariableError {
            message,
            help,
            severity,
            part: written.to_owned(),
        };
        let miswritten = |message: &str| fault(Severity::Error, message.to_owned(), HELP_LITERAL);
        let unset = |message, help| fault(self.unset, message, help);
        let Some(name) = written[2..].strip_suffix('}') else {
            return Err(miswritten("a variable has no closing `}`"));
        };
        if let Some(path) = name.strip_prefix("file:") {
            let path = self.folder.join(path);
            return read_value(&path).map_err(|reason| {
                let message = format!("cannot use the file {}: {reason}", path.display());
                unset(
                    message,
                    "the file must be there and readable for the user who runs switchboard",
                )
            });
        }
        if !is_variable_name(name) {
            return Err(miswritten(
                "a variable is written `${NAME}` or `${file:PATH}`",
            ));
        }
        match (self.environment)(name).map(OsString::into_string) {
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) => Err(unset(
                format!("the environment variable {name} is not UTF-8"),
                "set it to text, or use `${file:PATH}`",
            )),
            None => Err(unset(
                format!("the environment variable {name} is not set"),
                "set it before switchboard starts, or use `${file:PATH}`",
            )),
        }
    }
}

impl Expanded {
    fn push_secret(&mut self, value: String) {
        self.has_variables = true;
        self.text.push_str(&value);
        if !value.is_empty() {
            self.secrets.push(value);
        }
    }
}

/// Reads a file's bytes, [`MAX_FILE_LEN`] at most. What is no file, such as a pipe, is not even opened: that
/// could wait for ever.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, ReadTextError> {
    if !fs::metadata(path)?.is_file() {
        return Err(ReadTextError::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_LEN {
        return Err(ReadTextError::TooLarge);
    }
    Ok(bytes)
}

/// Reads a value from a file; the line break with which editors end a file does not belong to it.
fn read_value(path: &Path) -> Result<String, String> {
    let bytes = read_file(path).map_err(|error| error.to_string())?;
    let mut value = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    Ok(value)
}

fn split_variable(text: &str) -> (&str, &str) {
    let end = text.find('}').map_or(text.len(), |brace| brace + 1);
    text.split_at(end)
}

pub(super) fn is_variable_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() && name.bytes().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<OsString> {
        match name {
            "REGION" => Some("eu".into()),
            "EMPTY" => Some("".into()),
            #[cfg(unix)]
            "BYTES" => Some(std::os::unix::ffi::OsStringExt::from_vec(vec![0xff])),
            _ => None,
        }
    }

    fn expand(text: &str, folder: &Path) -> Result<Expanded, Vec<VariableError>> {
        let variables = Variables {
            environment: &environment,
            folder,
            unset: Severity::Error,
        };
        variables.expand(text)
    }

    fn messages(text: &str, folder: &Path) -> Vec<String> {
        let faults = expand(text, folder).unwrap_err();
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn variables_stand_anywhere_and_their_values_are_secret() {
        let expanded = expand("a-${REGION}.b${EMPTY}/${REGION}", Path::new("")).unwrap();
        assert_eq!(expanded.text, "a-eu.b/eu");
        assert_eq!(expanded.secrets, ["eu", "eu"]);
        assert!(expanded.has_variables);
    }

    #[test]
    fn a_doubled_dollar_is_a_literal_one_and_a_lone_dollar_stays() {
        for (text, value) in [
            ("$${REGION}", "${REGION}"),
            ("$$${REGION}", "$${REGION}"),
            ("5$ $x $", "5$ $x $"),
            ("", ""),
        ] {
            let expanded = expand(text, Path::new("")).unwrap();
            assert_eq!(expanded.text, value);
            assert!(!expanded.has_variables && expanded.secrets.is_empty());
        }
    }

    #[test]
    fn a_file_loses_one_line_break_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        for (content, value) in [
            ("a\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r\n", "a"),
            ("a", "a"),
            ("\n", ""),
        ] {
            fs::write(folder.path().join("secret"), content).unwrap();
            let expanded = expand("${file:secret}", folder.path()).unwrap();
            assert_eq!(expanded.text, value, "{content:?}");
        }
    }

    #[test]
    fn every_variable_without_a_value_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bytes"), b"secret\xff").unwrap();
        fs::write(
            folder.path().join("large"),
            vec![b'x'; MAX_FILE_LEN as usize + 1],
        )
        .unwrap();
        let place = folder.path().display();
        assert_eq!(
            messages("${A} ${file:bytes} ${file:large} ${file:.}", folder.path()),
            [
                "the environment variable A is not set".to_owned(),
                format!("cannot use the file {place}/bytes: it is not UTF-8"),
                format!("cannot use the file {place}/large: it is larger than 1 MiB"),
                format!("cannot use the file {place}/.: it is not a file"),
            ]
        );
        assert!(messages("${file:gone}", folder.path())[0].contains("gone: it cannot be read"));
        for text in ["${}", "${1A}", "${a b}", "${env:A}"] {
            assert_eq!(
                messages(text, folder.path()),
                ["a variable is written `${NAME}` or `${file:PATH}`"]
            );
        }
        assert_eq!(
            messages("x${REGION", folder.path()),
            ["a variable has no closing `}`"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_is_refused() {
        assert_eq!(
            messages("${BYTES}", Path::new("")),
            ["the environment variable BYTES is not UTF-8"]
        );
    }
}
