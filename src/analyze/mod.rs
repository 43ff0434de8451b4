//! Model to model, pure: sizes, payload, differences, budgets. No I/O.
