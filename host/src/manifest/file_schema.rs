//! The JSON Schema of a manifest, for editors and other programs.
//!
//! The types below stand for the file as it is written and exist for their schema alone: what a key holds there, such as
//! `"30s"`, is not what [`Manifest`](super::Manifest) holds. Words come from the reader's own tables. The schema
//! refuses nothing that the reader accepts; the reader knows more, such as what a pattern of hosts looks like.
#![expect(dead_code, reason = "only the schemas of these types are used")]

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use super::{Limits, SandboxSection, custom_field::KINDS, grammar};

/// Returns the JSON Schema (2020-12) of a manifest.
///
/// TOML has dates and JSON has none: in the schema they are strings.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
    });
    settings
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value()
}

/// Enables one CRM in Switchboard.
#[derive(JsonSchema)]
#[schemars(title = "Switchboard manifest", deny_unknown_fields)]
struct File {
    /// The version of this format: 1.
    #[schemars(schema_with = "version")]
    manifest_version: Written,
    /// How the CRM is called.
    crm: Crm,
    /// What talks to the CRM.
    connector: Connector,
    /// Where the connector may talk.
    #[schemars(default)]
    network: Network,
    /// How long a call may take, and how many run at once.
    #[schemars(default)]
    limits: LimitsSection,
    /// What a worker may do.
    #[schemars(default)]
    sandbox: Sandbox,
    /// What an entry looks like.
    #[schemars(default)]
    log: Log,
    /// How long a call is left alone of which nobody knows the end.
    #[schemars(default)]
    ledger: Ledger,
    /// Where the host gets the right to look for an entry by itself.
    #[schemars(default)]
    auth: Auth,
    /// What users may submit beside a call.
    #[schemars(default)]
    custom_fields: Vec<CustomField>,
    /// What the connector is opened with; its schema says what that is.
    #[schemars(default, schema_with = "anything")]
    settings: Written,
}

/// A value whose schema stands beside it.
#[derive(Default)]
struct Written;

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Crm {
    /// How calls name the CRM: 1 to 64 of a-z, 0-9 and -.
    #[schemars(schema_with = "crm_name")]
    name: Written,
    /// How people call the CRM; the name, unless it is given.
    #[schemars(default, schema_with = "filled")]
    display_name: Written,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Connector {
    /// A bare name, which is looked for in the connector folders; or a path; or one of the two for each platform.
    #[schemars(schema_with = "library")]
    library: Written,
    /// The library's SHA-256 in hexadecimal digits; another one is refused.
    #[schemars(default, schema_with = "sha256")]
    sha256: Written,
    /// Where the library runs.
    #[schemars(default, schema_with = "isolation")]
    isolation: Written,
}

#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Network {
    /// The hosts that the connector may reach: "crm.example.com", "*.example.com", "crm.example.com:8443".
    #[schemars(default)]
    allowed_hosts: Vec<String>,
    /// Requests that only read although their method could write: "POST /v1/search", "POST /search/*".
    #[schemars(default)]
    read_requests: Vec<String>,
    /// Statuses by which the CRM says that it has applied nothing.
    #[schemars(default, schema_with = "statuses")]
    rejects_unapplied: Written,
    /// The proxy through which every request goes: "http://proxy.example:3128".
    #[schemars(default, schema_with = "text")]
    proxy: Written,
}

#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct LimitsSection {
    /// The time limit of one call: "1s" to "10m", with the unit ms, s, m or h.
    #[schemars(default, schema_with = "time", extend("default" = "30s"))]
    timeout: Written,
    /// How many calls run at once; four times as many wait.
    #[schemars(default, schema_with = "max_in_flight")]
    max_in_flight: Written,
    /// How many requests a second go to one host of the CRM; the others wait. Not limited without it.
    #[schemars(default, schema_with = "requests_per_second")]
    requests_per_second: Written,
    /// How many of them may go at once after a pause; the rate, rounded up, without it.
    #[schemars(default, schema_with = "burst")]
    burst: Written,
    /// How much memory a worker may have: "32MB" to "64GB", with the unit MB or GB.
    #[schemars(default, schema_with = "size", extend("default" = "256MB"))]
    memory: Written,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Sandbox {
    /// Whether the connector runs only where this system denies files, sockets, processes and signals to its worker.
    #[schemars(default = "required")]
    required: bool,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            required: required(),
        }
    }
}

fn required() -> bool {
    SandboxSection::default().required
}

#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Ledger {
    /// How much longer than the time limit nobody else may log a call whose attempt is silent: "10s" to "10m".
    #[schemars(default, schema_with = "time", extend("default" = "30s"))]
    lease_margin: Written,
    /// How long a write may be on its way before "no such entry" is believed: "1s" to "24h".
    #[schemars(default, schema_with = "time", extend("default" = "5m"))]
    quarantine: Written,
}

#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Auth {
    /// A program and its arguments, which prints the Authorization header of the user whom it reads on stdin.
    #[schemars(default, schema_with = "command")]
    command: Written,
}

#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Log {
    /// The format of the entry's body.
    #[schemars(default, schema_with = "log_format")]
    format: Written,
    /// What becomes of submitted fields that no custom field defines.
    #[schemars(default, schema_with = "unknown_custom_fields")]
    unknown_custom_fields: Written,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct CustomField {
    /// The member of additionalSubmission.
    #[schemars(schema_with = "filled")]
    name: Written,
    /// How people call the field; the name, unless it is given.
    #[schemars(default, schema_with = "filled")]
    title: Written,
    /// What the field holds.
    #[schemars(schema_with = "field_kind")]
    r#type: Written,
    /// Whether a call without it is refused; not for a warning.
    #[schemars(default)]
    required: bool,
    /// Whether the options depend on the contact.
    #[schemars(default)]
    contact_dependent: bool,
    /// Whether a value beside the options is allowed.
    #[schemars(default)]
    allow_custom_value: bool,
    /// What can be selected; only for a selection. Without it, whatever the user's side offers.
    #[schemars(default)]
    options: Vec<FieldOption>,
    /// What is filled in if a call has no value; one of the fixed options; a date with or without quotes.
    #[schemars(default, schema_with = "scalar")]
    default: Written,
    /// What the field is for.
    #[schemars(default, schema_with = "text")]
    description: Written,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct FieldOption {
    /// What is submitted, a text or number; compared as text, so 7 equals "7".
    #[schemars(schema_with = "text_or_number")]
    value: Written,
    /// How people call the option; the value, unless it is given.
    #[schemars(default, schema_with = "filled")]
    title: Written,
}

fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "const": grammar::MANIFEST_VERSION })
}

fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

fn filled(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1 })
}

fn scalar(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "number", "boolean"] })
}

fn text_or_number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "number"], "minLength": 1 })
}

fn crm_name(_: &mut SchemaGenerator) -> Schema {
    matching(&format!("^[a-z0-9-]{{1,{}}}$", grammar::MAX_NAME_LEN))
}

fn sha256(_: &mut SchemaGenerator) -> Schema {
    matching("^[0-9a-fA-F]{64}$")
}

fn time(_: &mut SchemaGenerator) -> Schema {
    matching("^[0-9]+(ms|s|m|h)$")
}

fn size(_: &mut SchemaGenerator) -> Schema {
    matching("^[0-9]+(MB|GB)$")
}

fn command(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
}

fn library(generator: &mut SchemaGenerator) -> Schema {
    let library = filled(generator);
    let platforms =
        grammar::PLATFORMS.map(|platform| (platform.to_owned(), library.clone().to_value()));
    let platforms: serde_json::Map<_, _> = platforms.into_iter().collect();
    json_schema!({
        "anyOf": [
            library,
            { "type": "object", "properties": platforms, "additionalProperties": false, "minProperties": 1 },
        ]
    })
}

fn statuses(_: &mut SchemaGenerator) -> Schema {
    let (from, to) = grammar::UNAPPLIED_STATUSES.into_inner();
    json_schema!({ "type": "array", "items": { "type": "integer", "minimum": from, "maximum": to } })
}

fn max_in_flight(_: &mut SchemaGenerator) -> Schema {
    let default = Limits::default().max_in_flight;
    let (from, to) = grammar::IN_FLIGHT.into_inner();
    json_schema!({ "type": "integer", "minimum": from, "maximum": to, "default": default })
}

fn requests_per_second(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "minimum": 0.001, "maximum": 10_000 })
}

fn burst(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": grammar::MAX_BURST })
}

fn isolation(_: &mut SchemaGenerator) -> Schema {
    one_of(&grammar::ISOLATIONS)
}

fn log_format(_: &mut SchemaGenerator) -> Schema {
    one_of(&grammar::LOG_FORMATS)
}

fn unknown_custom_fields(_: &mut SchemaGenerator) -> Schema {
    one_of(&grammar::UNKNOWN_CUSTOM_FIELDS)
}

fn field_kind(_: &mut SchemaGenerator) -> Schema {
    one_of(&KINDS)
}

fn one_of<T>(words: &[(&'static str, T)]) -> Schema {
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    or_variable(json_schema!({ "enum": words }))
}

fn matching(pattern: &str) -> Schema {
    or_variable(json_schema!({ "type": "string", "pattern": pattern }))
}

/// Lets a text pass that holds a variable: nobody knows here what it stands for.
fn or_variable(schema: Schema) -> Schema {
    json_schema!({ "anyOf": [schema, { "type": "string", "pattern": r"\$\{" }] })
}

#[cfg(test)]
mod tests;
