//! The published JSON Schema of a configuration, for editors and for checks elsewhere.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Addition, CONFIGURATION_BYTES, ImportOptions, Settings};
use crate::bounds;
use crate::{TableSchema, catalogue};

/// What universes, scopes and subsections may be called.
const NAME: &str = "^[A-Za-z0-9_-]{1,64}$";
const NAME_OR_SCHEMA: &str = r"^(\$schema|[A-Za-z0-9_-]{1,64})$";

/// The JSON Schema (2020-12) of a configuration document.
///
/// What it cannot say is checked by [`Config::parse`] alone: that the one universe is that of the
/// file's name, that scopes exist, that schemas make sense, that names cannot be confused, and how much there may be
/// of what several lists hold together.
///
/// [`Config::parse`]: super::Config::parse
pub fn json_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let options = generator.subschema_for::<ImportOptions>().to_value();
    let settings = generator.subschema_for::<Settings>().to_value();
    let addition = generator.subschema_for::<Addition>().to_value();
    let table = generator.subschema_for::<TableSchema>().to_value();
    let mut definitions = Value::Object(generator.take_definitions(true));
    without_null(&mut definitions);
    // What the settings say is the default.
    for key in ["report_recipients", "alert_recipients", "report_on", "digest"] {
        if let Some(Value::Object(option)) =
            definitions.pointer_mut(&format!("/ImportOptions/properties/{key}"))
        {
            option.shift_remove("default");
        }
    }
    if let Value::Object(definitions) = &mut definitions {
        definitions.insert("Imports".to_owned(), imports(&options));
        definitions.insert("Universe".to_owned(), universe());
        definitions.sort_keys();
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a universe",
        "description": format!(
            "Which imports a universe has, and how each is done. Named \
             <universe>_imports_config.json, at most {CONFIGURATION_BYTES} bytes long, with one key \
             that is the name of the universe."
        ),
        "type": "object",
        "properties": {
            "$schema": { "type": "string", "description": "The address of this schema, for editors." },
            "settings": settings,
            "scopes": {
                "type": "object",
                "description": "Fields added to scopes of the catalogue, and scopes of your own.",
                "propertyNames": { "pattern": NAME },
                "maxProperties": bounds::SCOPES.most,
                "properties": per_scope(|_| addition.clone()),
                "additionalProperties": table,
            },
        },
        "propertyNames": { "pattern": NAME_OR_SCHEMA },
        "additionalProperties": { "$ref": "#/$defs/Universe" },
        "$defs": definitions,
    })
}

fn universe() -> Value {
    json!({
        "type": "object",
        "description": "The imports of the universe by scope.",
        "propertyNames": { "pattern": NAME },
        "properties": per_scope(|description| json!({ "$ref": "#/$defs/Imports", "description": description })),
        "additionalProperties": { "$ref": "#/$defs/Imports" },
    })
}

fn imports(options: &Value) -> Value {
    json!({
        "type": "object",
        "description": "Imports of one scope by the name that stands in file names.",
        "propertyNames": { "pattern": NAME },
        "maxProperties": bounds::IMPORTS.most,
        "additionalProperties": options,
    })
}

/// A property for each scope of the catalogue, so that editors can offer them.
/// The table of subscriptions is none that a document can name.
fn per_scope(schema: impl Fn(&str) -> Value) -> Value {
    let describe = |name| catalogue::scopes().get(name).and_then(|s| s.description.as_deref());
    let entries = catalogue::names().map(|name| (name.to_owned(), schema(describe(name).unwrap_or(name))));
    let reserved = (catalogue::SUBSCRIPTIONS.to_owned(), Value::Bool(false));
    Value::Object(entries.chain([reserved]).collect::<Map<_, _>>())
}

/// Takes null out of a schema: leaving a key out is the one way to say nothing.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("default").is_some_and(Value::is_null) {
                map.shift_remove("default");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(variants)) = map.get_mut("anyOf") {
                variants.retain(|variant| variant.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = &variants[..] {
                    let only = only.clone();
                    map.shift_remove("anyOf");
                    map.extend(only);
                }
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}
