//! Random conditions: whatever the generator claims the evaluator must confirm.
