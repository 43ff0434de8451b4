//! Results as JSON: numbers are bytes, names are whole. The schemas are in `src/schema/`.

use serde::Serialize;

/// Pretty-printed JSON with a final newline.
pub fn pretty<T: Serialize>(value: &T) -> String {
    // Our documents have string keys and no failing serializers, so this cannot fail.
    let mut text = serde_json::to_string_pretty(value).expect("plain data serializes");
    text.push('\n');
    text
}
