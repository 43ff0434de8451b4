//! Checks JSON against the committed schemas: the part of JSON Schema 2020-12 that they use. An
//! unknown keyword is an error, so that no rule is silently not checked.

use std::path::Path;

use serde_json::Value;

/// Panics with the place of the first violation of `src/schema/NAME.schema.json`.
pub fn check(name: &str, value: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/schema/{name}.schema.json"));
    let text = std::fs::read(&file).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
    let schema: Value = serde_json::from_slice(&text).expect("a schema is JSON");
    if let Err(why) = valid(&schema, &schema, value, "$") {
        panic!("{name}: {why}");
    }
}

/// Whether `value` is valid; if not, where and why.
pub fn valid(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        return if schema == &Value::Bool(true) {
            Ok(())
        } else {
            Err(format!("{at}: nothing may be here"))
        };
    };
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "$schema"
            | "$id"
            | "$defs"
            | "definitions"
            | "format"
            | "title"
            | "description"
            | "examples"
            | "default"
            | "$comment"
            | "properties"
            | "additionalProperties"
            | "propertyNames" => {}
            "$ref" => {
                let path = rule
                    .as_str()
                    .and_then(|path| path.strip_prefix('#'))
                    .expect("a local reference");
                let target = root.pointer(path).unwrap_or_else(|| panic!("{path} is not there"));
                valid(root, target, value, at)?;
            }
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !types.iter().any(|name| is_a(value, name.as_str().unwrap())) {
                    return Err(format!("{at}: {value} is no {rule}"));
                }
            }
            "const" => {
                if value != rule {
                    return Err(format!("{at}: {value} is not {rule}"));
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    return Err(format!("{at}: {value} is none of {rule}"));
                }
            }
            "minimum" => {
                if value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap()) {
                    return Err(format!("{at}: {value} is less than {rule}"));
                }
            }
            "maximum" => {
                if value.as_f64().is_some_and(|number| number > rule.as_f64().unwrap()) {
                    return Err(format!("{at}: {value} is more than {rule}"));
                }
            }
            "minItems" => {
                if value
                    .as_array()
                    .is_some_and(|items| (items.len() as u64) < rule.as_u64().unwrap())
                {
                    return Err(format!("{at}: fewer than {rule} items"));
                }
            }
            "uniqueItems" => {
                let items = value.as_array().map_or(&[][..], |items| items);
                let twice = |(index, item)| items[..index].contains(item);
                if rule == &Value::Bool(true) && items.iter().enumerate().any(twice) {
                    return Err(format!("{at}: an item twice"));
                }
            }
            "pattern" => {
                let regex = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !regex.is_match(text)) {
                    return Err(format!("{at}: {value} does not match {rule}"));
                }
            }
            "anyOf" | "oneOf" => {
                let results: Vec<_> = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|rule| valid(root, rule, value, at))
                    .collect();
                if !results.iter().any(Result::is_ok) {
                    let why = results.into_iter().filter_map(Result::err).collect::<Vec<_>>();
                    return Err(format!("{at}: none of: {}", why.join("; ")));
                }
            }
            "allOf" => {
                for rule in rule.as_array().unwrap() {
                    valid(root, rule, value, at)?;
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    valid(root, rule, item, &format!("{at}[{index}]"))?;
                }
            }
            "required" => {
                for key in rule.as_array().unwrap() {
                    if value
                        .as_object()
                        .is_some_and(|object| !object.contains_key(key.as_str().unwrap()))
                    {
                        return Err(format!("{at}: has no {key}"));
                    }
                }
            }
            other => panic!("the schema uses {other}, which is not checked here"),
        }
    }
    properties(root, rules, value, at)
}

fn properties(
    root: &Value,
    rules: &serde_json::Map<String, Value>,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    for (key, value) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        if let Some(names) = rules.get("propertyNames") {
            valid(root, names, &Value::String(key.clone()), &at)?;
        }
        match (
            rules.get("properties").and_then(|known| known.get(key)),
            rules.get("additionalProperties"),
        ) {
            (Some(rule), _) | (None, Some(rule)) => valid(root, rule, value, &at)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("no type {other}"),
    }
}
