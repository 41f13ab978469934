//! The call that is to be logged, as the arguments name it.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use switchboard_host::{CallInput, Fault, with_auth_header};

use super::{Arguments, Form};
use crate::cli::source;

/// Reads the call that the arguments name.
pub(super) fn read(arguments: &Arguments) -> Result<CallInput, Fault> {
    let wrong = |error: anyhow::Error| Fault::invalid_input(format!("{error:#}"));
    let user = user_file(arguments).map_err(wrong)?;
    let input = source::read(&arguments.input).map_err(wrong)?;
    let Some(user) = user else {
        let input = with_header_of(arguments, input).map_err(wrong)?;
        return Ok(CallInput::from(input));
    };
    let user = source::read(user).and_then(|user| with_header_of(arguments, user));
    Ok(CallInput::from_app_connect(input, user.map_err(wrong)?))
}

/// Returns the file with App Connect's user, if that is what the call is made from.
fn user_file(arguments: &Arguments) -> anyhow::Result<Option<&Path>> {
    match (arguments.from, arguments.user.as_deref()) {
        (Form::Switchboard, None) => Ok(None),
        (Form::Switchboard, Some(_)) => {
            bail!("--user goes with --from app-connect; leave it out, or add that")
        }
        (Form::AppConnect, None) => {
            bail!("--from app-connect needs --user FILE, the user whom App Connect has stored")
        }
        (Form::AppConnect, Some(user))
            if [user, &arguments.input] == [Path::new(source::STDIN); 2] =>
        {
            bail!("the request and --user cannot both come from stdin; name a file for one of them")
        }
        (Form::AppConnect, user) => Ok(user),
    }
}

/// Sets the header if a variable has it, in an input or in a user of App Connect.
fn with_header_of(arguments: &Arguments, input: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let Some(name) = &arguments.auth_header_env else {
        return Ok(input);
    };
    let value = variable(name)
        .with_context(|| format!("cannot take authHeader from the environment variable {name}"))?;
    Ok(match with_auth_header(&input, &value) {
        Cow::Borrowed(_) => input,
        Cow::Owned(filled) => filled,
    })
}

/// Reads a variable that is secret, so that no error may quote it.
fn variable(name: &str) -> anyhow::Result<String> {
    let value = std::env::var_os(name).ok_or_else(|| anyhow!("it is not set"))?;
    let Ok(value) = value.into_string() else {
        bail!("its value is not UTF-8");
    };
    Ok(value)
}
