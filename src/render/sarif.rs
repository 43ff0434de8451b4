//! Findings as SARIF 2.1.0, for code scanning services and editors.
//!
//! Structs of our own for the few objects that are needed; a test holds the output against the
//! standard's schema. Paths are relative to the tree, whose root the reader knows as `SRCROOT`.

use serde::Serialize;
use serde_json::{Value, json};

use super::json::pretty;
use crate::model::finding::{Fact, Finding, Report, RuleInfo};

/// Where the standard's schema is.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The document.
pub fn render(report: &Report, rules: &[RuleInfo]) -> String {
    let used: Vec<&RuleInfo> =
        rules.iter().filter(|rule| report.rules.iter().any(|code| code == rule.code)).collect();
    let index = |code: &str| used.iter().position(|rule| rule.code == code);
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, index(&finding.code))).collect();
    pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "hmmsize",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": used.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the kernel tree"}}},
            "results": results,
        }],
    }))
}

fn described(rule: &RuleInfo) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.what},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": rule.severity.name()},
    })
}

fn result(finding: &Finding, index: Option<usize>) -> Value {
    let mut region = json!({"startLine": finding.line});
    // Columns of SARIF are not bytes; of a line in ASCII they are the same.
    if finding.excerpt.as_ref().is_none_or(|excerpt| excerpt.text.is_ascii()) {
        region["startColumn"] = finding.column.into();
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": finding.severity.name(),
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {"artifactLocation": artifact(&finding.file), "region": region}}],
        "partialFingerprints": {"hmmsize/v1": finding.fingerprint},
        "properties": Properties {
            arches: &finding.arches,
            symbol: finding.symbol.as_deref(),
            witness: finding.witness.as_ref(),
            verified: &finding.verified,
        },
    });
    if let Some(index) = index {
        result["ruleIndex"] = index.into();
    }
    if let Some(proof) = &finding.proof {
        result["relatedLocations"] = proof.iter().map(related).collect();
    }
    result
}

#[derive(Serialize)]
struct Properties<'a> {
    arches: &'a [String],
    symbol: Option<&'a str>,
    witness: Option<&'a std::collections::BTreeMap<String, String>>,
    verified: &'a crate::model::finding::Verified,
}

fn related(fact: &Fact) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": artifact(&fact.file),
            "region": {"startLine": fact.line},
        },
        "message": {"text": fact.text},
    })
}

/// A file of the tree, percent-encoded where a URI wants it.
fn artifact(file: &str) -> Value {
    let mut uri = String::new();
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/+,@".contains(&byte) {
            uri.push(byte as char);
        } else {
            super::columns::put(&mut uri, format_args!("%{byte:02X}"));
        }
    }
    json!({"uri": uri, "uriBaseId": "SRCROOT"})
}
