//! The shards of a matrix in the words of those that run them.

use std::fmt::Write as _;

use serde_json::json;

use crate::model::shards::{Shard, Shards};

/// One line, for `matrix: ${{ fromJSON(…) }}`.
pub fn github(shards: &Shards) -> String {
    let entry = |shard: &Shard| json!({"shard": shard.name, "cells": shard.cells.join(",")});
    let include: Vec<_> = shards.shards.iter().map(entry).collect();
    format!("{}\n", json!({ "include": include }))
}

/// A job that extends `.hmmsize`, as YAML; strings are quoted as in JSON, which YAML takes.
pub fn gitlab(shards: &Shards) -> String {
    let mut text = "hmmsize:\n  extends: .hmmsize\n  parallel:\n    matrix:\n".to_owned();
    for shard in &shards.shards {
        let cells = json!(shard.cells.join(","));
        let _ = write!(text, "      - SHARD: {}\n        CELLS: {cells}\n", json!(shard.name));
    }
    text
}

/// Everything.
pub fn json(shards: &Shards) -> String {
    let mut text = serde_json::to_string_pretty(shards).expect("plain data");
    text.push('\n');
    text
}
