//! The URL of a PostgreSQL database.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::ParsePlaceError;

/// A PostgreSQL database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=MODE&sslrootcert=FILE`.
///
/// Without a password the one in the variable `PGPASSWORD` is used, if any; the port is 5432 unless it is named. The
/// modes are
///
/// - `verify-full`: encrypted, and the server proves its name by a certificate that the system trusts, or one in the
///   PEM file of `sslrootcert`; the default for every host but this machine;
/// - `require`: encrypted, whoever the server is;
/// - `prefer`: encrypted if the server can, whoever it is; the default for `localhost`, 127.0.0.1 and \[::1\];
/// - `disable`: not encrypted.
///
/// [`Display`](fmt::Display) and [`Debug`] show neither user nor password.
///
/// ```
/// use switchboard_host::ledger::PostgresPlace;
///
/// let place: PostgresPlace = "postgresql://me:s3cret@db.example/calls".parse()?;
/// assert_eq!(place.to_string(), "postgres://db.example:5432/calls");
/// # Ok::<(), switchboard_host::ledger::ParsePlaceError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresPlace {
    host: Host,
    port: u16,
    database: String,
    user: String,
    password: Option<String>,
    encryption: Encryption,
}

/// What a connection is protected by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ledger) enum Encryption {
    Disable,
    Prefer,
    Require,
    /// With what is trusted beside the system's root certificates.
    VerifyFull(Option<PathBuf>),
}

const SCHEMES: [&str; 2] = ["postgres", "postgresql"];

const DEFAULT_PORT: u16 = 5432;

impl PostgresPlace {
    /// Whether a text can only be meant as such a URL.
    pub(super) fn is_meant(text: &str) -> bool {
        let scheme = text.split(':').next().unwrap_or_default();
        SCHEMES.contains(&scheme)
    }

    /// Returns the host's name or address, as the network wants it.
    pub(in crate::ledger) fn host(&self) -> String {
        match &self.host {
            // Brackets belong to the URL only.
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        }
    }

    pub(in crate::ledger) fn port(&self) -> u16 {
        self.port
    }

    pub(in crate::ledger) fn database(&self) -> &str {
        &self.database
    }

    pub(in crate::ledger) fn user(&self) -> &str {
        &self.user
    }

    pub(in crate::ledger) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    pub(in crate::ledger) fn encryption(&self) -> &Encryption {
        &self.encryption
    }
}

impl FromStr for PostgresPlace {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok();
        let url = url.filter(|url| SCHEMES.contains(&url.scheme()));
        let url = url.ok_or(ParsePlaceError(
            "it is no URL; write postgres://USER@HOST/DATABASE, other characters than letters and digits as %40",
        ))?;
        if url.fragment().is_some() {
            return Err(ParsePlaceError("a # in it is written %23"));
        }
        let host = url.host().map(|host| host.to_owned());
        let host = host.filter(is_one_host).ok_or(ParsePlaceError(
            "it needs one host; write postgres://USER@HOST/DATABASE",
        ))?;
        let user = decoded(url.username())?;
        if user.is_empty() {
            let no_user = "no user; write postgres://USER@HOST/DATABASE";
            return Err(ParsePlaceError(no_user));
        }
        let database = decoded(url.path().trim_start_matches('/'))?;
        if database.is_empty() || database.contains('/') {
            let no_database = "no database; write postgres://USER@HOST/DATABASE";
            return Err(ParsePlaceError(no_database));
        }
        Ok(Self {
            encryption: encryption(&url, &host)?,
            port: url.port().unwrap_or(DEFAULT_PORT),
            password: url.password().map(decoded).transpose()?,
            host,
            database,
            user,
        })
    }
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port, database) = (&self.host, self.port, &self.database);
        write!(formatter, "postgres://{host}:{port}/{database}")
    }
}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgresPlace({self})")
    }
}

fn encryption(url: &Url, host: &Host) -> Result<Encryption, ParsePlaceError> {
    let (mut mode, mut root) = (None, None);
    for (name, value) in url.query_pairs() {
        let option = match &*name {
            "sslmode" => &mut mode,
            "sslrootcert" => &mut root,
            // The name stays untold: after a `?` that is not escaped it is the rest of a password.
            _ => {
                return Err(ParsePlaceError(
                    "an option is unknown; sslmode and sslrootcert are known, and a ? in a password is written %3F",
                ));
            }
        };
        if option.replace(value.into_owned()).is_some() {
            return Err(ParsePlaceError("an option is given twice"));
        }
    }
    let default = match is_this_machine(host) && root.is_none() {
        true => "prefer",
        false => "verify-full",
    };
    let encryption = match mode.as_deref().unwrap_or(default) {
        "verify-full" => return Ok(Encryption::VerifyFull(root.map(PathBuf::from))),
        "require" => Encryption::Require,
        "prefer" => Encryption::Prefer,
        "disable" => Encryption::Disable,
        _ => {
            let modes = "sslmode is one of disable, prefer, require and verify-full";
            return Err(ParsePlaceError(modes));
        }
    };
    match root {
        None => Ok(encryption),
        Some(_) => Err(ParsePlaceError("sslrootcert needs sslmode=verify-full")),
    }
}

/// Other programs of PostgreSQL take a list here, or the folder of a socket.
fn is_one_host(host: &Host) -> bool {
    match host {
        Host::Domain(name) => !name.is_empty() && !name.contains([',', '%']),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

fn is_this_machine(host: &Host) -> bool {
    let address = match host {
        Host::Domain(name) if name == "localhost" => return true,
        // The standard of URLs reads IPv4 addresses in the schemes of browsers only.
        Host::Domain(name) => name.parse().ok(),
        Host::Ipv4(address) => Some(IpAddr::from(*address)),
        Host::Ipv6(address) => Some(IpAddr::from(*address)),
    };
    address.is_some_and(|address| address.is_loopback())
}

fn decoded(part: &str) -> Result<String, ParsePlaceError> {
    let decoded = percent_decode_str(part).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| ParsePlaceError("a part of it is no UTF-8"))
}

#[cfg(test)]
mod tests;
