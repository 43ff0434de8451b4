//! Model to text. Sees `model` (and the results of `analyze`) only; never opens a file to read.

pub mod berkeley;
pub mod bloat;
pub mod checked;
pub mod columns;
pub mod compare;
pub mod csv;
pub mod diffconfig;
pub mod json;
pub mod lint;
pub mod lint_github;
pub mod lint_markdown;
mod lint_text;
pub mod markdown;
pub mod number;
pub mod payload;
pub mod plan;
pub mod run;
pub mod run_csv;
pub mod run_markdown;
pub mod sarif;
pub mod snippet;
pub mod table;
pub mod verdict_github;
pub mod verdict_junit;
pub mod verdict_markdown;
pub mod verdict_table;
pub mod why;
