//! `[settings]`: a free table that is handed to the connector as JSON.

use std::{collections::BTreeMap, fmt, ops::Range};

use serde_json::{Map, Number, Value};
use switchboard_connector_sdk::model::pointer_token;
use toml::de::DeValue;

use super::{diagnostic::Place, reader::Item};

/// The settings of a connector, variables filled in.
///
/// Its `Debug` output names the keys at the top and shows no value.
#[derive(Clone)]
pub struct Settings {
    values: Map<String, Value>,
    secrets: Vec<String>,
    /// Of each value below the top, by its JSON pointer.
    marks: BTreeMap<String, Mark>,
    place: Place,
}

/// Where a setting stands in the manifest.
#[derive(Debug, Clone)]
struct Mark {
    /// `None` for an entry of an array.
    key: Option<Place>,
    value: Place,
}

impl Settings {
    /// Returns the settings as the JSON object that the connector is opened with.
    pub fn to_json(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// Lists every text that came from a `${..}` in the settings.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// Stands for a `[settings]` that is not there.
    pub(super) fn absent(file: Place) -> Self {
        Self {
            values: Map::new(),
            secrets: Vec::new(),
            marks: BTreeMap::new(),
            place: file,
        }
    }

    pub(super) fn read(item: Item<'_>) -> Option<Self> {
        let DeValue::Table(_) = item.value() else {
            return item.mistyped("a table, [settings]");
        };
        let n_before = item.reader().n_secrets();
        let mut marks = BTreeMap::new();
        let Some(Value::Object(values)) = convert(item, "", &mut marks) else {
            return None;
        };
        Some(Self {
            values,
            secrets: item.reader().secrets_after(n_before),
            marks,
            place: item.place(),
        })
    }

    /// Returns where the value with this JSON pointer stands; for one that is not there, the value around it.
    pub(super) fn value_place(&self, pointer: &str) -> Place {
        match self.marks.get(pointer) {
            Some(mark) => mark.value.clone(),
            None => self.place.clone(),
        }
    }

    /// Returns where the key with this JSON pointer stands.
    pub(super) fn key_place(&self, pointer: &str) -> Place {
        let key = self.marks.get(pointer).and_then(|mark| mark.key.clone());
        key.unwrap_or_else(|| self.value_place(pointer))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("keys", &self.values.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Returns a JSON pointer with one more segment.
pub(super) fn join(pointer: &str, segment: &str) -> String {
    format!("{pointer}/{}", pointer_token(segment))
}

/// Turns a TOML value into JSON: a date becomes text. Every value is read, even after a fault.
fn convert(item: Item<'_>, pointer: &str, marks: &mut BTreeMap<String, Mark>) -> Option<Value> {
    match item.value() {
        DeValue::String(_) => item.text().map(Value::from),
        DeValue::Integer(_) => item.integer(i64::MIN..=i64::MAX).map(Value::from),
        DeValue::Float(number) => match number.as_str().parse().map(Number::from_f64) {
            Ok(Some(number)) => Some(Value::Number(number)),
            _ => item.refuse("a finite number"),
        },
        DeValue::Boolean(value) => Some(Value::from(*value)),
        DeValue::Datetime(time) => Some(Value::from(time.to_string())),
        DeValue::Array(values) => {
            let items = values.iter().enumerate();
            let values = items.map(|(index, value)| {
                let item = item.inner(item.key(), value);
                child(item, join(pointer, &index.to_string()), None, marks)
            });
            Some(Value::Array(all(values)?))
        }
        DeValue::Table(entries) => {
            let values = entries.iter().map(|(key, value)| {
                let item = item.inner(key.get_ref(), value);
                let mark = Some(key.span());
                let value = child(item, join(pointer, key.get_ref()), mark, marks)?;
                Some((key.get_ref().to_string(), value))
            });
            Some(Value::Object(all(values)?.into_iter().collect()))
        }
    }
}

fn child(
    item: Item<'_>,
    pointer: String,
    key: Option<Range<usize>>,
    marks: &mut BTreeMap<String, Mark>,
) -> Option<Value> {
    let value = convert(item, &pointer, marks);
    let mark = Mark {
        key: key.map(|key| item.place_of(key)),
        value: item.place(),
    };
    marks.insert(pointer, mark);
    value
}

/// Collects every value, or nothing if one is missing. Unlike `collect`, it does not stop at the missing one:
/// the values behind it report their own faults.
fn all<T>(values: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let values: Vec<_> = values.collect();
    values.into_iter().collect()
}
