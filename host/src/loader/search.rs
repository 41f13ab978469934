//! Finds the library that a manifest names.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fmt, io,
    path::PathBuf,
};

/// How a manifest names a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryRef {
    /// A bare name, e.g. `acme`: the file `libacme.so`, `libacme.dylib` or `acme.dll` in a connector folder.
    Name(String),
    /// A path, as the manifest reader has joined it to the manifest's folder.
    Path(PathBuf),
}

/// A library that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Libraries of the same name in later folders, which are not used.
    pub shadowed: Vec<PathBuf>,
}

/// Why a library cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// It is nowhere.
    #[error(
        "connector library {reference} is in none of these places:{}\nput it there, or correct \
         `library` in the manifest",
        Places(.places)
    )]
    NotFound {
        /// As the manifest names it.
        reference: LibraryRef,
        /// Every place that was looked at, in this order.
        places: Vec<PathBuf>,
    },
    /// A place cannot be looked at, so nobody knows which library would win.
    #[error(
        "cannot look for connector library {reference} at {}; the user that runs this program \
         needs to enter that folder",
        .place.display()
    )]
    Look {
        /// As the manifest names it.
        reference: LibraryRef,
        /// The place.
        place: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LibraryRef {
    /// Finds the library in the connector folders, the first of which wins, or at its path.
    ///
    /// # Errors
    ///
    /// A [`FindError`] that names every place.
    pub(crate) fn find(&self, folders: &[PathBuf]) -> Result<Found, FindError> {
        self.find_named(DLL_PREFIX, DLL_SUFFIX, folders)
    }

    /// Finds the library that a host of `platform` would, e.g. `windows-x86_64`, in these folders.
    ///
    /// # Errors
    ///
    /// As for [`LibraryRef::find`].
    pub(crate) fn find_for(&self, platform: &str, folders: &[PathBuf]) -> Result<Found, FindError> {
        let (prefix, suffix) = match platform.split('-').next() {
            Some("linux") => ("lib", ".so"),
            Some("macos") => ("lib", ".dylib"),
            Some("windows") => ("", ".dll"),
            _ => (DLL_PREFIX, DLL_SUFFIX),
        };
        self.find_named(prefix, suffix, folders)
    }

    fn find_named(
        &self,
        prefix: &str,
        suffix: &str,
        folders: &[PathBuf],
    ) -> Result<Found, FindError> {
        let places: Vec<PathBuf> = match self {
            Self::Name(name) => {
                let file_name = format!("{prefix}{name}{suffix}");
                folders
                    .iter()
                    .map(|folder| folder.join(&file_name))
                    .collect()
            }
            Self::Path(path) => vec![path.clone()],
        };
        let mut found = self.existing(&places)?.into_iter();
        match found.next() {
            Some(path) => Ok(Found {
                path,
                shadowed: found.collect(),
            }),
            None => Err(FindError::NotFound {
                reference: self.clone(),
                places,
            }),
        }
    }

    /// Returns the places that hold a file, each file once: two folders may be the same one.
    fn existing(&self, places: &[PathBuf]) -> Result<Vec<PathBuf>, FindError> {
        let mut known = Vec::new();
        let mut existing = Vec::new();
        for place in places {
            match place.canonicalize() {
                Ok(resolved) if known.contains(&resolved) => {}
                Ok(resolved) => {
                    known.push(resolved);
                    existing.push(place.clone());
                }
                Err(error) if is_absence(&error) => {}
                Err(source) => {
                    let (reference, place) = (self.clone(), place.clone());
                    return Err(FindError::Look {
                        reference,
                        place,
                        source,
                    });
                }
            }
        }
        Ok(existing)
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl fmt::Display for LibraryRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Path(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// Shows each place on a line of its own.
struct Places<'a>(&'a [PathBuf]);

impl fmt::Display for Places<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            formatter.write_str(" (no connector folder is configured)")?;
        }
        self.0
            .iter()
            .try_for_each(|place| write!(formatter, "\n  {}", place.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file_name(name: &str) -> String {
        format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")
    }

    #[test]
    fn the_first_folder_wins_and_the_others_are_named_once() {
        let home = tempfile::tempdir().unwrap();
        let folders = ["empty", "first", "second", "first"].map(|name| home.path().join(name));
        for folder in &folders {
            fs::create_dir_all(folder).unwrap();
        }
        let [_, first, second, _] = folders.clone().map(|folder| folder.join(file_name("acme")));
        fs::write(&first, "").unwrap();
        fs::write(&second, "").unwrap();
        let found = LibraryRef::Name("acme".to_owned()).find(&folders).unwrap();
        assert_eq!(
            found,
            Found {
                path: first,
                shadowed: vec![second]
            }
        );
    }

    #[test]
    fn a_path_is_looked_for_where_it_says_and_in_no_folder() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("acme.so");
        fs::write(&path, "").unwrap();
        let found = LibraryRef::Path(path.clone()).find(&[]).unwrap();
        assert_eq!(
            found,
            Found {
                path,
                shadowed: vec![]
            }
        );
        let elsewhere = home.path().join("elsewhere/acme.so");
        let error = LibraryRef::Path(elsewhere.clone())
            .find(&[home.path().to_owned()])
            .unwrap_err();
        let expected = elsewhere.display().to_string();
        assert!(error.to_string().contains(&expected), "{error}");
    }

    #[test]
    fn a_missing_library_names_every_place_in_order() {
        let folders = ["/nowhere/a", "/nowhere/b"].map(PathBuf::from);
        let error = LibraryRef::Name("acme".to_owned())
            .find(&folders)
            .unwrap_err();
        let file_name = file_name("acme");
        let expected = format!(
            "connector library acme is in none of these places:\n  /nowhere/a/{file_name}\n  \
             /nowhere/b/{file_name}\nput it there, or correct `library` in the manifest"
        );
        assert_eq!(error.to_string(), expected);
        let error = LibraryRef::Name("acme".to_owned()).find(&[]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no connector folder is configured"),
            "{error}"
        );
    }
}
